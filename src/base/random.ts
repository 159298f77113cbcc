// The seeded generator of the TypeScript side: shuffles and splits. Not for secrets.
import { createHash } from "node:crypto";

/** A stream of random numbers, the same on every machine. */
export interface Random {
  /** A whole number from 0 to `limit` - 1, each equally likely; `limit` is 1 to 2^32. */
  below(limit: number): number;
  /** A number in [0, 1) with 32 random bits. */
  float(): number;
  /** Puts an array into random order, in place (Fisher and Yates). */
  shuffle<T extends { length: number; [index: number]: unknown }>(values: T): T;
}

/**
 * The generator for one purpose of a run. The same seed and purpose always give the same numbers, whatever else was
 * drawn: the order of epoch 3 does not depend on whether epoch 2 was run in this process.
 */
export function generator(seed: number, purpose: string): Random {
  // A hash, and not arithmetic on the seed: neighbouring seeds and epochs get states that have nothing in common.
  const digest = createHash("sha256").update(`${seed}:${purpose}`).digest();
  const next = xoshiro128(Uint32Array.from({ length: 4 }, (_, i) => digest.readUInt32LE(4 * i)));
  const below = (limit: number): number => {
    // Draws beyond the largest multiple of the limit would favour small numbers.
    const fair = 2 ** 32 - (2 ** 32 % limit);
    for (;;) {
      const draw = next();
      if (draw < fair) return draw % limit;
    }
  };
  return {
    below,
    float: () => next() / 2 ** 32,
    shuffle(values) {
      for (let last = values.length - 1; last > 0; last--) {
        const other = below(last + 1);
        [values[last], values[other]] = [values[other], values[last]];
      }
      return values;
    },
  };
}

/**
 * The raw 32-bit numbers of xoshiro128** 1.1 by D. Blackman and S. Vigna (https://prng.di.unimi.it, public domain).
 *
 * @param s the state, four words that are not all zero; changed by every draw
 */
export function xoshiro128(s: Uint32Array): () => number {
  const rotate = (x: number, bits: number) => (x << bits) | (x >>> (32 - bits));
  return () => {
    const result = Math.imul(rotate(Math.imul(s[1]!, 5), 7), 9) >>> 0;
    const shifted = s[1]! << 9;
    s[2]! ^= s[0]!;
    s[3]! ^= s[1]!;
    s[1]! ^= s[2]!;
    s[0]! ^= s[3]!;
    s[2]! ^= shifted;
    s[3] = rotate(s[3]!, 11);
    return result;
  };
}
