// A small seeded generator (xorshift128, Marsaglia 2003): the same file for the same seed, on every machine.

export class Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  /** Generators of different `stream`s of one seed are independent. */
  constructor(seed: number, stream = 0) {
    this.#a = (seed ^ 0x9e3779b9) | 0;
    this.#b = (stream ^ 0x243f6a88) | 0;
    this.#c = Math.imul(seed | 1, 0x85ebca6b);
    this.#d = Math.imul(stream + 1, 0xc2b2ae35) | 1;
    for (let i = 0; i < 16; i++) this.u32();
  }

  u32(): number {
    const t = this.#a ^ (this.#a << 11);
    this.#a = this.#b;
    this.#b = this.#c;
    this.#c = this.#d;
    this.#d = this.#d ^ (this.#d >>> 19) ^ t ^ (t >>> 8);
    return this.#d >>> 0;
  }

  /** [0, 1). */
  uniform(): number {
    return this.u32() / 2 ** 32;
  }
}
