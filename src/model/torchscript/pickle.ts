// The pickles of a TorchScript archive, evaluated without building anything.
//
// libtorch's unpickler makes tensors of whatever size and place a pickle names, without comparing them with the bytes
// that are there, and calls `__setstate__` of objects. Here the same opcodes are followed over plain values; what the
// pickle names is checked against a list, and every tensor against its record.
import { invalidModel } from "../../base/errors.js";

/** A class or function that a pickle names. */
interface Global {
  readonly global: string;
}

interface Storage {
  readonly elements: number;
}

type Value =
  | null
  | boolean
  | number
  | string
  | Value[]
  | Map<Value, Value>
  | Global
  | Storage
  | Instance
  | typeof mark;

/** An object of a TorchScript class, or a tensor. */
interface Instance {
  readonly instanceOf: string;
}

const mark = Symbol("mark");
const maxOperations = 20_000_000;

const elementBytes: ReadonlyMap<string, number> = new Map([
  ["torch FloatStorage", 4],
  ["torch DoubleStorage", 8],
  ["torch HalfStorage", 2],
  ["torch BFloat16Storage", 2],
  ["torch LongStorage", 8],
  ["torch IntStorage", 4],
  ["torch ShortStorage", 2],
  ["torch CharStorage", 1],
  ["torch ByteStorage", 1],
  ["torch BoolStorage", 1],
]);

const functions: ReadonlySet<string> = new Set([
  "torch._utils _rebuild_tensor_v2",
  "collections OrderedDict",
  "torch.jit._pickle build_intlist",
  "torch.jit._pickle build_doublelist",
  "torch.jit._pickle build_boollist",
  "torch.jit._pickle build_tensorlist",
  "torch.jit._pickle restore_type_tag",
  "torch device",
]);

/** Classes of the module itself; `__torch__.torch.classes` are C++ classes with a `__setstate__` of their own. */
function isModuleClass(name: string): boolean {
  return /^__torch__(\.[\w.]+)? \w+$/.test(name) && !name.startsWith("__torch__.torch.classes");
}

/**
 * Follows a pickle to its end.
 *
 * @param record its name, for errors
 * @param sizeOf bytes of the record that holds a tensor's storage, by its key; `undefined` when there is none
 * @throws TagformerError `INVALID_MODEL` for anything that torch.jit.save does not write
 */
export function checkPickle(
  record: string,
  bytes: Buffer,
  sizeOf: (key: string) => number | undefined,
): void {
  try {
    new Machine(bytes, sizeOf).run();
  } catch (error) {
    const problem = error instanceof Refusal ? error.message : "is damaged";
    throw invalidModel(`${record} ${problem}`, error);
  }
}

class Refusal extends Error {}

class Machine {
  readonly #bytes: Buffer;
  readonly #sizeOf: (key: string) => number | undefined;
  readonly #stack: Value[] = [];
  readonly #memo = new Map<number, Value>();
  #at = 0;

  constructor(bytes: Buffer, sizeOf: (key: string) => number | undefined) {
    this.#bytes = bytes;
    this.#sizeOf = sizeOf;
  }

  run(): void {
    for (let i = 0; i < maxOperations; i++) {
      const operation = this.#take(1)[0]!;
      if (operation === 0x2e) return; // STOP
      this.#step(operation);
    }
    throw new Refusal("is longer than any model's");
  }

