// Finds the tokens that are matched in raw text before it is cut into words: control tokens such as <|im_end|> (only
// where the caller wants them parsed) and user-defined ones (always). Leftmost, then longest, as @huggingface/tokenizers
// does. The search runs over the blob's own sorted list; a table of possible first bytes skips everything else.
import { type TokenizerTables, tokenType } from './format.ts';

export interface SpecialMatch {
  /** In UTF-16 units of the text. */
  start: number;
  end: number;
  id: number;
}

export class SpecialTokenMatcher {
  readonly #tables: TokenizerTables;
  /** By first byte: 0 no token starts so, 1 a user-defined one does, 2 only control or unknown ones do. */
  readonly #firstByte = new Uint8Array(256);
  readonly #ahead: Uint8Array;
  readonly #longest: number;
  readonly #encoder = new TextEncoder();

  constructor(tables: TokenizerTables) {
    this.#tables = tables;
    let longest = 0;
    for (const id of tables.specials) {
      const first = this.#byte(id, 0);
      if (tables.types[id] === tokenType.userDefined) this.#firstByte[first] = 1;
      else if (this.#firstByte[first] === 0) this.#firstByte[first] = 2;
      longest = Math.max(longest, this.#length(id));
    }
    this.#longest = longest;
    // UTF-8 takes up to 3 bytes for a UTF-16 unit.
    this.#ahead = new Uint8Array(3 * longest);
  }

  /** The first special token of `text` at or after `from`. */
  find(text: string, from: number, parseSpecial: boolean): SpecialMatch | null {
    if (this.#longest === 0) return null;
    for (let start = from; start < text.length; start++) {
      const kind = this.#firstByte[firstByteOfUnit(text.charCodeAt(start))];
      if (kind === 0 || (kind === 2 && !parseSpecial)) continue;
      // A token of b bytes has at most b units. Should the cut part a surrogate pair, no token reaches that far.
      const { written } = this.#encoder.encodeInto(text.slice(start, start + this.#longest), this.#ahead);
      const id = this.#longestAt(written, parseSpecial);
      if (id >= 0) return { start, end: start + this.#unitsOf(id), id };
    }
    return null;
  }

  /** Narrows the sorted list byte by byte to the tokens that begin as the text ahead does. */
  #longestAt(available: number, parseSpecial: boolean): number {
    const { specials, types } = this.#tables;
    let best = -1;
    let low = 0;
    let high = specials.length;
    for (let depth = 0; low < high; depth++) {
      // Tokens that end here come first, as a prefix sorts before what it begins.
      while (low < high && this.#length(specials[low] as number) === depth) {
        const id = specials[low++] as number;
        if (parseSpecial || types[id] === tokenType.userDefined) best = id;
      }
      if (depth === available) break;
      const wanted = this.#ahead[depth] as number;
      low = this.#firstAtLeast(low, high, depth, wanted);
      high = this.#firstAtLeast(low, high, depth, wanted + 1);
    }
    return best;
  }

  #firstAtLeast(low: number, high: number, depth: number, byte: number): number {
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#byte(this.#tables.specials[middle] as number, depth) < byte) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #byte(id: number, depth: number): number {
    return this.#tables.text[(this.#tables.textStart[id] as number) + depth] as number;
  }

  #length(id: number): number {
    return (this.#tables.textStart[id + 1] as number) - (this.#tables.textStart[id] as number);
  }

  #unitsOf(id: number): number {
    let units = 0;
    for (let depth = 0; depth < this.#length(id); depth++) {
      const byte = this.#byte(id, depth);
      if ((byte & 0xc0) !== 0x80) units += byte >= 0xf0 ? 2 : 1;
    }
    return units;
  }
}

/** The first byte of the UTF-8 of a character that starts with this UTF-16 unit. */
function firstByteOfUnit(unit: number): number {
  if (unit < 0x80) return unit;
  if (unit < 0x800) return 0xc0 | (unit >> 6);
  // A high surrogate holds the code point's upper bits, less the 0x10000 it is offset by.
  if (unit >= 0xd800 && unit < 0xdc00) return 0xf0 | (((unit - 0xd800 + 0x40) >> 8) & 7);
  return 0xe0 | (unit >> 12);
}
