// A model -> what the packages after this one need of it: sizes, streamed weights and where they lie, the graph,
// the tokenizer. Reads the header and the norms; the weights stay where they are.
import { type ModelChunks, planChunks } from './architecture/chunks.ts';
import { everyTensor } from './architecture/layer-tensors.ts';
import { type ModelOutline, readOutline } from './architecture/outline.ts';
import { readInverseFrequencies } from './architecture/rotary.ts';
import type { GgufHeader, GgufTensor } from './gguf/header.ts';
import { TensorReader } from './gguf/tensor-data.ts';
import { buildStreamedGraph, type GraphVectors } from './graph/streamed-graph.ts';
import { folderChatTemplate } from './huggingface/chat-template.ts';
import { type ImportOptions, modelDirectory, readModelHeader } from './model-header.ts';
import { findOnnxFolder } from './onnx-folder/find.ts';
import { importOnnxFolder, inspectOnnxFolder } from './onnx-folder/import.ts';
import { compileTokenizer } from './tokenizer/compile.ts';
import { compileTokenizerFile } from './tokenizer/from-file.ts';
import type { ImportedModel, ModelSummary } from './types.ts';

interface OpenedModel {
  header: GgufHeader;
  outline: ModelOutline;
  chunks: ModelChunks;
}

function readModel(path: string, options: ImportOptions): OpenedModel {
  const header = readModelHeader(path, options);
  const outline = readOutline(header);
  return { header, outline, chunks: planChunks(header, outline) };
}

/** What the header alone says; as cheap as reading it. Throws ModelError. */
export function inspectModel(path: string, options: ImportOptions = {}): ModelSummary {
  const onnx = findOnnxFolder(path);
  if (onnx) return inspectOnnxFolder(path, onnx);
  const { header, outline, chunks } = readModel(path, options);
  return {
    path,
    fileBytes: header.fileBytes,
    config: outline.config,
    chunks: chunks.inOrder,
    headerDigest: header.digest,
  };
}

/** Reads the header, the norms and the tokenizer. Throws ModelError and TokenizerError. */
export async function importModel(path: string, options: ImportOptions = {}): Promise<ImportedModel> {
  const onnx = findOnnxFolder(path);
  if (onnx) return importOnnxFolder(path, onnx);
  const { header, outline, chunks } = readModel(path, options);
  const vectors = await readVectors(header, outline);
  const directory = modelDirectory(path);
  return {
    path,
    files: header.files,
    fileBytes: header.fileBytes,
    config: outline.config,
    chunks: chunks.inOrder,
    graph: buildStreamedGraph(outline, chunks, vectors),
    tokenizer: directory === null ? compileTokenizer(header.metadata) : compileTokenizerFile(directory),
    chatTemplate: directory === null ? chatTemplateOf(header) : folderChatTemplate(directory),
  };
}

/**
 * The compiled tokenizer of a model whose architecture need not be known, or of a tokenizer's own file. Throws ModelError
 * and TokenizerError.
 */
export async function importTokenizer(path: string): Promise<Uint8Array> {
  return compileTokenizerFile(modelDirectory(path) ?? path);
}

async function readVectors({ path, files }: GgufHeader, outline: ModelOutline): Promise<GraphVectors> {
  const reader = await TensorReader.open(files);
  try {
    const values = new Map<GgufTensor, Float32Array>();
    for (const tensor of [outline.outputNorm, ...outline.layers.flatMap(everyTensor)]) {
      if (tensor.dimensions.length === 1) values.set(tensor, await reader.floats(tensor));
    }
    return { values, inverseFrequencies: await readInverseFrequencies(path, outline.attention, reader) };
  } finally {
    await reader.close();
  }
}

function chatTemplateOf(header: GgufHeader): string | null {
  const template = header.metadata.get('tokenizer.chat_template');
  return typeof template === 'string' ? template : null;
}
