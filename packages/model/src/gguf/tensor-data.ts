// Reads tensors as float32: small ones whole, large ones in pieces.
import { type FileHandle, open } from 'node:fs/promises';
import { ModelError } from '../model-error.ts';
import type { GgufKind, SourceFile } from '../types.ts';
import { dequantize } from './dequantize.ts';
import { expandFloats, formBytes } from './float-forms.ts';
import type { GgufTensor } from './header.ts';
import { isWeightKind, tensorTypeNumbers } from './tensor-types.ts';

/** Source bytes of one piece; the floats made of it take up to 7.1 times as much. */
const pieceBytes = 1 << 20;

/** The kind of a tensor that is computed with. Throws UNSUPPORTED_TYPE. */
export function weightKind(path: string, tensor: GgufTensor): GgufKind {
  if (isWeightKind(tensor.type.name)) return tensor.type.name;
  throw new ModelError(
    'UNSUPPORTED_TYPE',
    `${path}: the tensor ${tensor.name} is ${tensor.type.name}; ${Object.keys(tensorTypeNumbers).join(', ')} are supported: get or make the model in one of them`,
  );
}

/** A model whose tensors are read. Close it. */
export class TensorReader {
  readonly #files: { path: string; file: FileHandle }[];

  private constructor(files: { path: string; file: FileHandle }[]) {
    this.#files = files;
  }

  /** @param source the path of a GGUF, or a header's files: a tensor names its own by index */
  static async open(source: string | readonly Pick<SourceFile, 'path'>[]): Promise<TensorReader> {
    const reader = new TensorReader([]);
    for (const { path } of typeof source === 'string' ? [{ path: source }] : source) {
      try {
        reader.#files.push({ path, file: await open(path, 'r') });
      } catch (cause) {
        await reader.close();
        throw new ModelError('MODEL_UNREADABLE', `cannot read the model ${path}: ${cause}`, { cause });
      }
    }
    return reader;
  }

  async close(): Promise<void> {
    await Promise.all(this.#files.map(({ file }) => file.close()));
  }

  /** The whole tensor: for small ones. */
  async floats(tensor: GgufTensor): Promise<Float32Array> {
    const floats = new Float32Array(tensor.dimensions.reduce((product, size) => product * size, 1));
    let end = 0;
    for await (const piece of this.pieces(tensor)) {
      floats.set(piece, end);
      end += piece.length;
    }
    return floats;
  }

  /** The tensor's values in order, piece by piece; a piece is valid until the next is asked for. */
  async *pieces(tensor: GgufTensor): AsyncGenerator<Float32Array> {
    if (tensor.values) return yield tensor.values;
    const { form = null, addend = 0, file = 0 } = tensor.source ?? {};
    const kind = weightKind(this.#files[file]?.path ?? '', tensor);
    const { bytes: blockBytes, values } = form === null ? tensor.type : { bytes: formBytes[form], values: 1 };
    const blocks = Math.min(Math.floor(pieceBytes / blockBytes), tensor.bytes / blockBytes);
    const source = new Uint8Array(blocks * blockBytes);
    const floats = new Float32Array(blocks * values);
    for (let done = 0; done < tensor.bytes; done += source.length) {
      const piece = source.subarray(0, tensor.bytes - done);
      await this.#read(piece, file, tensor.offset + done, tensor.name);
      if (form === null) dequantize(kind, piece, floats);
      else expandFloats(form, piece, floats);
      const read = floats.subarray(0, (piece.length / blockBytes) * values);
      yield addend === 0 ? read : read.map((value) => value + addend);
    }
  }

  async #read(into: Uint8Array, index: number, offset: number, name: string): Promise<void> {
    const source = this.#files[index];
    if (!source) throw new ModelError('MODEL_INVALID', `the tensor ${name} lies in file ${index}, which is not open`);
    const { path, file } = source;
    for (let filled = 0; filled < into.length; ) {
      const { bytesRead } = await file.read(into, filled, into.length - filled, offset + filled).catch((cause) => {
        throw new ModelError('MODEL_UNREADABLE', `cannot read the tensor ${name} of ${path}: ${cause.message}`, {
          cause,
        });
      });
      if (bytesRead === 0) {
        throw new ModelError(
          'MODEL_TRUNCATED',
          `${path}: the file ends inside the tensor ${name}; it changed while it was read: fetch it again`,
        );
      }
      filled += bytesRead;
    }
  }
}
