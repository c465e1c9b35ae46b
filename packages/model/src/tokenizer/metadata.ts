// Reads the keys tokenizer.ggml.* of a model file, each checked for its type.
import { type ByteStrings, byteStringsOf } from './byte-strings.ts';
import { TokenizerError } from './error.ts';
import { tokenType } from './format.ts';

/** GGUF metadata: anything that finds a value by its key. */
export interface TokenizerMetadata {
  get(key: string): unknown;
}

export class TokenizerKeys {
  readonly #get: (key: string) => unknown;
  /** general.name, in small letters: some models are told by nothing else. */
  readonly modelName: string;

  constructor(metadata: TokenizerMetadata | Readonly<Record<string, unknown>>) {
    const { get } = metadata;
    const find = (key: string) =>
      typeof get === 'function' ? get.call(metadata, key) : (metadata as Readonly<Record<string, unknown>>)[key];
    this.#get = (key) => find(`tokenizer.ggml.${key}`);
    const name = find('general.name');
    this.modelName = typeof name === 'string' ? name.toLowerCase() : '';
  }

  text(key: string): string | null {
    const value = this.#get(key) ?? null;
    if (value !== null && typeof value !== 'string') throw wrong(key, 'a string', value);
    return value;
  }

  flag(key: string): boolean | null {
    const value = this.#get(key) ?? null;
    if (value !== null && typeof value !== 'boolean') throw wrong(key, 'true or false', value);
    return value;
  }

  strings(key: string): ByteStrings {
    const value = this.#get(key);
    const strings = byteStringsOf(value);
    if (strings === null) throw wrong(key, 'a list of strings', value);
    return strings;
  }

  /** A token; null where the file has none or, as some do, a number past the vocabulary. */
  token(key: string, vocabulary: number): number | null {
    const value = this.#get(key) ?? null;
    if (value === null) return null;
    const id = Number(value);
    if ((typeof value !== 'number' && typeof value !== 'bigint') || !Number.isInteger(id)) {
      throw wrong(key, 'a token', value);
    }
    return id >= 0 && id < vocabulary ? id : null;
  }

  /** A number for each token. */
  numbers(key: string, vocabulary: number): Float64Array {
    const value = this.#get(key) ?? null;
    const list = Array.isArray(value) || (ArrayBuffer.isView(value) && 'length' in value) ? value : null;
    if (list === null) throw wrong(key, 'a list of numbers', value);
    const numbers = Float64Array.from(list as ArrayLike<number>, Number);
    if (numbers.length < vocabulary) throw invalidTokenizer(`${vocabulary} tokens have ${numbers.length} ${key}`);
    const bad = numbers.findIndex((number) => !Number.isFinite(number));
    if (bad >= 0) throw invalidTokenizer(`tokenizer.ggml.${key} has ${numbers[bad]} for token ${bad}`);
    return numbers.slice(0, vocabulary);
  }

  /** Bytes, written as signed or unsigned ones; none where the file has none. */
  bytes(key: string): Uint8Array {
    const value = this.#get(key) ?? null;
    if (value === null) return new Uint8Array();
    if (value instanceof Uint8Array) return value;
    if (value instanceof Int8Array) return new Uint8Array(value.buffer, value.byteOffset, value.length);
    throw wrong(key, 'a list of bytes', value);
  }

  /** Of each token; all are ordinary where the file does not say. */
  tokenTypes(vocabulary: number): Uint8Array {
    const value = this.#get('token_type') ?? null;
    if (value === null) return new Uint8Array(vocabulary).fill(tokenType.normal);
    if (!Array.isArray(value) && !(ArrayBuffer.isView(value) && 'length' in value)) {
      throw wrong('token_type', 'a list of integers', value);
    }
    const types = Uint8Array.from(value as ArrayLike<number>, Number);
    if (types.length < vocabulary) throw invalidTokenizer(`${vocabulary} tokens have ${types.length} token types`);
    return types.slice(0, vocabulary);
  }
}

export function invalidTokenizer(what: string): TokenizerError {
  return new TokenizerError(
    'INVALID_TOKENIZER',
    `The model file's tokenizer is not usable: ${what}. The file is damaged or was converted wrongly; get another copy.`,
  );
}

function wrong(key: string, wanted: string, value: unknown): TokenizerError {
  const found = value === undefined || value === null ? 'missing' : `a value of type ${typeof value}`;
  return invalidTokenizer(`tokenizer.ggml.${key} should be ${wanted} and is ${found}`);
}
