// From one word to its tokens, by the three kinds of models.
import { BytePairMerger, noToken } from './bpe.ts';
import type { TokenizerTables } from './format.ts';
import { SortedStrings } from './sorted-strings.ts';
import { characterBytes, UnigramSegmenter } from './unigram.ts';

export interface WordEncoder {
  /** Appends the tokens of the word bytes[0] to bytes[length], UTF-8. */
  encode(bytes: Uint8Array, length: number, out: number[]): void;
}

export function wordEncoder(tables: TokenizerTables): WordEncoder {
  if (tables.kind === 'unigram') return new UnigramEncoder(tables);
  return tables.kind === 'characters' ? new CharacterEncoder(tables) : new ByteEncoder(tables);
}

/** Byte-level BPE. A byte that the vocabulary has no token for yields none. */
class ByteEncoder implements WordEncoder {
  readonly #tables: TokenizerTables;
  readonly #merger: BytePairMerger;
  readonly #whole: SortedStrings | null;

  constructor(tables: TokenizerTables) {
    this.#tables = tables;
    this.#merger = new BytePairMerger(tables);
    this.#whole = tables.ignoreMerges ? new SortedStrings(tables.text, tables.textStart, tables.byText) : null;
  }

  encode(bytes: Uint8Array, length: number, out: number[]): void {
    const whole = this.#whole?.find(bytes, 0, length) ?? -1;
    if (whole >= 0) {
      out.push(whole);
      return;
    }
    const { byteTokens } = this.#tables;
    const symbols = this.#merger.symbols(length);
    for (let i = 0; i < length; i++) symbols[i] = byteTokens[bytes[i] as number] as number;
    this.#merger.merge(length, out, () => {});
  }
}

/** Merges characters. One that the vocabulary has no token for falls back to its bytes or is unknown. */
class CharacterEncoder implements WordEncoder {
  readonly #ignoreMerges: boolean;
  readonly #merger: BytePairMerger;
  readonly #tokens: SortedStrings;
  readonly #fallback: Fallback;
  /** Of ASCII characters, which most are. */
  readonly #ascii = new Uint32Array(128);

  constructor(tables: TokenizerTables) {
    this.#ignoreMerges = tables.ignoreMerges;
    this.#merger = new BytePairMerger(tables);
    this.#tokens = new SortedStrings(tables.text, tables.textStart, tables.byText);
    this.#fallback = new Fallback(tables);
    for (let character = 0; character < 128; character++) {
      this.#ascii[character] = this.#tokenOf(Uint8Array.of(character), 0, 1);
    }
  }

  encode(bytes: Uint8Array, length: number, out: number[]): void {
    const whole = this.#ignoreMerges ? this.#tokens.find(bytes, 0, length) : -1;
    if (whole >= 0) {
      out.push(whole);
      return;
    }
    const symbols = this.#merger.symbols(length);
    let count = 0;
    for (let at = 0; at < length; ) {
      const first = bytes[at] as number;
      const size = characterBytes(bytes, at, length);
      symbols[count++] = first < 128 ? (this.#ascii[first] as number) : this.#tokenOf(bytes, at, at + size);
      at += size;
    }
    this.#fallback.begin();
    // Unknown symbols are asked for from left to right, so their bytes are found in one walk.
    let at = 0;
    let walked = 0;
    this.#merger.merge(count, out, (symbol) => {
      for (; walked < symbol; walked++) at += characterBytes(bytes, at, length);
      this.#fallback.push(bytes, at, at + characterBytes(bytes, at, length), out);
    });
  }

  #tokenOf(bytes: Uint8Array, start: number, end: number): number {
    const id = this.#tokens.find(bytes, start, end);
    return id < 0 ? noToken : id;
  }
}

class UnigramEncoder implements WordEncoder {
  readonly #segmenter: UnigramSegmenter;
  readonly #fallback: Fallback;

  constructor(tables: TokenizerTables) {
    this.#segmenter = new UnigramSegmenter(tables);
    this.#fallback = new Fallback(tables);
  }

  encode(bytes: Uint8Array, length: number, out: number[]): void {
    this.#fallback.begin();
    this.#segmenter.segment(
      bytes,
      length,
      (id) => out.push(id),
      (start, end) => this.#fallback.push(bytes, start, end, out),
    );
  }
}

const none = -2;

/** What becomes of a character without a token. */
class Fallback {
  readonly #tables: TokenizerTables;
  /** Where the last unknown token was put; one right behind it may fuse with it. */
  #lastUnknown = none;

  constructor(tables: TokenizerTables) {
    this.#tables = tables;
  }

  /** A new word: its unknown characters do not fuse with an earlier one's. */
  begin(): void {
    this.#lastUnknown = none;
  }

  push(bytes: Uint8Array, start: number, end: number, out: number[]): void {
    const { byteFallback, byteTokens, fuseUnknown, unk } = this.#tables;
    if (byteFallback) {
      const tokens = Array.from(bytes.subarray(start, end), (byte) => byteTokens[byte] as number);
      if (!tokens.includes(noToken)) {
        for (const token of tokens) out.push(token);
        return;
      }
    }
    if (unk === null || (fuseUnknown && this.#lastUnknown === out.length - 1)) return;
    this.#lastUnknown = out.length;
    out.push(unk);
  }
}
