// How vocabularies are written: of bytes in GPT-2's alphabet, of characters with a space as U+2581, a byte as "<0x0A>".

import { isSpecial } from './assemble.ts';
import { decodeAlphabet } from './byte-alphabet.ts';
import type { ByteStrings } from './byte-strings.ts';
import { tokenType } from './format.ts';

/** Copies UTF-8 with each U+2581 as a space. */
export function unescapeSpaces(text: Uint8Array, start: number, end: number, out: Uint8Array, at: number): number {
  let written = at;
  for (let i = start; i < end; i++) {
    if (text[i] === 0xe2 && text[i + 1] === 0x96 && text[i + 2] === 0x81 && i + 2 < end) {
      out[written++] = 0x20;
      i += 2;
    } else {
      out[written++] = text[i] as number;
    }
  }
  return written - at;
}

/** The byte that "<0x0A>" means, -1 if text[start] to text[end] is not written so. */
export function spelledByte(text: Uint8Array, start: number, end: number): number {
  if (end - start !== 6 || text[start] !== 0x3c) return -1;
  const match = /^<0x([0-9A-Fa-f]{2})>$/.exec(Buffer.from(text.subarray(start, end)).toString('latin1'));
  return match === null ? -1 : Number.parseInt(match[1] as string, 16);
}

export interface CharacterVocabulary {
  tokens: ByteStrings;
  ordinary: Uint8Array;
  byteTokens: Uint32Array;
}

/**
 * The bytes of tokens spelled in characters: ordinary ones with spaces, byte tokens as their byte, all others as they
 * are. Where two ordinary tokens are the same then ("▁" and a literal space), the one with U+2581 is what text becomes.
 */
export function characterVocabulary(texts: ByteStrings, types: Uint8Array): CharacterVocabulary {
  const vocabulary = types.length;
  const ordinary = new Uint8Array(vocabulary);
  const byteTokens = new Uint32Array(256).fill(0xffffffff);
  const starts = new Uint32Array(vocabulary + 1);
  const text = new Uint8Array(texts.text.length);
  let end = 0;
  for (let id = 0; id < vocabulary; id++) {
    const from = texts.starts[id] as number;
    const to = texts.starts[id + 1] as number;
    const byte = types[id] === tokenType.byte ? spelledByte(texts.text, from, to) : -1;
    if (byte >= 0) {
      byteTokens[byte] = id;
      text[end++] = byte;
    } else if (isSpecial(types[id]) || types[id] === tokenType.unused || types[id] === tokenType.byte) {
      text.set(texts.text.subarray(from, to), end);
      end += to - from;
    } else {
      // A literal space among ordinary tokens is never what text becomes.
      if (!texts.text.subarray(from, to).includes(0x20) && to > from) ordinary[id] = 1;
      end += unescapeSpaces(texts.text, from, to, text, end);
    }
    starts[id + 1] = end;
  }
  return { tokens: { text: text.subarray(0, end), starts }, ordinary, byteTokens };
}

/** Ordinary tokens are spelled in the byte alphabet (`ordinary` is 1 for these), all others are plain text. */
export function alphabetVocabulary(
  texts: ByteStrings,
  types: Uint8Array,
): { tokens: ByteStrings; ordinary: Uint8Array } {
  const ordinary = new Uint8Array(types.length);
  const starts = new Uint32Array(types.length + 1);
  const text = new Uint8Array(texts.text.length);
  let end = 0;
  for (let id = 0; id < types.length; id++) {
    const from = texts.starts[id] as number;
    const to = texts.starts[id + 1] as number;
    const plain = isSpecial(types[id]) || types[id] === tokenType.unused;
    const written = plain ? -1 : decodeAlphabet(texts.text, from, to, text, end);
    if (written >= 0) {
      ordinary[id] = 1;
      end += written;
    } else {
      text.set(texts.text.subarray(from, to), end);
      end += to - from;
    }
    starts[id + 1] = end;
  }
  return { tokens: { text: text.subarray(0, end), starts }, ordinary };
}

/** Whether no token of words has a space behind another character, so that words may be cut in front of spaces. */
export function spacesOnlyLead({ text, starts }: ByteStrings, ordinary: Uint8Array): boolean {
  for (let id = 0; id < ordinary.length; id++) {
    if (ordinary[id] !== 1) continue;
    for (let at = (starts[id] as number) + 1; at < (starts[id + 1] as number); at++) {
      if (text[at] === 0x20 && text[at - 1] !== 0x20) return false;
    }
  }
  return true;
}
