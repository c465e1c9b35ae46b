// Searches strings of a table through a list of their numbers in order of their bytes: whole strings by bisection, all
// prefixes of a text by narrowing the list byte by byte.
export class SortedStrings {
  readonly #text: Uint8Array;
  readonly #starts: Uint32Array;
  readonly #order: Uint32Array;
  /** [257]: the strings that begin with byte b are order[firstByte[b]] to order[firstByte[b + 1]]. */
  readonly #firstByte = new Uint32Array(257);

  /** String i is text[starts[i]] to text[starts[i + 1]]; `order` has those to be found, none of them empty. */
  constructor(text: Uint8Array, starts: Uint32Array, order: Uint32Array) {
    this.#text = text;
    this.#starts = starts;
    this.#order = order;
    for (let byte = 0, from = 0; byte < 256; byte++) {
      from = this.#firstAtLeast(from, order.length, 0, byte);
      this.#firstByte[byte] = from;
    }
    this.#firstByte[256] = order.length;
  }

  /** The number of the string bytes[start] to bytes[end], -1 if it is not in the list. */
  find(bytes: Uint8Array, start: number, end: number): number {
    if (start >= end) return -1;
    const first = bytes[start] as number;
    let low = this.#firstByte[first] as number;
    let high = this.#firstByte[first + 1] as number;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const id = this.#order[middle] as number;
      const order = this.#compare(id, bytes, start, end);
      if (order === 0) return id;
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    return -1;
  }

  /** Calls `found` with each string that bytes[start] to bytes[end] begins with, the shortest first, and its length. */
  prefixes(bytes: Uint8Array, start: number, end: number, found: (id: number, length: number) => void): void {
    if (start >= end) return;
    let low = this.#firstByte[bytes[start] as number] as number;
    let high = this.#firstByte[(bytes[start] as number) + 1] as number;
    for (let depth = 1; low < high; depth++) {
      // Strings that end here come first, as a prefix sorts before what it begins.
      while (low < high && this.#length(this.#order[low] as number) === depth)
        found(this.#order[low++] as number, depth);
      if (start + depth >= end) return;
      const wanted = bytes[start + depth] as number;
      low = this.#firstAtLeast(low, high, depth, wanted);
      high = this.#firstAtLeast(low, high, depth, wanted + 1);
    }
  }

  #compare(id: number, bytes: Uint8Array, start: number, end: number): number {
    let own = this.#starts[id] as number;
    const ownEnd = this.#starts[id + 1] as number;
    for (let at = start; at < end; at++, own++) {
      if (own === ownEnd) return -1;
      const difference = (this.#text[own] as number) - (bytes[at] as number);
      if (difference !== 0) return difference;
    }
    return own === ownEnd ? 0 : 1;
  }

  #firstAtLeast(low: number, high: number, depth: number, byte: number): number {
    while (low < high) {
      const middle = (low + high) >>> 1;
      const start = this.#starts[this.#order[middle] as number] as number;
      if ((this.#text[start + depth] as number) < byte) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #length(id: number): number {
    return (this.#starts[id + 1] as number) - (this.#starts[id] as number);
  }
}
