// `export-onnx`: model.onnx and, beside it, model.onnx.data with every weight as float32, exact. One tensor is read at a
// time, in pieces, so memory stays bounded whatever the model's size.
import type { FileHandle } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { everyTensor } from '../architecture/layer-tensors.ts';
import { type ModelOutline, readOutline } from '../architecture/outline.ts';
import { readInverseFrequencies } from '../architecture/rotary.ts';
import type { GgufTensor } from '../gguf/header.ts';
import { TensorReader } from '../gguf/tensor-data.ts';
import { readModelHeader } from '../model-header.ts';
import type { TensorProto } from '../onnx/generated/onnx.ts';
import { externalTensor } from '../onnx/model.ts';
import { OutputFiles } from './output-files.ts';
import { buildPlainGraph } from './plain-graph.ts';

export interface PlainOnnxExport {
  /** Paths. */
  model: string;
  data: string;
  data_bytes: number;
}

export interface ExportOptions {
  /** Bytes of float32 written, and to be written in all. */
  onProgress?: (bytesDone: number, bytesTotal: number) => void;
  signal?: AbortSignal;
}

const modelName = 'model.onnx';
const dataName = 'model.onnx.data';
/** Of each tensor in the data file: runtimes map pages. */
const alignment = 4096;
/** The graph beside the data: well below this for any number of layers. */
const graphBytes = 4 << 20;

interface Placed {
  tensor: GgufTensor;
  offset: number;
  bytes: number;
}

/**
 * Writes the model as one plain ONNX graph: input_ids int64 [1, T] -> logits float [1, T, V].
 * Throws ModelError; whatever happens, nothing half-made is left. `signal` stops it, with the signal's reason.
 */
export async function exportPlainOnnx(
  modelPath: string,
  outDir: string,
  { onProgress, signal }: ExportOptions = {},
): Promise<PlainOnnxExport> {
  const header = readModelHeader(modelPath, { quantize: 'none' });
  const outline = readOutline(header);
  const placed = place(outline);
  const last = placed.at(-1) as Placed;
  const bytesTotal = last.offset + last.bytes;

  const reader = await TensorReader.open(header.files);
  try {
    await OutputFiles.write(outDir, async (files) => {
      await files.requireRoom(bytesTotal + graphBytes);
      const data = await files.create(dataName);
      for (const { tensor, offset } of placed) {
        let at = offset;
        for await (const piece of reader.pieces(tensor)) {
          signal?.throwIfAborted();
          await writeAll(data, new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength), at);
          at += piece.byteLength;
          onProgress?.(at, bytesTotal);
        }
      }
      const frequencies = await readInverseFrequencies(modelPath, outline.attention, reader);
      const graph = buildPlainGraph(outline, frequencies, placed.map(initializer));
      await writeAll(await files.create(modelName), graph, 0);
    });
  } finally {
    await reader.close();
  }
  const directory = resolve(outDir);
  return { model: join(directory, modelName), data: join(directory, dataName), data_bytes: bytesTotal };
}

/** Every tensor of the graph once, a tied head too, in the order in which they are written. */
function place(outline: ModelOutline): Placed[] {
  const tensors = new Set([
    outline.embedding,
    ...outline.layers.flatMap(everyTensor),
    outline.outputNorm,
    outline.head,
  ]);
  let end = 0;
  return [...tensors].map((tensor) => {
    const offset = Math.ceil(end / alignment) * alignment;
    const bytes = tensor.dimensions.reduce((product, size) => product * size, Float32Array.BYTES_PER_ELEMENT);
    end = offset + bytes;
    return { tensor, offset, bytes };
  });
}

const initializer = ({ tensor, offset, bytes }: Placed): TensorProto =>
  externalTensor(tensor.name, tensor.dimensions.toReversed(), dataName, offset, bytes);

async function writeAll(file: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, offset + done);
    done += bytesWritten;
  }
}
