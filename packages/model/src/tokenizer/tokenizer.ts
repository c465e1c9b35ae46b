import { BytePairMerger } from './bpe.ts';
import { TokenizerError } from './error.ts';
import { readTokenizer, type TokenizerTables, tokenType } from './format.ts';
import { preTokenizerNamed, WordSplitter } from './pre-tokenizers.ts';
import { SpecialTokenMatcher } from './special-tokens.ts';

export interface EncodeOptions {
  /** Put the beginning-of-text token first. Default: what the model asks for. */
  addBos?: boolean;
  /** Read "<|im_end|>" and the like as the control tokens they spell. Default false: they are text. */
  parseSpecial?: boolean;
}

export interface DecodeOptions {
  /** Leave control tokens out. Default false. */
  skipSpecial?: boolean;
}

/** Text to tokens and back, over a compiled tokenizer that is read in place. */
export class Tokenizer {
  readonly vocabularySize: number;
  readonly bosId: number | null;
  readonly eosId: number | null;
  readonly eotId: number | null;
  readonly eomId: number | null;
  readonly unkId: number | null;
  readonly padId: number | null;
  /** Whether the model wants prompts to begin with bosId. */
  readonly addBos: boolean;
  /** Whether the model wants texts to end with eosId; prompts to be continued do not. */
  readonly addEos: boolean;
  readonly #tables: TokenizerTables;
  readonly #specials: SpecialTokenMatcher;
  readonly #splitter: WordSplitter;
  readonly #merger: BytePairMerger;
  readonly #encoder = new TextEncoder();
  /** For words of the usual length; a longer one gets bytes of its own. */
  readonly #utf8 = new Uint8Array(256);

  private constructor(tables: TokenizerTables) {
    this.#tables = tables;
    this.vocabularySize = tables.types.length;
    this.bosId = tables.bos;
    this.eosId = tables.eos;
    this.eotId = tables.eot;
    this.eomId = tables.eom;
    this.unkId = tables.unk;
    this.padId = tables.pad;
    this.addBos = tables.addBos && tables.bos !== null;
    this.addEos = tables.addEos && tables.eos !== null;
    this.#specials = new SpecialTokenMatcher(tables);
    this.#splitter = new WordSplitter(preTokenizerNamed(tables.preTokenizer));
    this.#merger = new BytePairMerger(tables);
  }

  /**
   * `bytes` is what compileTokenizer returned. It is kept and read in place, and must not change.
   * @throws TokenizerError CORRUPT_TOKENIZER, UNSUPPORTED_TOKENIZER
   */
  static fromBytes(bytes: Uint8Array): Tokenizer {
    return new Tokenizer(readTokenizer(bytes));
  }

  /**
   * The tokens of `text`. Lone surrogates are read as U+FFFD. A byte that the vocabulary has no token for (some leave
   * out control characters and the like) yields nothing, as in llama.cpp and @huggingface/tokenizers.
   * @throws TokenizerError TEXT_TOO_LONG for a single word of millions of characters
   */
  encode(text: string, options: EncodeOptions = {}): Int32Array {
    const ids: number[] = [];
    if ((options.addBos ?? this.addBos) && this.bosId !== null) ids.push(this.bosId);
    const wellFormed = text.toWellFormed();
    const word = (piece: string) => this.#encodeWord(piece, ids);
    let start = 0;
    try {
      while (start < wellFormed.length) {
        const special = this.#specials.find(wellFormed, start, options.parseSpecial ?? false);
        const end = special?.start ?? wellFormed.length;
        if (end > start) this.#splitter.split(wellFormed.slice(start, end), word);
        if (special !== null) ids.push(special.id);
        start = special?.end ?? end;
      }
    } catch (error) {
      // V8 gives up on a single match that takes millions of steps, saying the stack is full.
      if (!(error instanceof RangeError)) throw error;
      throw new TokenizerError(
        'TEXT_TOO_LONG',
        `A text of ${text.length} characters has a word too long to be cut. Pass it in parts.`,
        { cause: error },
      );
    }
    return Int32Array.from(ids);
  }

  /** The text of `ids`; bytes that are no UTF-8 become U+FFFD. For tokens as they come, use StreamDecoder. */
  decode(ids: Iterable<number>, options: DecodeOptions = {}): string {
    const parts: Uint8Array[] = [];
    for (const id of ids) {
      if (!(options.skipSpecial && this.isSpecial(id))) parts.push(this.tokenBytes(id));
    }
    return utf8Decoder().decode(Buffer.concat(parts));
  }

  /** The bytes that a token stands for: a view, not to be written to. May end in the middle of a character. */
  tokenBytes(id: number): Uint8Array {
    this.#checkId(id);
    const { text, textStart } = this.#tables;
    return text.subarray(textStart[id], textStart[id + 1]);
  }

  /** Whether a token is a control (or the unknown) token, which skipSpecial leaves out. */
  isSpecial(id: number): boolean {
    this.#checkId(id);
    const type = this.#tables.types[id];
    return type === tokenType.control || type === tokenType.unknown;
  }

  /** Whether a model that yields this token has finished. */
  endOfGeneration(id: number): boolean {
    return this.#tables.endOfGeneration.includes(id);
  }

  /** All tokens that end a generation, ascending. */
  get endOfGenerationIds(): Int32Array {
    return Int32Array.from(this.#tables.endOfGeneration);
  }

  #encodeWord(word: string, ids: number[]): void {
    const most = 3 * word.length;
    const bytes = most <= this.#utf8.length ? this.#utf8 : new Uint8Array(most);
    const { written } = this.#encoder.encodeInto(word, bytes);
    this.#encodeBytes(bytes, written, ids);
  }

  #encodeBytes(bytes: Uint8Array, length: number, ids: number[]): void {
    if (this.#tables.ignoreMerges) {
      const id = this.#wholeWord(bytes, length);
      if (id >= 0) {
        ids.push(id);
        return;
      }
    }
    this.#merger.merge(bytes, length, ids);
  }

  /** The ordinary token with just these bytes, -1 if there is none. */
  #wholeWord(bytes: Uint8Array, length: number): number {
    const { byText, text, textStart } = this.#tables;
    let low = 0;
    let high = byText.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const id = byText[middle] as number;
      const start = textStart[id] as number;
      const end = textStart[id + 1] as number;
      let at = 0;
      while (at < length && start + at < end && bytes[at] === text[start + at]) at++;
      if (at === length && start + at === end) return id;
      if (start + at === end || (at < length && (bytes[at] as number) > (text[start + at] as number))) low = middle + 1;
      else high = middle;
    }
    return -1;
  }

  #checkId(id: number): void {
    if (Number.isInteger(id) && id >= 0 && id < this.vocabularySize) return;
    throw new TokenizerError('TOKEN_OUT_OF_RANGE', `Token ${id} is none of this vocabulary's ${this.vocabularySize}.`);
  }
}

/** Keeps a leading U+FEFF, which is text here and no mark. */
export function utf8Decoder() {
  return new TextDecoder('utf-8', { ignoreBOM: true });
}
