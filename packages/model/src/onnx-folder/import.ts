// An ONNX folder -> an imported model: its own graph with streamed operators in it.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { folderChatTemplate } from '../huggingface/chat-template.ts';
import { readJsonFile } from '../json-file.ts';
import { ModelError } from '../model-error.ts';
import { compileTokenizerFile } from '../tokenizer/from-file.ts';
import type { ImportedModel, ModelConfig, ModelSummary } from '../types.ts';
import type { OnnxFolder } from './find.ts';
import { GraphView } from './graph-view.ts';
import { Initializers } from './initializers.ts';
import { type RewrittenGraph, rewriteGraph } from './rewrite.ts';
import { skimModel } from './skim.ts';

/** Throws ModelError. */
export function inspectOnnxFolder(path: string, folder: OnnxFolder): ModelSummary {
  const { rewritten, initializers, config } = readOnnxModel(folder);
  const sizes = initializers.files.map(({ bytes }) => bytes).join();
  const digest = createHash('sha256')
    .update(readFileSync(folder.model).subarray(0, 1 << 20))
    .update(sizes)
    .digest('hex');
  return {
    path,
    fileBytes: initializers.files.reduce((sum, { bytes }) => sum + bytes, 0),
    config,
    chunks: rewritten.chunks,
    headerDigest: `sha256:${digest}`,
  };
}

/** Throws ModelError and TokenizerError. */
export function importOnnxFolder(path: string, folder: OnnxFolder): ImportedModel {
  const { rewritten, initializers, config } = readOnnxModel(folder);
  return {
    path,
    files: initializers.files,
    fileBytes: initializers.files.reduce((sum, { bytes }) => sum + bytes, 0),
    config,
    chunks: rewritten.chunks,
    graph: rewritten.graph,
    tokenizer: compileTokenizerFile(folder.directory),
    chatTemplate: folderChatTemplate(folder.directory),
  };
}

function readOnnxModel(folder: OnnxFolder): {
  rewritten: RewrittenGraph;
  initializers: Initializers;
  config: ModelConfig;
} {
  const { model } = skimModel(folder.model);
  const { graph } = model;
  if (graph === undefined) throw new ModelError('MODEL_INVALID', `${folder.model} holds no graph; get it again`);
  const functions = model._unknownFields?.[functionsTag];
  if (functions !== undefined) {
    throw new ModelError(
      'UNSUPPORTED_GRAPH',
      `${folder.model} defines functions of its own; export it with them inlined`,
    );
  }
  const initializers = new Initializers(folder.model, graph.initializer);
  const domains = Object.fromEntries(model.opsetImport.map(({ domain, version }) => [domain, version]));
  const name = nameOf(folder.directory);
  const rewritten = rewriteGraph(new GraphView(folder.model, graph, initializers), name, domains);
  return { rewritten, initializers, config: configOf(folder, name, rewritten) };
}

/** Field 25 of a ModelProto, length-delimited. */
const functionsTag = 25 * 8 + 2;

function configOf({ directory, model }: OnnxFolder, name: string, rewritten: RewrittenGraph): ModelConfig {
  const { attentions, hiddenSize, vocabularySize, tiedHead, widestBranch } = rewritten;
  const [first] = attentions as [RewrittenGraph['attentions'][0]];
  const other = attentions.find(
    (one) => one.kvHeads !== first.kvHeads || one.headSize !== first.headSize || one.heads !== first.heads,
  );
  if (other)
    throw new ModelError('UNSUPPORTED_GRAPH', `${model}: layers differ in their heads, which is not supported`);
  const { type, contextLength } = declared(directory);
  const cached = Math.min(...attentions.map(({ rotation }) => rotation?.positions ?? Number.POSITIVE_INFINITY));
  const maxContextLength = contextLength ?? cached;
  if (!Number.isSafeInteger(maxContextLength) || maxContextLength < 1) {
    throw new ModelError(
      'MODEL_INVALID',
      `${directory}: neither genai_config.json nor config.json says a context length`,
    );
  }
  return {
    architecture: type,
    name,
    layers: attentions.length,
    hiddenSize,
    feedForwardSize: widestBranch,
    heads: first.heads,
    kvHeads: first.kvHeads,
    headSize: first.headSize,
    vocabularySize,
    maxContextLength,
    tiedHead,
  };
}

/** What the files beside the graph say about it. */
function declared(directory: string): { type: string; contextLength: number | null } {
  const read = (name: string): Record<string, unknown> =>
    existsSync(join(directory, name)) ? readJsonFile(join(directory, name)) : {};
  const genai = (read('genai_config.json').model ?? {}) as Record<string, unknown>;
  const config = read('config.json');
  const type = genai.type ?? config.model_type;
  const length = [genai.context_length, config.max_position_embeddings].find((one) => Number.isSafeInteger(one));
  return { type: typeof type === 'string' ? type : 'onnx', contextLength: (length as number | undefined) ?? null };
}

const nameOf = (directory: string): string => basename(resolve(directory));
