import { type DecodeOptions, type Tokenizer, utf8Decoder } from './tokenizer.ts';

/**
 * Text from tokens as they come. Never cuts a character: bytes that may yet become one are held back until the next
 * token decides. Bytes that cannot become one turn into U+FFFD at once, those still held at the end then.
 */
export class StreamDecoder {
  readonly #tokenizer: Tokenizer;
  readonly #skipSpecial: boolean;
  readonly #decoder = utf8Decoder();

  constructor(tokenizer: Tokenizer, options: DecodeOptions = {}) {
    this.#tokenizer = tokenizer;
    this.#skipSpecial = options.skipSpecial ?? false;
  }

  /** What this token adds to the text, possibly nothing yet. */
  push(id: number): string {
    if (this.#skipSpecial && this.#tokenizer.isSpecial(id)) return '';
    return this.#decoder.decode(this.#tokenizer.tokenBytes(id), { stream: true });
  }

  /** What was held back. The decoder can be used again afterwards. */
  end(): string {
    return this.#decoder.decode();
  }
}
