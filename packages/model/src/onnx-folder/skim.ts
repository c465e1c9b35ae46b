// Reads a model.onnx without its weights: large raw data of initializers is left where it is, and noted as external data
// in the model's own file, at its offset there. So a model of gigabytes with everything inside takes as much memory as its
// graph. Nothing in the file is believed: every length is held against what contains it before memory is taken.
// Wire format: https://protobuf.dev/programming-guides/encoding
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { ModelError } from '../model-error.ts';
import { ModelProto, TensorProto, TensorProto_DataLocation } from '../onnx/generated/onnx.ts';

/** Raw data up to here stays in the message: shapes, and other single numbers. */
const inlineBytes = 512;
const bufferBytes = 64 << 10;
/** What is left of a file without its weights: 100 layers make a few megabytes. */
const maxGraphBytes = 96 << 20;

const graphField = 7;
const initializerField = 5;
const rawDataField = 9;

/** The location that stands for the model's own file. */
export const ownFile = '';

export interface SkimmedModel {
  model: ModelProto;
  fileBytes: number;
}

/** Throws ModelError. */
export function skimModel(path: string): SkimmedModel {
  let fd: number | undefined;
  try {
    fd = openSync(path, 'r');
    const { size } = fstatSync(fd);
    return { model: new Skimmer(fd, path, size).model(), fileBytes: size };
  } catch (error) {
    if (error instanceof ModelError) throw error;
    if (error instanceof Error && 'syscall' in error) {
      throw new ModelError('MODEL_UNREADABLE', `cannot read ${path}: ${error.message}`, { cause: error });
    }
    // What the decoder throws: lengths past the end, numbers past 2^53, graphs within graphs without end.
    throw new ModelError('MODEL_INVALID', `${path} is no sound ONNX model: ${(error as Error).message}; get it again`);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

class Skimmer {
  readonly #fd: number;
  readonly #path: string;
  readonly #size: number;
  #kept = 0;
  #buffer: Buffer = Buffer.alloc(0);
  #bufferStart = 0;

  constructor(fd: number, path: string, size: number) {
    this.#fd = fd;
    this.#path = path;
    this.#size = size;
  }

  model(): ModelProto {
    const rest: Buffer[] = [];
    const graphs: ReturnType<Skimmer['graph']>[] = [];
    this.#fields(0, this.#size, (field, begin, bodyBegin, end) => {
      if (field === graphField) graphs.push(this.graph(bodyBegin, end));
      else rest.push(this.#keep(begin, end));
    });
    const [graph] = graphs;
    if (graph === undefined || graphs.length > 1) throw this.#invalid(`it holds ${graphs.length} graphs`);
    const model = ModelProto.decode(Buffer.concat([...rest, lengthDelimited(graphField, Buffer.concat(graph.rest))]));
    model.graph?.initializer.push(...graph.large);
    return model;
  }

  graph(begin: number, end: number): { rest: Buffer[]; large: TensorProto[] } {
    const rest: Buffer[] = [];
    const large: TensorProto[] = [];
    this.#fields(begin, end, (field, fieldBegin, bodyBegin, fieldEnd) => {
      if (field !== initializerField || fieldEnd - bodyBegin <= inlineBytes)
        rest.push(this.#keep(fieldBegin, fieldEnd));
      else large.push(this.#tensor(bodyBegin, fieldEnd));
    });
    return { rest, large };
  }

  #tensor(begin: number, end: number): TensorProto {
    const rest: Buffer[] = [];
    let raw: { offset: number; bytes: number } | null = null;
    this.#fields(begin, end, (field, fieldBegin, bodyBegin, fieldEnd) => {
      if (field === rawDataField) raw = { offset: bodyBegin, bytes: fieldEnd - bodyBegin };
      else rest.push(this.#keep(fieldBegin, fieldEnd));
    });
    const tensor = TensorProto.decode(Buffer.concat(rest));
    if (raw === null) return tensor;
    const { offset, bytes } = raw as { offset: number; bytes: number };
    return {
      ...tensor,
      dataLocation: TensorProto_DataLocation.EXTERNAL,
      externalData: [
        { key: 'location', value: ownFile },
        { key: 'offset', value: String(offset) },
        { key: 'length', value: String(bytes) },
      ],
    };
  }

  /** Calls `each` with every field of the message at [begin, end): its number, where it begins, its body, and its end. */
  #fields(
    begin: number,
    end: number,
    each: (field: number, begin: number, bodyBegin: number, end: number) => void,
  ): void {
    for (let at = begin; at < end; ) {
      const tag = this.#varint(at, end);
      const [field, wireType] = [Math.floor(tag.value / 8), tag.value % 8];
      let bodyBegin = tag.end;
      let fieldEnd = bodyBegin;
      if (wireType === 0) fieldEnd = this.#varint(bodyBegin, end).end;
      else if (wireType === 1) fieldEnd += 8;
      else if (wireType === 5) fieldEnd += 4;
      else if (wireType === 2) {
        const length = this.#varint(bodyBegin, end);
        bodyBegin = length.end;
        fieldEnd = bodyBegin + length.value;
      } else throw this.#invalid(`byte ${at} begins no field`);
      if (field === 0) throw this.#invalid(`byte ${at} begins no field`);
      if (fieldEnd > end) {
        throw new ModelError(
          'MODEL_TRUNCATED',
          `${this.#path}: a field at byte ${at} would end at byte ${fieldEnd}, what holds it ends at ${end}; get it again`,
        );
      }
      each(field, at, bodyBegin, fieldEnd);
      at = fieldEnd;
    }
  }

  #varint(at: number, end: number): { value: number; end: number } {
    const bytes = this.#peek(at, Math.min(10, end - at));
    let value = 0;
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i] as number;
      value += (byte & 127) * 2 ** (7 * i);
      if (byte < 128) return { value, end: at + i + 1 };
    }
    throw this.#invalid(`byte ${at} begins no number`);
  }

  /** A few bytes, through a buffer: fields are looked at one after the other. */
  #peek(at: number, count: number): Buffer {
    if (at < this.#bufferStart || at + count > this.#bufferStart + this.#buffer.length) {
      this.#buffer = this.#read(at, Math.min(bufferBytes, this.#size - at));
      this.#bufferStart = at;
    }
    return this.#buffer.subarray(at - this.#bufferStart, at - this.#bufferStart + count);
  }

  #keep(begin: number, end: number): Buffer {
    this.#kept += end - begin;
    if (this.#kept > maxGraphBytes) {
      throw new ModelError(
        'MODEL_INVALID',
        `${this.#path}: without its weights the model would take more than ${maxGraphBytes} bytes; ` +
          'weights have to be initializers with raw or external data',
      );
    }
    return this.#read(begin, end - begin);
  }

  #read(at: number, count: number): Buffer {
    const bytes = Buffer.alloc(count);
    for (let filled = 0; filled < count; ) {
      const read = readSync(this.#fd, bytes, filled, count - filled, at + filled);
      if (read === 0) throw new ModelError('MODEL_TRUNCATED', `${this.#path} ended while it was read; get it again`);
      filled += read;
    }
    return bytes;
  }

  #invalid(what: string): ModelError {
    return new ModelError('MODEL_INVALID', `${this.#path} is no sound ONNX model: ${what}; get it again`);
  }
}

function lengthDelimited(field: number, body: Buffer): Buffer {
  const head: number[] = [field * 8 + 2];
  let length = body.length;
  for (; length > 127; length = Math.floor(length / 128)) head.push((length % 128) | 128);
  head.push(length);
  return Buffer.concat([Buffer.from(head), body]);
}
