// Metadata by key, with the type and range that the caller needs.
import type { GgufHeader } from '../gguf/header.ts';
import type { MetadataValue } from '../gguf/metadata.ts';
import { ModelError } from '../model-error.ts';

export class ModelKeys {
  readonly #header: GgufHeader;
  /** general.architecture: its name, and the prefix of its keys. */
  readonly architecture: string;

  constructor(header: GgufHeader) {
    this.#header = header;
    const architecture = this.string('general.architecture');
    if (architecture === undefined) throw this.missing('general.architecture');
    this.architecture = architecture;
  }

  string(key: string): string | undefined {
    const value = this.#value(key);
    if (value === undefined || typeof value === 'string') return value;
    throw this.invalid(key, 'a text');
  }

  number(key: string): number | undefined {
    const value = this.#value(key);
    if (value === undefined || (typeof value === 'number' && Number.isFinite(value))) return value;
    throw this.invalid(key, 'a number');
  }

  positive(key: string): number | undefined {
    const value = this.number(key);
    if (value === undefined || value > 0) return value;
    throw this.invalid(key, 'a positive number');
  }

  /** A truth value per layer, or a number that stands for a pattern. */
  pattern(key: string, layers: number): boolean[] | number | undefined {
    const value = this.#value(key);
    if (!Array.isArray(value)) return this.integer(key, 0);
    const truths = value.filter((one) => typeof one === 'boolean');
    if (truths.length === layers && value.length === layers) return truths;
    throw this.invalid(key, `a number or ${layers} truth values`);
  }

  /** An integer of at least `least`. Some files give one value per layer: equal ones count as one. */
  integer(key: string, least: number): number | undefined {
    const value = this.#value(key);
    if (value === undefined) return undefined;
    const single = value instanceof Uint32Array || value instanceof Int32Array ? value[0] : value;
    if (typeof single !== 'number' || !Number.isSafeInteger(single) || single < least) {
      throw this.invalid(key, `an integer of at least ${least}`);
    }
    if (value !== single && !(value as Uint32Array).every((other: number) => other === single)) {
      throw new ModelError(
        'UNSUPPORTED_ARCHITECTURE',
        `${this.#header.path}: ${key} differs from layer to layer, which is not supported`,
      );
    }
    return single;
  }

  requiredInteger(key: string, least: number): number {
    const value = this.integer(key, least);
    if (value === undefined) throw this.missing(key);
    return value;
  }

  missing(key: string): ModelError {
    return new ModelError('MODEL_INVALID', `${this.#header.path}: the key ${key} is missing; convert the model again`);
  }

  invalid(key: string, expected: string): ModelError {
    const value = this.#value(key);
    const shown =
      typeof value === 'object' ? 'an array' : JSON.stringify(typeof value === 'bigint' ? String(value) : value);
    return new ModelError('MODEL_INVALID', `${this.#header.path}: ${key} is ${shown}, where ${expected} is expected`);
  }

  #value(key: string): MetadataValue | undefined {
    return this.#header.metadata.get(key);
  }
}
