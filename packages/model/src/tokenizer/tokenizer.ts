import { TokenizerError } from './error.ts';
import { readTokenizer, specialRule, type TokenizerTables, tokenType } from './format.ts';
import { Normalizer } from './normalizer.ts';
import { readPipeline, type SplitStep } from './pipeline.ts';
import { preTokenizerNamed } from './pre-tokenizers.ts';
import { SpecialTokenMatcher } from './special-tokens.ts';
import { type WordEncoder, wordEncoder } from './word-encoders.ts';
import { WordSplitter } from './word-splitter.ts';

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
  /** Of raw text, and of normalized text. */
  readonly #specials: SpecialTokenMatcher;
  readonly #normalizedSpecials: SpecialTokenMatcher;
  readonly #normalizer: Normalizer;
  readonly #splitter: WordSplitter;
  readonly #words: WordEncoder;
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
    const { normalize, split } = readPipeline(tables.pipeline);
    const { normalized, piece } = specialRule;
    this.#specials = new SpecialTokenMatcher(tables, (rules) => (rules & (normalized | piece)) === 0);
    this.#normalizedSpecials = new SpecialTokenMatcher(
      tables,
      (rules) => (rules & (normalized | piece)) === normalized,
    );
    const keptAsTheyAre = new SpecialTokenMatcher(tables, (rules) => (rules & (normalized | piece)) !== 0);
    this.#normalizer = new Normalizer(normalize, tables.charsmap, (bytes, start, end) =>
      keptAsTheyAre.userDefinedBytes(bytes, start, end),
    );
    this.#splitter = new WordSplitter([...namedSteps(tables.preTokenizer), ...split]);
    this.#words = wordEncoder(tables);
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
    const parseSpecial = options.parseSpecial ?? false;
    const word = (piece: string) => this.#encodeWord(piece, ids);
    const special = (id: number) => ids.push(id);
    try {
      cut(text.toWellFormed(), this.#specials, parseSpecial, special, (raw, isFirst) => {
        cut(this.#normalizer.normalize(raw), this.#normalizedSpecials, parseSpecial, special, (piece, isFirstOfRaw) =>
          this.#splitter.split(piece, isFirst && isFirstOfRaw, word),
        );
      });
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

  /**
   * The text of `ids`; bytes that are no UTF-8 become U+FFFD. A space that encoding puts in front of each text is taken
   * away again. For tokens as they come, use StreamDecoder, which keeps it: these continue a text.
   */
  decode(ids: Iterable<number>, options: DecodeOptions = {}): string {
    const parts: Uint8Array[] = [];
    let first = true;
    for (const id of ids) {
      const special = this.isSpecial(id);
      if (options.skipSpecial && special) continue;
      let bytes = this.tokenBytes(id);
      if (!special && first) {
        if (this.#tables.stripPrefix && bytes[0] === 0x20) bytes = bytes.subarray(1);
        first = false;
      }
      parts.push(bytes);
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
    this.#words.encode(bytes, written, ids);
  }

  #checkId(id: number): void {
    if (Number.isInteger(id) && id >= 0 && id < this.vocabularySize) return;
    throw new TokenizerError('TOKEN_OUT_OF_RANGE', `Token ${id} is none of this vocabulary's ${this.vocabularySize}.`);
  }
}

const namedSteps = (name: string): SplitStep[] =>
  name === ''
    ? []
    : preTokenizerNamed(name).patterns.map((pattern) => ({ type: 'pattern', pattern, behavior: 'isolated' }));

/** Calls `special` with each token that `matcher` finds in `text`, `between` with what lies between, in order. */
function cut(
  text: string,
  matcher: SpecialTokenMatcher,
  parseSpecial: boolean,
  special: (id: number) => void,
  between: (part: string, isFirst: boolean) => void,
): void {
  for (let start = 0; start < text.length; ) {
    const match = matcher.find(text, start, parseSpecial);
    const end = match?.start ?? text.length;
    if (end > start) between(text.slice(start, end), start === 0);
    if (match !== null) special(match.id);
    start = match?.end ?? end;
  }
}

/** Keeps a leading U+FEFF, which is text here and no mark. */
export function utf8Decoder() {
  return new TextDecoder('utf-8', { ignoreBOM: true });
}