  #step(operation: number): void {
    switch (operation) {
      case 0x80: // PROTO
        if (this.#take(1)[0] !== 2) throw new Refusal("has another protocol than 2");
        return;
      case 0x28: // MARK
        this.#push(mark);
        return;
      case 0x4e: // NONE
        this.#push(null);
        return;
      case 0x88: // NEWTRUE
        this.#push(true);
        return;
      case 0x89: // NEWFALSE
        this.#push(false);
        return;
      case 0x4b: // BININT1
        this.#push(this.#take(1)[0]!);
        return;
      case 0x4d: // BININT2
        this.#push(this.#take(2).readUInt16LE());
        return;
      case 0x4a: // BININT
        this.#push(this.#take(4).readInt32LE());
        return;
      case 0x8a: // LONG1
        this.#push(this.#long());
        return;
      case 0x47: // BINFLOAT
        this.#push(this.#take(8).readDoubleBE());
        return;
      case 0x58: // BINUNICODE
        this.#push(this.#take(this.#take(4).readUInt32LE()).toString("utf8"));
        return;
      case 0x63: // GLOBAL
        this.#push(this.#global());
        return;
      case 0x29: // EMPTY_TUPLE
      case 0x5d: // EMPTY_LIST
        this.#push([]);
        return;
      case 0x7d: // EMPTY_DICT
        this.#push(new Map());
        return;
      case 0x85: // TUPLE1
        this.#push(this.#popMany(1));
        return;
      case 0x86: // TUPLE2
        this.#push(this.#popMany(2));
        return;
      case 0x87: // TUPLE3
        this.#push(this.#popMany(3));
        return;
      case 0x74: // TUPLE
        this.#push(this.#popToMark());
        return;
      case 0x65: // APPENDS
        this.#append(this.#popToMark());
        return;
      case 0x61: // APPEND
        this.#append(this.#popMany(1));
        return;
      case 0x75: // SETITEMS
        this.#setItems(this.#popToMark());
        return;
      case 0x73: // SETITEM
        this.#setItems(this.#popMany(2));
        return;
      case 0x71: // BINPUT
        this.#remember(this.#take(1)[0]!);
        return;
      case 0x72: // LONG_BINPUT
        this.#remember(this.#take(4).readUInt32LE());
        return;
      case 0x68: // BINGET
        this.#recall(this.#take(1)[0]!);
        return;
      case 0x6a: // LONG_BINGET
        this.#recall(this.#take(4).readUInt32LE());
        return;
      case 0x51: // BINPERSID
        this.#push(this.#storage(this.#pop()));
        return;
      case 0x81: // NEWOBJ
        this.#newObject();
        return;
      case 0x62: // BUILD
        this.#build();
        return;
      case 0x52: // REDUCE
        this.#call();
        return;
      default:
        throw new Refusal(
          `has the operation 0x${operation.toString(16)}, which torch.jit.save does not write`,
        );
    }
  }

  #take(count: number): Buffer {
    if (this.#at + count > this.#bytes.length) throw new Refusal("ends early");
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  #push(value: Value): void {
    this.#stack.push(value);
  }

