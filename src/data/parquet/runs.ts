// Small whole numbers as Parquet keeps them: levels, and places in a dictionary, in runs and in packed bits.

/** Whole numbers in as few bytes as they need. */
export type Numbers = Uint8Array | Uint16Array | Uint32Array;

/** Bits that numbers up to `largest` need. */
export function bitWidth(largest: number): number {
  return 32 - Math.clz32(largest);
}

/**
 * Decodes the "RLE / bit-packing hybrid". Nothing is written beyond `count` numbers, whatever a damaged file says.
 *
 * @throws Error when there are fewer, or a run is longer
 */
export function readRuns(bytes: Uint8Array, width: number, count: number): Numbers {
  if (width > 32) throw new Error(`numbers of ${width} bits`);
  const numbers =
    width <= 8 ? new Uint8Array(count) : width <= 16 ? new Uint16Array(count) : new Uint32Array(count);
  const reader = new BitReader(bytes);
  let done = 0;
  while (done < count) {
    const header = reader.varint();
    const length = header >>> 1;
    if (header & 1) {
      const end = Math.min(count, done + 8 * length);
      const start = reader.position;
      while (done < end) numbers[done++] = reader.bits(width);
      reader.position = start + 8 * length * width;
    } else {
      if (length > count - done) throw new Error(`a run of ${length} where ${count - done} numbers are left`);
      const value = reader.bits(8 * Math.ceil(width / 8));
      numbers.fill(value, done, done + length);
      done += length;
    }
  }
  return numbers;
}

/** Reads bits, the lowest of each byte first. */
class BitReader {
  readonly #bytes: Uint8Array;
  /** In bits. */
  position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  bits(width: number): number {
    let value = 0;
    let read = 0;
    while (read < width) {
      const byte = this.#bytes[this.position >>> 3];
      if (byte === undefined) throw new Error("the page ends too early");
      const offset = this.position & 7;
      const taken = Math.min(8 - offset, width - read);
      value += ((byte >>> offset) & ((1 << taken) - 1)) * 2 ** read;
      read += taken;
      this.position += taken;
    }
    return value;
  }

  /** A number of at most 32 bits, seven in a byte. */
  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.bits(8);
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value % 2 ** 32;
    }
    throw new Error("a number that does not end");
  }
}
