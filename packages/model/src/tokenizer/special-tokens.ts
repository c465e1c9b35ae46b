// Finds the tokens that are matched in text before it is cut into words: control tokens such as <|im_end|> (only where
// the caller wants them parsed) and user-defined ones (always). Leftmost, then longest, as @huggingface/tokenizers does.
// A table of possible first bytes skips everything else.
import { specialRule, type TokenizerTables, tokenType } from './format.ts';
import { SortedStrings } from './sorted-strings.ts';

export interface SpecialMatch {
  /** In UTF-16 units of the text. */
  start: number;
  end: number;
  id: number;
}

export class SpecialTokenMatcher {
  readonly #tables: TokenizerTables;
  readonly #texts: SortedStrings;
  /** By first byte: 0 no token starts so, 1 a user-defined one does, 2 only control or unknown ones do. */
  readonly #firstByte = new Uint8Array(256);
  readonly #ahead: Uint8Array;
  readonly #longest: number;
  readonly #encoder = new TextEncoder();

  /** @param wanted by its rules, whether a token is one that this finds */
  constructor(tables: TokenizerTables, wanted: (rules: number) => boolean) {
    this.#tables = tables;
    const { specials, specialStart, specialText, specialRules, types } = tables;
    let longest = 0;
    const found: number[] = [];
    for (let index = 0; index < specials.length; index++) {
      if (!wanted(specialRules[index] as number)) continue;
      found.push(index);
      const first = specialText[specialStart[index] as number] as number;
      if (types[specials[index] as number] === tokenType.userDefined) this.#firstByte[first] = 1;
      else if (this.#firstByte[first] === 0) this.#firstByte[first] = 2;
      longest = Math.max(longest, this.#length(index));
    }
    this.#texts = new SortedStrings(specialText, specialStart, Uint32Array.from(found));
    this.#longest = longest;
    // UTF-8 takes up to 3 bytes for a UTF-16 unit.
    this.#ahead = new Uint8Array(3 * longest);
  }

  /** The first special token of `text` at or after `from`, with the white space that goes with it. */
  find(text: string, from: number, parseSpecial: boolean): SpecialMatch | null {
    if (this.#longest === 0) return null;
    for (let start = from; start < text.length; start++) {
      const kind = this.#firstByte[firstByteOfUnit(text.charCodeAt(start))];
      if (kind === 0 || (kind === 2 && !parseSpecial)) continue;
      // A token of b bytes has at most b units. Should the cut part a surrogate pair, no token reaches that far.
      const { written } = this.#encoder.encodeInto(text.slice(start, start + this.#longest), this.#ahead);
      const index = this.#longestAt(this.#ahead, 0, written, parseSpecial);
      if (index < 0) continue;
      const end = start + this.#unitsOf(index);
      const rules = this.#tables.specialRules[index] as number;
      if (rules & specialRule.singleWord && (isWord(text.slice(0, start), /.$/su) || isWord(text.slice(end), /^./su))) {
        start = end - 1;
        continue;
      }
      return {
        start: rules & specialRule.leftStrip ? spacesBefore(text, from, start) : start,
        end: rules & specialRule.rightStrip ? spacesAfter(text, end) : end,
        id: this.#tables.specials[index] as number,
      };
    }
    return null;
  }

  /** Bytes of the longest user-defined token without a space that bytes[start] to bytes[end] begins with; 0 for none. */
  userDefinedBytes(bytes: Uint8Array, start: number, end: number): number {
    if (this.#firstByte[bytes[start] as number] !== 1) return 0;
    const index = this.#longestAt(bytes, start, end, false);
    if (index < 0) return 0;
    const { specialStart, specialText } = this.#tables;
    const text = specialText.subarray(specialStart[index], specialStart[index + 1]);
    return text.includes(0x20) ? 0 : text.length;
  }

  #longestAt(bytes: Uint8Array, start: number, end: number, parseSpecial: boolean): number {
    const { specials, types } = this.#tables;
    let best = -1;
    this.#texts.prefixes(bytes, start, end, (index) => {
      if (parseSpecial || types[specials[index] as number] === tokenType.userDefined) best = index;
    });
    return best;
  }

  #length(index: number): number {
    return (this.#tables.specialStart[index + 1] as number) - (this.#tables.specialStart[index] as number);
  }

  #unitsOf(index: number): number {
    const start = this.#tables.specialStart[index] as number;
    let units = 0;
    for (let depth = 0; depth < this.#length(index); depth++) {
      const byte = this.#tables.specialText[start + depth] as number;
      if ((byte & 0xc0) !== 0x80) units += byte >= 0xf0 ? 2 : 1;
    }
    return units;
  }
}

const isSpace = (unit: string) => /\p{White_Space}/u.test(unit);

function spacesBefore(text: string, from: number, start: number): number {
  while (start > from && isSpace(text.charAt(start - 1))) start--;
  return start;
}

function spacesAfter(text: string, end: number): number {
  while (end < text.length && isSpace(text.charAt(end))) end++;
  return end;
}

/** Whether the character beside a token, found by `beside`, is of a word (\w in Unicode's sense). */
function isWord(text: string, beside: RegExp): boolean {
  const character = beside.exec(text)?.[0] ?? '';
  return /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u.test(character);
}

/** The first byte of the UTF-8 of a character that starts with this UTF-16 unit. */
function firstByteOfUnit(unit: number): number {
  if (unit < 0x80) return unit;
  if (unit < 0x800) return 0xc0 | (unit >> 6);
  // A high surrogate holds the code point's upper bits, less the 0x10000 it is offset by.
  if (unit >= 0xd800 && unit < 0xdc00) return 0xf0 | (((unit - 0xd800 + 0x40) >> 8) & 7);
  return 0xe0 | (unit >> 12);
}
