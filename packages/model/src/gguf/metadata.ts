// The values of a GGUF's metadata: key, type, value, one after the other.
import { ModelError } from '../model-error.ts';
import type { HeaderCursor } from './cursor.ts';
import { StringTable } from './string-table.ts';

export type MetadataNumbers =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | BigUint64Array
  | BigInt64Array
  | Float64Array;
export type MetadataArray = boolean[] | MetadataNumbers | StringTable | MetadataArray[];
/** Integers of 64 bits are numbers where a number holds them exactly, else bigints. */
export type MetadataValue = number | bigint | boolean | string | MetadataArray;

const valueType = { bool: 7, string: 8, array: 9 } as const;
const stringLengthBytes = 8;
const arrayHeaderBytes = 12;
const maxNesting = 4;

/** Of arrays in arrays, in one header; files of today have none. */
const maxNestedArrays = 65536;

type ArrayMaker = new (buffer: ArrayBuffer) => MetadataNumbers;

interface Scalar {
  bytes: number;
  read: (bytes: Buffer) => number | bigint;
  array: ArrayMaker;
}

const scalars: Record<number, Scalar> = {
  0: { bytes: 1, read: (b) => b.readUInt8(), array: Uint8Array },
  1: { bytes: 1, read: (b) => b.readInt8(), array: Int8Array },
  2: { bytes: 2, read: (b) => b.readUInt16LE(), array: Uint16Array },
  3: { bytes: 2, read: (b) => b.readInt16LE(), array: Int16Array },
  4: { bytes: 4, read: (b) => b.readUInt32LE(), array: Uint32Array },
  5: { bytes: 4, read: (b) => b.readInt32LE(), array: Int32Array },
  6: { bytes: 4, read: (b) => b.readFloatLE(), array: Float32Array },
  10: { bytes: 8, read: (b) => b.readBigUInt64LE(), array: BigUint64Array },
  11: { bytes: 8, read: (b) => b.readBigInt64LE(), array: BigInt64Array },
  12: { bytes: 8, read: (b) => b.readDoubleLE(), array: Float64Array },
};

const exactly = (value: number | bigint): number | bigint =>
  typeof value === 'bigint' && BigInt.asIntN(54, value) === value ? Number(value) : value;

export class MetadataReader {
  readonly #cursor: HeaderCursor;
  readonly #path: string;
  #nestedArraysLeft = maxNestedArrays;

  constructor(cursor: HeaderCursor, path: string) {
    this.#cursor = cursor;
    this.#path = path;
  }

  /** A name: a key, a tensor. Unlike values, which are only shown or compared, names must be UTF-8. */
  name(maxBytes: number, what: string): string {
    const bytes = this.#string(what);
    if (bytes.length === 0 || bytes.length > maxBytes) {
      throw this.#invalid(`${what} has a name of ${bytes.length} bytes (1 to ${maxBytes} are possible)`);
    }
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch (cause) {
      throw this.#invalid(`${what} has a name that is not UTF-8`, { cause });
    }
  }

  value(key: string): MetadataValue {
    return this.#typed(this.#cursor.u32(), key, 0);
  }

  #typed(type: number, key: string, depth: number): MetadataValue {
    if (type === valueType.string) return this.#string(`the value of ${key}`).toString('utf8');
    if (type === valueType.bool) return this.#bool(this.#cursor.u8(), key);
    if (type === valueType.array) return this.#array(key, depth);
    const scalar = scalars[type];
    if (!scalar) throw this.#invalid(`${key} has a value of type ${type}, which GGUF does not define`);
    return exactly(scalar.read(this.#cursor.bytes(scalar.bytes, `the value of ${key}`)));
  }

  #array(key: string, depth: number): MetadataArray {
    if (depth === maxNesting) throw this.#invalid(`${key} has arrays nested more than ${maxNesting} deep`);
    const type = this.#cursor.u32();
    if (type === valueType.string) return this.#strings(this.#cursor.count(stringLengthBytes, `strings of ${key}`));
    if (type === valueType.array)
      return this.#arrays(this.#cursor.count(arrayHeaderBytes, `arrays of ${key}`), key, depth);
    if (type === valueType.bool) {
      const count = this.#cursor.count(1, `values of ${key}`);
      return Array.from(this.#cursor.bytes(count, `the values of ${key}`), (byte) => this.#bool(byte, key));
    }
    const scalar = scalars[type];
    if (!scalar) throw this.#invalid(`${key} has values of type ${type}, which GGUF does not define`);
    const count = this.#cursor.count(scalar.bytes, `values of ${key}`);
    const bytes = Uint8Array.from(this.#cursor.bytes(count * scalar.bytes, `the values of ${key}`));
    return new scalar.array(bytes.buffer);
  }

  #arrays(count: number, key: string, depth: number): MetadataArray[] {
    this.#nestedArraysLeft -= count;
    if (this.#nestedArraysLeft < 0) throw this.#invalid(`${key} holds more arrays than any model has use for`);
    return Array.from({ length: count }, () => this.#array(key, depth + 1));
  }

  #strings(count: number): StringTable {
    const starts = new Uint32Array(count + 1);
    let text = new Uint8Array(count * 8);
    let end = 0;
    for (let index = 0; index < count; index++) {
      const bytes = this.#string(`string ${index} of an array`);
      if (end + bytes.length > text.length) {
        const larger = new Uint8Array(2 * (end + bytes.length));
        larger.set(text.subarray(0, end));
        text = larger;
      }
      text.set(bytes, end);
      end += bytes.length;
      starts[index + 1] = end;
    }
    return new StringTable(text.slice(0, end), starts);
  }

  #string(what: string): Buffer {
    return this.#cursor.bytes(this.#cursor.count(1, `bytes of ${what}`), what);
  }

  #bool(byte: number, key: string): boolean {
    if (byte > 1) throw this.#invalid(`${key} is a truth value of ${byte} (0 and 1 are possible)`);
    return byte === 1;
  }

  #invalid(message: string, options?: ErrorOptions): ModelError {
    return new ModelError('MODEL_INVALID', `${this.#path}: ${message}; the file is damaged`, options);
  }
}
