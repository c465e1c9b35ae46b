// Reads tensors of a GGUF as float32: small ones whole, large ones in pieces.
import { type FileHandle, open } from 'node:fs/promises';
import { ModelError } from '../model-error.ts';
import type { WeightKind } from '../types.ts';
import { dequantize } from './dequantize.ts';
import type { GgufTensor } from './header.ts';
import { isWeightKind } from './tensor-types.ts';

/** Source bytes of one piece; the floats made of it take up to 7.1 times as much. */
const pieceBytes = 1 << 20;

/** The kind of a tensor that is computed with. Throws UNSUPPORTED_TYPE. */
export function weightKind(path: string, tensor: GgufTensor): WeightKind {
  if (isWeightKind(tensor.type.name)) return tensor.type.name;
  throw new ModelError(
    'UNSUPPORTED_TYPE',
    `${path}: the tensor ${tensor.name} is ${tensor.type.name}; F32, F16, Q8_0, Q4_0 and Q4_1 are supported: get or make the model in one of them`,
  );
}

/** A model file whose tensors are read. Close it. */
export class TensorReader {
  readonly #path: string;
  readonly #file: FileHandle;

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  static async open(path: string): Promise<TensorReader> {
    try {
      return new TensorReader(path, await open(path, 'r'));
    } catch (cause) {
      throw new ModelError('MODEL_UNREADABLE', `cannot read the model ${path}: ${cause}`, { cause });
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  /** The whole tensor: for small ones. */
  async floats(tensor: GgufTensor): Promise<Float32Array> {
    const floats = new Float32Array((tensor.bytes / tensor.type.bytes) * tensor.type.values);
    let end = 0;
    for await (const piece of this.pieces(tensor)) {
      floats.set(piece, end);
      end += piece.length;
    }
    return floats;
  }

  /** The tensor's values in order, piece by piece; a piece is valid until the next is asked for. */
  async *pieces(tensor: GgufTensor): AsyncGenerator<Float32Array> {
    const kind = weightKind(this.#path, tensor);
    const { bytes: blockBytes, values } = tensor.type;
    const blocks = Math.min(Math.floor(pieceBytes / blockBytes), tensor.bytes / blockBytes);
    const source = new Uint8Array(blocks * blockBytes);
    const floats = new Float32Array(blocks * values);
    for (let done = 0; done < tensor.bytes; done += source.length) {
      const piece = source.subarray(0, tensor.bytes - done);
      await this.#read(piece, tensor.offset + done, tensor.name);
      dequantize(kind, piece, floats);
      yield floats.subarray(0, (piece.length / blockBytes) * values);
    }
  }

  async #read(into: Uint8Array, offset: number, name: string): Promise<void> {
    for (let filled = 0; filled < into.length; ) {
      const { bytesRead } = await this.#file
        .read(into, filled, into.length - filled, offset + filled)
        .catch((cause) => {
          throw new ModelError(
            'MODEL_UNREADABLE',
            `cannot read the tensor ${name} of ${this.#path}: ${cause.message}`,
            { cause },
          );
        });
      if (bytesRead === 0) {
        throw new ModelError(
          'MODEL_TRUNCATED',
          `${this.#path}: the file ends inside the tensor ${name}; it changed while it was read: fetch it again`,
        );
      }
      filled += bytesRead;
    }
  }
}
