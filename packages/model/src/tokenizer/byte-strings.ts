// Many short strings in one piece of memory, and a hash index over them. A vocabulary of 128k tokens with its 280k
// merges takes a few megabytes this way; as JavaScript strings in maps, hundreds, and an import has a memory budget too.

/** String i is text[starts[i]] to text[starts[i + 1]]. The shape of the GGUF reader's StringTable. */
export interface ByteStrings {
  readonly text: Uint8Array;
  readonly starts: Uint32Array;
}

/** `value` if it is such a table already, else packed from an iterable of strings; null if it is neither. */
export function byteStringsOf(value: unknown): ByteStrings | null {
  if (typeof value !== 'object' || value === null) return null;
  const { text, starts } = value as Partial<ByteStrings>;
  if (text instanceof Uint8Array && starts instanceof Uint32Array) return { text, starts };
  if (!(Symbol.iterator in value)) return null;
  const strings = [...(value as Iterable<unknown>)];
  if (!strings.every((string) => typeof string === 'string')) return null;
  return packed(strings.map((string) => Buffer.from(string)));
}

export function packed(strings: readonly Uint8Array[]): ByteStrings {
  const starts = new Uint32Array(strings.length + 1);
  for (const [i, { length }] of strings.entries()) starts[i + 1] = (starts[i] as number) + length;
  return { text: Buffer.concat(strings), starts };
}

export class ByteStringIndex {
  readonly #strings: ByteStrings;
  /** Open addressing, at most half full; -1 is free. */
  readonly #slots: Int32Array;

  /** An empty index with room for all of `strings`. */
  constructor(strings: ByteStrings) {
    this.#strings = strings;
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(2 * strings.starts.length))).fill(-1);
  }

  /** Adds string `id`, unless an equal one is there. @returns the one that is there now */
  add(id: number): number {
    const { text, starts } = this.#strings;
    const slot = this.#slotOf(text, starts[id] as number, starts[id + 1] as number);
    if (this.#slots[slot] === -1) this.#slots[slot] = id;
    return this.#slots[slot] as number;
  }

  /** The number of the string bytes[start] to bytes[end], -1 if it was not added. */
  find(bytes: Uint8Array, start: number, end: number): number {
    return this.#slots[this.#slotOf(bytes, start, end)] as number;
  }

  #slotOf(bytes: Uint8Array, start: number, end: number): number {
    const { text, starts } = this.#strings;
    const mask = this.#slots.length - 1;
    let hash = 0x811c9dc5; // FNV-1a
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
    for (let slot = (hash ^ (hash >>> 15)) & mask; ; slot = (slot + 1) & mask) {
      const id = this.#slots[slot] as number;
      if (id === -1) return slot;
      const from = starts[id] as number;
      if ((starts[id + 1] as number) - from !== end - start) continue;
      let same = 0;
      while (start + same < end && bytes[start + same] === text[from + same]) same++;
      if (start + same === end) return slot;
    }
  }
}

/** Order of strings a and b: by their first different byte, a prefix before what it begins. */
export function compareStrings({ text, starts }: ByteStrings, a: number, b: number): number {
  const startA = starts[a] as number;
  const startB = starts[b] as number;
  const lengthA = (starts[a + 1] as number) - startA;
  const lengthB = (starts[b + 1] as number) - startB;
  for (let i = 0; i < lengthA && i < lengthB; i++) {
    const difference = (text[startA + i] as number) - (text[startB + i] as number);
    if (difference !== 0) return difference;
  }
  return lengthA - lengthB;
}
