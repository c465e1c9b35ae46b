// Keys of config.json with the type that the caller needs. null counts as missing, as it does in transformers.
import type { JsonObject } from '../json-file.ts';
import { ModelError } from '../model-error.ts';

export class ConfigKeys {
  readonly #path: string;
  readonly #object: JsonObject;

  constructor(path: string, object: JsonObject) {
    this.#path = path;
    this.#object = object;
  }

  has(key: string): boolean {
    return this.#value(key) !== undefined;
  }

  /** Null counts here. */
  says(key: string): boolean {
    return Object.hasOwn(this.#object, key);
  }

  isNull(key: string): boolean {
    return Object.hasOwn(this.#object, key) && this.#object[key] === null;
  }

  text(key: string): string | undefined {
    const value = this.#value(key);
    if (value === undefined || typeof value === 'string') return value;
    throw this.invalid(key, 'a text');
  }

  flag(key: string): boolean | undefined {
    const value = this.#value(key);
    if (value === undefined || typeof value === 'boolean') return value;
    throw this.invalid(key, 'true or false');
  }

  number(key: string): number | undefined {
    const value = this.#value(key);
    if (value === undefined || (typeof value === 'number' && Number.isFinite(value))) return value;
    throw this.invalid(key, 'a number');
  }

  /** A whole number of at least 0. */
  integer(key: string): number | undefined {
    const value = this.number(key);
    if (value === undefined || (Number.isSafeInteger(value) && value >= 0)) return value;
    throw this.invalid(key, 'a whole number');
  }

  required(key: string): number {
    const value = this.integer(key);
    if (value === undefined) throw this.missing(key);
    return value;
  }

  requiredNumber(key: string): number {
    const value = this.number(key);
    if (value === undefined) throw this.missing(key);
    return value;
  }

  missing(key: string): ModelError {
    return new ModelError(
      'MODEL_INVALID',
      `${this.#path} lacks ${key}; get it again, or add what the model was made with`,
    );
  }

  list(key: string): unknown[] | undefined {
    const value = this.#value(key);
    if (value === undefined || Array.isArray(value)) return value;
    throw this.invalid(key, 'a list');
  }

  /** The keys of an object within. */
  object(key: string): ConfigKeys | undefined {
    const value = this.#value(key);
    if (value === undefined) return undefined;
    if (typeof value !== 'object' || Array.isArray(value)) throw this.invalid(key, 'an object');
    return new ConfigKeys(`${this.#path}: ${key}`, value as JsonObject);
  }

  invalid(key: string, expected: string): ModelError {
    const value = JSON.stringify(this.#object[key])?.slice(0, 80);
    return new ModelError('MODEL_INVALID', `${this.#path}: ${key} is ${value}, where ${expected} is expected`);
  }

  unsupported(what: string): ModelError {
    return new ModelError('UNSUPPORTED_ARCHITECTURE', `${this.#path}: ${what} is not supported`);
  }

  #value(key: string): Exclude<unknown, null> | undefined {
    return Object.hasOwn(this.#object, key) ? (this.#object[key] ?? undefined) : undefined;
  }
}