  #pop(): Value {
    const value = this.#top();
    this.#stack.pop();
    return value;
  }

  #top(): Value {
    const value = this.#stack.at(-1);
    if (value === undefined || value === mark) throw new Refusal("takes a value that is not there");
    return value;
  }

  #popMany(count: number): Value[] {
    return Array.from({ length: count }, () => this.#pop()).reverse();
  }

  #popToMark(): Value[] {
    const at = this.#stack.lastIndexOf(mark);
    if (at < 0) throw new Refusal("takes a value that is not there");
    const values = this.#stack.splice(at);
    values.shift();
    return values;
  }

  /** Writers count from 0; libtorch takes memory for as many values as the number says. */
  #remember(index: number): void {
    if (index > this.#bytes.length)
      throw new Refusal(`remembers a value under ${index}, which is more than it has`);
    this.#memo.set(index, this.#top());
  }

  #recall(index: number): void {
    const value = this.#memo.get(index);
    if (value === undefined) throw new Refusal("takes a value that is not there");
    this.#push(value);
  }

  #long(): number {
    const bytes = this.#take(this.#take(1)[0]!);
    if (bytes.length > 8) throw new Refusal("has a number of more than 64 bits");
    return bytes.length === 0
      ? 0
      : Number(BigInt.asIntN(64, BigInt(`0x${Buffer.from(bytes).reverse().toString("hex")}`)));
  }

  #global(): Global {
    const line = () => {
      const end = this.#bytes.indexOf(0x0a, this.#at);
      if (end < 0 || end - this.#at > 4096) throw new Refusal("ends early");
      return this.#take(end + 1 - this.#at)
        .toString("latin1")
        .trimEnd();
    };
    const name = `${line()} ${line()}`;
    if (!functions.has(name) && !elementBytes.has(name) && !isModuleClass(name)) {
      throw new Refusal(`names ${JSON.stringify(name.replace(" ", "."))}, which no plain module needs`);
    }
    return { global: name };
  }

  #append(items: Value[]): void {
    const list = this.#top();
    if (!Array.isArray(list)) throw new Refusal("appends to something that is no list");
    for (const item of items) list.push(item);
  }

  #setItems(items: Value[]): void {
    const map = this.#top();
    if (!(map instanceof Map) || items.length % 2 !== 0)
      throw new Refusal("fills something that is no dictionary");
    for (let i = 0; i < items.length; i += 2) map.set(items[i]!, items[i + 1]!);
  }

  /** `("storage", type, key, device, elements)`. */
  #storage(description: Value): Storage {
    if (!Array.isArray(description)) throw new Refusal("has a storage without a description");
    const [kind, type, key, device, elements] = description;
    const bytes = isGlobal(type) ? elementBytes.get(type.global) : undefined;
    if (kind !== "storage" || typeof key !== "string" || typeof device !== "string" || bytes === undefined) {
      throw new Refusal("has a storage of an unknown kind");
    }
    const size = this.#sizeOf(key);
    if (!isCount(elements) || size === undefined || elements * bytes > size) {
      throw new Refusal(
        `names ${String(elements)} elements of the tensor data ${key}, which has ${size ?? "no"} bytes`,
      );
    }
    return { elements };
  }

  #newObject(): void {
    const [type, parameters] = this.#popMany(2);
    if (
      !isGlobal(type) ||
      !isModuleClass(type.global) ||
      !Array.isArray(parameters) ||
      parameters.length > 0
    ) {
      throw new Refusal("makes an object of an unknown class");
    }
    this.#push({ instanceOf: type.global });
  }

  #build(): void {
    const [object, state] = this.#popMany(2);
    if (!isInstance(object) || !(state instanceof Map))
      throw new Refusal("fills an object with something else than its attributes");
    this.#push(object);
  }

  #call(): void {
    const [callee, parameters] = this.#popMany(2);
    if (!isGlobal(callee) || !functions.has(callee.global) || !Array.isArray(parameters)) {
      throw new Refusal("calls something that is no function");
    }
    switch (callee.global) {
      case "torch._utils _rebuild_tensor_v2":
        this.#push(tensor(parameters));
        return;
      case "collections OrderedDict":
        this.#push(new Map());
        return;
      case "torch device":
        this.#push(null);
        return;
      default: {
        const [content] = parameters;
        if (content === undefined) throw new Refusal("calls a function without what it needs");
        this.#push(content);
        return;
      }
    }
  }
}

/** `(storage, offset, sizes, strides, ...)`: every element lies in the storage. */
function tensor([storage, offset, sizes, strides]: Value[]): Instance {
  const sound =
    isStorage(storage) &&
    isCount(offset) &&
    Array.isArray(sizes) &&
    Array.isArray(strides) &&
    sizes.length === strides.length &&
    sizes.every(isCount) &&
    strides.every(isCount);
  if (!sound) throw new Refusal("has a tensor of impossible shape");
  const last = sizes.reduce<number>((end, size, i) => end + (Number(size) - 1) * Number(strides[i]), offset);
  if (!sizes.includes(0) && last >= storage.elements)
    throw new Refusal("has a tensor that reaches beyond its data");
  return { instanceOf: "tensor" };
}

function isObject(value: Value | undefined): value is Global | Storage | Instance {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Map);
}

function isGlobal(value: Value | undefined): value is Global {
  return isObject(value) && "global" in value;
}

function isStorage(value: Value | undefined): value is Storage {
  return isObject(value) && "elements" in value;
}

function isInstance(value: Value | undefined): value is Instance {
  return isObject(value) && "instanceOf" in value;
}

function isCount(value: Value | undefined): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
