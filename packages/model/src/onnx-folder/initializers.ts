// The constants of an ONNX model: where each one's bytes lie, in the model itself or in a file beside it.
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ModelError } from '../model-error.ts';
import { type TensorProto, TensorProto_DataLocation, TensorProto_DataType as types } from '../onnx/generated/onnx.ts';
import type { SourceFile } from '../types.ts';
import { ownFile } from './skim.ts';

export interface Initializer {
  name: string;
  dims: number[];
  /** TensorProto_DataType's number. */
  dataType: number;
  bytes: number;
  /** Index into the files, and where there; null where the values are in `tensor`. */
  place: { file: number; offset: number } | null;
  tensor: TensorProto;
}

const bitsOf: Record<number, number> = {
  [types.FLOAT]: 32,
  [types.UINT8]: 8,
  [types.INT8]: 8,
  [types.INT32]: 32,
  [types.INT64]: 64,
  [types.FLOAT16]: 16,
  [types.BFLOAT16]: 16,
  [types.UINT4]: 4,
  [types.INT4]: 4,
};

export class Initializers {
  readonly files: SourceFile[] = [];
  readonly #path: string;
  readonly #byName = new Map<string, Initializer>();

  constructor(path: string, tensors: TensorProto[]) {
    this.#path = path;
    const fileNumbers = new Map<string, number>();
    for (const tensor of tensors) {
      if (this.#byName.has(tensor.name)) throw this.#invalid(tensor.name, 'is there twice');
      this.#byName.set(tensor.name, this.#read(tensor, fileNumbers));
    }
  }

  get(name: string): Initializer | undefined {
    return this.#byName.get(name);
  }

  /** The values, little-endian: for small ones. */
  bytes(initializer: Initializer): Uint8Array {
    const { place, bytes, tensor } = initializer;
    if (place === null) return tensorBytes(tensor) ?? new Uint8Array(0);
    const path = this.files[place.file]?.path as string;
    const fd = openSync(path, 'r');
    try {
      const values = new Uint8Array(bytes);
      for (let filled = 0; filled < bytes; ) {
        const read = readSync(fd, values, filled, bytes - filled, place.offset + filled);
        if (read === 0) throw new ModelError('MODEL_TRUNCATED', `${path} ended while it was read; get it again`);
        filled += read;
      }
      return values;
    } finally {
      closeSync(fd);
    }
  }

  #read(tensor: TensorProto, fileNumbers: Map<string, number>): Initializer {
    const { name, dims, dataType } = tensor;
    if (!dims.every((size) => Number.isSafeInteger(size) && size >= 0)) throw this.#invalid(name, 'has no valid shape');
    const bits = dims.reduce((product, size) => product * size, bitsOf[dataType] ?? 0);
    const bytes = Math.ceil(bits / 8);
    if (!Number.isSafeInteger(bytes)) throw this.#invalid(name, `is larger than any file: [${dims}]`);
    if (tensor.dataLocation !== TensorProto_DataLocation.EXTERNAL) {
      const held = tensorBytes(tensor);
      if (bitsOf[dataType] !== undefined && held !== null && held.length !== bytes) {
        throw this.#invalid(name, `[${dims}] has ${held.length} bytes, where ${bytes} follow from its shape`);
      }
      return { name, dims, dataType, bytes, place: null, tensor };
    }
    const entry = (key: string) => tensor.externalData.find((one) => one.key === key)?.value;
    const location = entry('location');
    const offset = Number(entry('offset') ?? 0);
    const length = Number(entry('length') ?? bytes);
    if (location === undefined || location !== basename(location) || location === '..' || location === '.') {
      throw this.#invalid(name, `lies in ${JSON.stringify(location)?.slice(0, 80)}, which is no file beside the model`);
    }
    if (!Number.isSafeInteger(offset) || offset < 0) throw this.#invalid(name, 'has no valid offset');
    if (bitsOf[dataType] !== undefined && length !== bytes) {
      throw this.#invalid(name, `[${dims}] has ${length} bytes, where ${bytes} follow from its shape`);
    }
    const file = this.#file(location, fileNumbers);
    const size = (this.files[file] as SourceFile).bytes;
    if (offset + length > size) {
      throw new ModelError(
        'MODEL_TRUNCATED',
        `${this.#path}: ${shown(name)} lies at bytes ${offset} to ${offset + length} of ${this.files[file]?.path}, which has ` +
          `${size}; get it again`,
      );
    }
    return { name, dims, dataType, bytes: length, place: { file, offset }, tensor };
  }

  #file(location: string, numbers: Map<string, number>): number {
    const known = numbers.get(location);
    if (known !== undefined) return known;
    const path = location === ownFile ? this.#path : join(dirname(this.#path), location);
    const status = statSync(path, { throwIfNoEntry: false });
    if (!status?.isFile()) {
      throw new ModelError('MODEL_UNREADABLE', `${path} is missing, which ${this.#path} keeps its weights in`);
    }
    numbers.set(location, this.files.length);
    this.files.push({ path, bytes: status.size });
    return this.files.length - 1;
  }

  #invalid(name: string, what: string): ModelError {
    return new ModelError('MODEL_INVALID', `${this.#path}: the initializer ${shown(name)} ${what}; get it again`);
  }
}

/** Of a tensor that holds its values itself; null for types that are not looked into. */
export function tensorBytes(tensor: TensorProto): Uint8Array | null {
  const { dataType, rawData } = tensor;
  if (rawData !== undefined && rawData.length > 0) return rawData;
  if (dataType === types.FLOAT) return new Uint8Array(Float32Array.from(tensor.floatData).buffer);
  if (dataType === types.INT64) return new Uint8Array(BigInt64Array.from(tensor.int64Data, BigInt).buffer);
  if (dataType === types.INT32) return new Uint8Array(Int32Array.from(tensor.int32Data).buffer);
  if (dataType === types.FLOAT16) return new Uint8Array(Uint16Array.from(tensor.int32Data).buffer);
  if (dataType === types.UINT8) return Uint8Array.from(tensor.int32Data);
  return null;
}

const shown = (name: string): string => JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}...` : name);
