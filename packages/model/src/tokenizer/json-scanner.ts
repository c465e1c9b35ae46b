// Walks JSON text in bytes without making values of it: vocabularies of 128k tokens with their 280k merges take ten times
// their bytes as JavaScript strings and lists, and an import has a memory budget.
import { invalid, type Json } from './tokenizer-json-values.ts';

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const openList = 0x5b;
const closeList = 0x5d;
const openObject = 0x7b;
const closeObject = 0x7d;

export class JsonScanner {
  readonly #bytes: Buffer;
  #at = 0;
  /** Of the first backslash at or after #at: most strings have none, and most of a file is strings. */
  #nextBackslash = -1;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) this.#at = 3;
  }

  /** Calls `member` for each member of the object here; it must walk over the value. */
  object(member: (key: string) => void): void {
    this.#expect(openObject, 'an object');
    if (this.#skips(closeObject)) return;
    do {
      const key = this.string();
      this.#expect(colon, 'a colon');
      member(key);
    } while (this.#skips(comma));
    this.#expect(closeObject, 'the end of an object');
  }

  /** The same with the key in UTF-8, which is valid until the next call. */
  objectOfBytes(member: (key: Uint8Array) => void): void {
    this.#expect(openObject, 'an object');
    if (this.#skips(closeObject)) return;
    do {
      const key = this.stringBytes();
      this.#expect(colon, 'a colon');
      member(key);
    } while (this.#skips(comma));
    this.#expect(closeObject, 'the end of an object');
  }

  list(element: () => void): void {
    this.#expect(openList, 'a list');
    if (this.#skips(closeList)) return;
    do {
      element();
    } while (this.#skips(comma));
    this.#expect(closeList, 'the end of a list');
  }

  get atString(): boolean {
    return this.#peek() === quote;
  }

  get atList(): boolean {
    return this.#peek() === openList;
  }

  string(): string {
    return Buffer.from(this.stringBytes()).toString('utf8');
  }

  /** A string in UTF-8; a view of the file where it has no escapes. */
  stringBytes(): Uint8Array {
    if (this.#peek() !== quote) throw this.#wrong('a string');
    const start = this.#at + 1;
    if (this.#nextBackslash < start) {
      const found = this.#bytes.indexOf(backslash, start);
      this.#nextBackslash = found < 0 ? this.#bytes.length : found;
    }
    let end = this.#bytes.indexOf(quote, start);
    if (end >= 0 && end < this.#nextBackslash) {
      this.#at = end + 1;
      return this.#bytes.subarray(start, end);
    }
    for (end = start; end < this.#bytes.length && this.#bytes[end] !== quote; end++) {
      if (this.#bytes[end] === backslash) end++;
    }
    if (end >= this.#bytes.length) throw this.#wrong('the end of a string');
    this.#at = end + 1;
    return Buffer.from(this.#parsed(start - 1, this.#at) as string);
  }

  number(): number {
    this.#peek();
    const start = this.#at;
    while (this.#at < this.#bytes.length && isOfNumber(this.#bytes[this.#at] as number)) this.#at++;
    const value = this.#parsed(start, this.#at);
    if (typeof value !== 'number') throw this.#wrong('a number');
    return value;
  }

  /** Any value, as JSON.parse makes it: for the small parts. */
  value(): Json {
    this.#peek();
    const start = this.#at;
    for (let depth = 0; ; ) {
      const byte = this.#peek();
      if (byte === quote) this.stringBytes();
      else if (byte === openList || byte === openObject) {
        depth++;
        this.#at++;
      } else if (byte === closeList || byte === closeObject) {
        depth--;
        this.#at++;
      } else if (byte === comma || byte === colon) this.#at++;
      else this.#word();
      if (depth < 0) throw this.#wrong('a value');
      if (depth === 0) break;
    }
    return this.#parsed(start, this.#at);
  }

  end(): void {
    if (this.#peek() !== -1) throw this.#wrong('the end');
  }

  #word(): void {
    const start = this.#at;
    for (; this.#at < this.#bytes.length; this.#at++) {
      const byte = this.#bytes[this.#at] as number;
      if (!isOfNumber(byte) && !(byte >= 0x61 && byte <= 0x7a)) break;
    }
    if (this.#at === start) throw this.#wrong('a value');
  }

  /** The next byte that is no white space, -1 at the end. */
  #peek(): number {
    for (; this.#at < this.#bytes.length; this.#at++) {
      const byte = this.#bytes[this.#at] as number;
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return byte;
    }
    return -1;
  }

  #skips(byte: number): boolean {
    if (this.#peek() !== byte) return false;
    this.#at++;
    return true;
  }

  #expect(byte: number, what: string): void {
    if (!this.#skips(byte)) throw this.#wrong(what);
  }

  #parsed(start: number, end: number): Json {
    try {
      return JSON.parse(this.#bytes.toString('utf8', start, end)) as Json;
    } catch (cause) {
      throw invalid(`byte ${start} begins no JSON value (${(cause as Error).message})`);
    }
  }

  #wrong(wanted: string) {
    return invalid(`byte ${this.#at} should be ${wanted}, as JSON`);
  }
}

const isOfNumber = (byte: number) =>
  (byte >= 0x30 && byte <= 0x39) || byte === 0x2d || byte === 0x2b || byte === 0x2e || byte === 0x65 || byte === 0x45;
