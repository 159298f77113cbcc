// The values of a Parquet column as cells.
import { isUtf8 } from "node:buffer";
import type { SchemaElement } from "hyparquet";

/** A string that is not UTF-8, although its column says so. */
export class DamagedText {
  /** With U+FFFD in place of what is not UTF-8. */
  readonly repaired: string;

  constructor(repaired: string) {
    this.repaired = repaired;
  }
}

/** A value of a type that no text, id or label has; a message shows what it is. */
class OtherValue {
  readonly what: string;

  constructor(what: string) {
    this.what = what;
  }

  toString(): string {
    return `(${this.what})`;
  }

  toJSON(): string {
    return this.toString();
  }
}

/** Values as they are stored. */
type Stored = boolean | number | bigint | Uint8Array;

const dayMilliseconds = 86_400_000n;
/** Of the day that INT96 counts as 1970-01-01. */
const julianEpoch = 2_440_588n;

/** Types whose bytes are no text. */
const otherTypes = new Set(["BSON", "INTERVAL", "VARIANT", "GEOMETRY", "GEOGRAPHY", "FILE"]);

/**
 * What turns the stored values of a column into cells: strings, numbers and booleans. Whole numbers beyond those that JavaScript
 * counts exactly are their digits, and so are decimals; dates and times are ISO 8601; NaN is `null`.
 */
export function cellReader(element: SchemaElement): (value: Stored) => unknown {
  const { type, converted_type: converted, logical_type: logical, scale = 0 } = element;
  const kind = logical?.type ?? converted;
  if (kind !== undefined && otherTypes.has(kind)) return () => new OtherValue(`a value of the type ${kind}`);
  if (kind === "DECIMAL") {
    const digits = logical?.type === "DECIMAL" ? logical.scale : scale;
    return (value) => decimal(integerOf(value), digits);
  }
  const time = millisecondsOf(element);
  if (time) return (value) => isoTime(time(value));
  switch (type) {
    case "BOOLEAN":
      return Boolean;
    case "INT32":
    case "INT64": {
      const bits = type === "INT32" ? 32 : 64;
      return isUnsigned(element)
        ? (value) => exact(BigInt.asUintN(bits, BigInt(value as number | bigint)))
        : (value) => (typeof value === "number" ? value : exact(value as bigint));
    }
    case "FLOAT":
    case "DOUBLE":
      return (value) => (Number.isNaN(value) ? null : value);
    case "BYTE_ARRAY":
      return textReader(kind !== undefined);
    default:
      if (kind === "UUID") return (value) => uuid(value as Uint8Array);
      if (kind === "FLOAT16") return (value) => halfFloat(value as Uint8Array);
      return textReader(false);
  }
}

function isUnsigned({ converted_type: converted, logical_type: logical }: SchemaElement): boolean {
  return logical?.type === "INTEGER" ? !logical.isSigned : (converted?.startsWith("UINT_") ?? false);
}

function exact(value: bigint): number | string {
  return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
}

/** @param declared whether the column says that it holds text; many writers leave that out, and it may be a picture */
function textReader(declared: boolean): (value: Stored) => unknown {
  return (value) => {
    const bytes = value as Uint8Array;
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (isUtf8(text)) return text.toString();
    return declared ? new DamagedText(text.toString()) : new OtherValue(`binary data, ${bytes.length} bytes`);
  };
}

/** A stored number of any width; bytes are big-endian and signed. */
function integerOf(value: Stored): bigint {
  if (!(value instanceof Uint8Array)) return BigInt(value);
  if (value.length === 0) return 0n;
  return BigInt.asIntN(8 * value.length, BigInt(`0x${Buffer.from(value).toString("hex")}`));
}

function decimal(unscaled: bigint, scale: number): number | string {
  if (scale <= 0) return exact(unscaled * 10n ** BigInt(-scale));
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, "0");
  return `${unscaled < 0n ? "-" : ""}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** How a column's values become milliseconds since 1970; `undefined` for columns without dates. */
function millisecondsOf(element: SchemaElement): ((value: Stored) => bigint) | undefined {
  const { type, converted_type: converted, logical_type: logical } = element;
  if (type === "INT96") {
    return (value) => {
      const days = ((value as bigint) >> 64n) - julianEpoch;
      return days * dayMilliseconds + BigInt.asUintN(64, value as bigint) / 1_000_000n;
    };
  }
  if (logical?.type === "DATE" || converted === "DATE") return (value) => integerOf(value) * dayMilliseconds;
  if (logical?.type === "TIMESTAMP") {
    const parts = { MILLIS: 1n, MICROS: 1000n, NANOS: 1_000_000n }[logical.unit];
    return (value) => integerOf(value) / parts;
  }
  if (converted === "TIMESTAMP_MILLIS") return integerOf;
  if (converted === "TIMESTAMP_MICROS") return (value) => integerOf(value) / 1000n;
  return undefined;
}

function isoTime(milliseconds: bigint): string {
  const time = new Date(Number(milliseconds));
  return Number.isNaN(time.getTime()) ? `${milliseconds} ms` : time.toISOString();
}

function uuid(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString("hex")
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

function halfFloat(bytes: Uint8Array): number | null {
  const bits = (bytes[1]! << 8) | bytes[0]!;
  const sign = bits & 0x8000 ? -1 : 1;
  const [exponent, fraction] = [(bits >> 10) & 0x1f, bits & 0x3ff];
  if (exponent === 0x1f) return fraction ? null : sign * Number.POSITIVE_INFINITY;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}
