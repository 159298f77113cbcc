/**
 * Seeded choices: the same seed writes the same tickets on every machine.
 *
 * A counter scrambled by the last step of MurmurHash3 (Austin Appleby, public domain), also known as SplitMix32.
 */
export class Choices {
  #state;

  constructor(seed) {
    this.#state = seed >>> 0;
  }

  /** A number in [0, 1). */
  number() {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    let z = this.#state;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return ((z ^ (z >>> 16)) >>> 0) / 2 ** 32;
  }

  chance(probability) {
    return this.number() < probability;
  }

  between(least, most) {
    return least + Math.floor(this.number() * (most - least + 1));
  }

  one(values) {
    return values[Math.floor(this.number() * values.length)];
  }

  /** A key of `weights`, as often as its weight says. */
  weighted(weights) {
    const entries = Object.entries(weights);
    let left = this.number() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [key, weight] of entries) {
      left -= weight;
      if (left < 0) return key;
    }
    return entries.at(-1)[0];
  }

  /** All values in random order. */
  shuffled(values) {
    const result = [...values];
    for (let i = result.length - 1; i > 0; i--) {
      const j = this.between(0, i);
      [result[i], result[j]] = [result[j], result[i]];
    }
    return result;
  }
}
