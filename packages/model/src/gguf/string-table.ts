// The strings of one metadata array (a vocabulary, its merges) in one piece of memory: as JavaScript strings the 128k
// tokens and 280k merges of a Llama 3 file would take about ten times their bytes.
const decoder = new TextDecoder();

export class StringTable implements Iterable<string> {
  /** UTF-8, one string after the other. */
  readonly text: Uint8Array;
  /** [length + 1]: string i is text[starts[i]] to text[starts[i + 1]]. */
  readonly starts: Uint32Array;

  constructor(text: Uint8Array, starts: Uint32Array) {
    this.text = text;
    this.starts = starts;
  }

  get length(): number {
    return this.starts.length - 1;
  }

  /** Throws RangeError outside [0, length). */
  bytes(index: number): Uint8Array {
    if (!(index >= 0 && index < this.length)) throw new RangeError(`string ${index} of ${this.length}`);
    return this.text.subarray(this.starts[index], this.starts[index + 1]);
  }

  at(index: number): string {
    return decoder.decode(this.bytes(index));
  }

  *[Symbol.iterator](): Iterator<string> {
    for (let index = 0; index < this.length; index++) yield this.at(index);
  }
}
