// Inputs that are nearly right: bytes and JSON documents with a few mistakes in them.

const interesting = [
  0, 1, 7, 8, 9, 10, 13, 32, 34, 39, 44, 58, 91, 92, 93, 123, 125, 127, 128, 0xbf, 0xc3, 0xef, 0xff,
];
const numbers = [0, -1, 1, 0.5, 2, 3, 7, 255, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53, 1e308, -1e308, 1e-320];
const strings = [
  "",
  "a",
  "[UNK]",
  "\ud800",
  "\u0000",
  "__proto__",
  "constructor",
  "🙂",
  "é",
  "../x",
  " ",
  "##",
  "x".repeat(5000),
];

const pick = (random, list) => list[random.below(list.length)];

/** The bytes after one to four small accidents; `others` are inputs that parts may come from. */
export function mutateBytes(random, bytes, others) {
  let result = bytes;
  for (let i = random.below(3); i >= 0; i--) result = accident(random, result, others);
  return result;
}

function accident(random, bytes, others) {
  const at = random.below(bytes.length + 1);
  const length = 1 + random.below(16);
  const copy = Buffer.from(bytes);
  switch (random.below(8)) {
    case 0: // a bit flips
      if (at < copy.length) copy[at] ^= 1 << random.below(8);
      return copy;
    case 1: // a byte becomes another
      if (at < copy.length) copy[at] = pick(random, interesting);
      return copy;
    case 2: // the end is lost
      return copy.subarray(0, at);
    case 3: // something is lost
      return Buffer.concat([copy.subarray(0, at), copy.subarray(at + length)]);
    case 4: // something comes twice
      return Buffer.concat([copy.subarray(0, at), copy.subarray(Math.max(0, at - length))]);
    case 5: // bytes are put in
      return Buffer.concat([
        copy.subarray(0, at),
        Buffer.from(
          Array.from({ length }, () => (random.below(2) ? pick(random, interesting) : random.below(256))),
        ),
        copy.subarray(at),
      ]);
    case 6: {
      // a number of eight bytes, as it stands at the start of a safetensors file
      const value = Buffer.alloc(8);
      value.writeBigUInt64LE(BigInt.asUintN(64, BigInt(Math.trunc(pick(random, numbers)) || 0)));
      value.copy(copy, Math.min(at, Math.max(0, copy.length - 8)));
      return copy;
    }
    default: {
      const other = pick(random, others);
      return Buffer.concat([copy.subarray(0, at), other.subarray(random.below(other.length + 1))]);
    }
  }
}

/** A document after one to four changes, each somewhere in it. `words` are values that matter to its readers. */
export function mutateJson(random, document, words) {
  const copy = structuredClone(document);
  for (let i = random.below(3); i >= 0; i--) change(random, copy, words);
  return copy;
}

function change(random, root, words) {
  let place = root;
  for (;;) {
    const keys = Object.keys(place);
    if (keys.length === 0) break;
    const key = pick(random, keys);
    const inner = place[key];
    if (typeof inner === "object" && inner !== null && random.below(4) > 0) {
      place = inner;
      continue;
    }
    if (random.below(5) === 0) {
      if (Array.isArray(place)) place.splice(Number(key), 1);
      else delete place[key];
    } else {
      place[key] = replacement(random, inner, words);
    }
    return;
  }
  if (Array.isArray(place)) place.push(replacement(random, null, words));
  else place[pick(random, strings)] = replacement(random, null, words);
}

function replacement(random, old, words) {
  switch (random.below(7)) {
    case 0:
      return pick(random, numbers);
    case 1:
      return pick(random, strings);
    case 2:
      return pick(random, [true, false, null, [], {}]);
    case 3:
      return Array.isArray(old) ? [...old, ...old] : [old];
    case 4:
      return typeof old === "number" ? old + random.below(5) - 2 : old;
    default:
      return structuredClone(pick(random, words));
  }
}
