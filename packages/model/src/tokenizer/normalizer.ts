// Normalizes a text by the steps of a pipeline.
import { Charsmap } from './charsmap.ts';
import type { NormalizeStep } from './pipeline.ts';
import { characterBytes } from './unigram.ts';

/** Longer graphemes are looked up character by character, as @huggingface/tokenizers does. */
const wholeGraphemeBytes = 6;
const space = 0x20;
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

export class Normalizer {
  readonly #steps: readonly NormalizeStep[];
  readonly #charsmap: Charsmap | null;
  /** Bytes of a user-defined token that bytes[start] to bytes[end] begins with, 0 for none: these stay as they are. */
  readonly #keep: (bytes: Uint8Array, start: number, end: number) => number;
  #graphemes: Intl.Segmenter | null = null;

  constructor(
    steps: readonly NormalizeStep[],
    charsmap: Uint8Array,
    keep: (bytes: Uint8Array, start: number, end: number) => number = () => 0,
  ) {
    this.#steps = steps;
    this.#charsmap = charsmap.length === 0 ? null : new Charsmap(charsmap);
    this.#keep = keep;
  }

  normalize(text: string): string {
    let normalized = text;
    for (const step of this.#steps) normalized = this.#apply(step, normalized);
    return normalized;
  }

  #apply(step: NormalizeStep, text: string): string {
    switch (step.type) {
      case 'unicode':
        return text.normalize(step.form);
      case 'lowercase':
        // Character by character: of a whole word, toLowerCase makes a final sigma.
        return Array.from(text, (character) => character.toLowerCase()).join('');
      case 'strip':
        return strip(text, step.left, step.right);
      case 'prepend':
        return text === '' ? '' : step.text + text;
      case 'replace':
        return text.replaceAll(step.from, () => step.to);
      case 'collapse':
        return text.replaceAll(/ {2,}/g, () => step.to);
      case 'precompiled':
        return this.#byGrapheme(text);
      case 'sentencepiece':
        return this.#sentencePiece(text, step);
    }
  }

  #byGrapheme(text: string): string {
    const charsmap = this.#charsmap;
    if (charsmap === null) return text;
    this.#graphemes ??= new Intl.Segmenter('en', { granularity: 'grapheme' });
    let normalized = '';
    const replaced = (part: string): string | null => {
      const bytes = encoder.encode(part);
      const replacement = charsmap.match(bytes, 0, bytes.length, true);
      return replacement === null ? null : decoder.decode(replacement.text);
    };
    for (const { segment } of this.#graphemes.segment(text)) {
      const whole = Buffer.byteLength(segment) < wholeGraphemeBytes ? replaced(segment) : null;
      normalized += whole ?? Array.from(segment, (character) => replaced(character) ?? character).join('');
    }
    return normalized;
  }

  /** normalizer.cc, Normalize: spaces are replaced, merged and trimmed in the output, whatever became one there. */
  #sentencePiece(text: string, step: { prefix: boolean; suffix: boolean; trim: boolean }): string {
    if (this.#charsmap === null && !step.trim && !step.suffix) {
      return text === '' ? '' : (step.prefix ? ' ' : '') + text.replaceAll('\u2581', ' ');
    }
    const input = encoder.encode(text);
    const out = new ByteList(input.length + 16);
    if (step.prefix && !step.trim && text !== '') out.append(oneSpace);
    let afterSpace = step.trim;
    for (let at = 0; at < input.length; ) {
      const kept = this.#keep(input, at, input.length);
      const rule = kept > 0 ? null : (this.#charsmap?.match(input, at, input.length) ?? null);
      const length = kept > 0 ? kept : (rule?.length ?? characterBytes(input, at, input.length));
      let piece = rule?.text ?? input.subarray(at, at + length);
      at += length;
      while (afterSpace && piece[0] === space) piece = piece.subarray(1);
      if (piece.length === 0) continue;
      if (out.length === 0 && step.prefix && step.trim) out.append(oneSpace);
      out.append(piece);
      afterSpace = step.trim && piece.at(-1) === space;
    }
    let normalized = decoder.decode(out.bytes()).replaceAll('\u2581', ' ');
    if (step.trim) normalized = normalized.replace(/(?<! ) +$/, '');
    if (step.suffix && normalized !== '') normalized += ' ';
    return normalized;
  }
}

const oneSpace = Uint8Array.of(space);

function strip(text: string, left: boolean, right: boolean): string {
  let start = 0;
  let end = text.length;
  const isSpace = (at: number) => /\p{White_Space}/u.test(text.charAt(at));
  while (left && start < end && isSpace(start)) start++;
  while (right && end > start && isSpace(end - 1)) end--;
  return text.slice(start, end);
}

/** Bytes that grow. */
class ByteList {
  #bytes: Uint8Array;
  length = 0;

  constructor(capacity: number) {
    this.#bytes = new Uint8Array(capacity);
  }

  append(bytes: Uint8Array): void {
    if (this.length + bytes.length > this.#bytes.length) {
      const larger = new Uint8Array(2 * (this.length + bytes.length));
      larger.set(this.bytes());
      this.#bytes = larger;
    }
    this.#bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.length);
  }
}
