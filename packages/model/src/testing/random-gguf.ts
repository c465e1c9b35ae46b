// Writes a GGUF of random weights at a given shape: for tests that need a model in milliseconds, and for benchmarks of
// models that cannot be had. Weights are scaled so that activations stay near 1 through any number of layers. Memory is
// bounded: rows are made and written piece by piece. The same options give the same bytes.
import { closeSync, openSync, readSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { readGgufHeader } from '../gguf/header.ts';
import { rowBytes } from '../gguf/tensor-types.ts';
import type { WeightKind } from '../types.ts';
import { ggufHeader, type MetadataEntry, type TensorEntry } from './gguf-writer.ts';
import { Random } from './random.ts';
import { randomRows, signRow } from './random-rows.ts';
import { llama3Factors, type ModelShape, type ShapeName, shapes } from './shapes.ts';
import { leastVocabularySize, tinyTokenizer } from './vocabulary.ts';

export interface RandomGgufOptions {
  /** A published shape, or sizes that replace some of tiny's. */
  shape?: ShapeName | Partial<ModelShape> | undefined;
  /** Of all matrices but embedding and head. Default Q4_0. */
  kind?: WeightKind | undefined;
  /** Of the embedding, and of the head; default Q8_0 for the kinds with 4 bits (as quantizers do), else `kind`. */
  embeddingKind?: WeightKind | undefined;
  headKind?: WeightKind | undefined;
  /** Kinds of single tensors by name ("blk.0.attn_q.weight"), for mixtures. */
  kinds?: Record<string, WeightKind> | undefined;
  /** Overrides the shape's. */
  tiedHead?: boolean | undefined;
  /** A GGUF whose tokenizer, chat template included, is copied; null (the default) for a tiny one. */
  tokenizerFrom?: string | null | undefined;
  /** Only for the tiny tokenizer; default the least it can have, rounded up to 288. */
  vocabularySize?: number | undefined;
  seed?: number | undefined;
  /**
   * Makes the greedy continuation decisive, so that rounding cannot change it: embedding rows are random signs that
   * outweigh what the layers add. With an untied head the token t is followed by t + 1, with a tied one by itself.
   */
  peaky?: boolean | undefined;
}

export interface RandomGguf {
  path: string;
  fileBytes: number;
  vocabularySize: number;
  /** Of the matrices: what a pass streams. */
  weightBytes: number;
}

interface Tensor extends TensorEntry {
  bytes: number;
  /** Makes the rows from `first` on into `out`, which holds whole rows. */
  fill: (out: Uint8Array, first: number) => void;
}

const pieceBytes = 1 << 20;
const alignment = 32;
const logitDeviation = 1.5;

export function writeRandomGguf(path: string, options: RandomGgufOptions = {}): RandomGguf {
  const shape: ModelShape =
    typeof options.shape === 'string' ? shapes[options.shape] : { ...shapes.tiny, ...options.shape };
  const tokenizer = tokenizerMetadata(options);
  const tensors = layOut(shape, tokenizer.size, options);
  const part = `${path}.part`;
  const fd = openSync(part, 'w');
  try {
    const header = ggufHeader([...modelMetadata(shape), ...tokenizer.metadata], tensors, alignment);
    writeFileSync(fd, header);
    let fileBytes = header.length;
    for (const tensor of tensors) fileBytes += writeTensor(fd, tensor);
    renameSync(part, path);
    const weightBytes = tensors.reduce((sum, { dimensions, bytes }) => sum + (dimensions.length > 1 ? bytes : 0), 0);
    return { path, fileBytes, vocabularySize: tokenizer.size, weightBytes };
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}

function modelMetadata(shape: ModelShape): MetadataEntry[] {
  const integer = (key: string, value: number): MetadataEntry => ({ key: `llama.${key}`, type: 'u32', value });
  return [
    { key: 'general.architecture', type: 'string', value: 'llama' },
    { key: 'general.name', type: 'string', value: 'random weights' },
    integer('block_count', shape.layers),
    integer('context_length', shape.contextLength),
    integer('embedding_length', shape.hiddenSize),
    integer('feed_forward_length', shape.feedForwardSize),
    integer('attention.head_count', shape.heads),
    integer('attention.head_count_kv', shape.kvHeads),
    integer('attention.key_length', shape.headSize),
    integer('attention.value_length', shape.headSize),
    integer('rope.dimension_count', shape.headSize),
    { key: 'llama.rope.freq_base', type: 'f32', value: shape.ropeBase },
    { key: 'llama.attention.layer_norm_rms_epsilon', type: 'f32', value: shape.normEpsilon },
  ];
}

function tokenizerMetadata(options: RandomGgufOptions): { metadata: MetadataEntry[]; size: number } {
  if (!options.tokenizerFrom) {
    const size = options.vocabularySize ?? Math.ceil(leastVocabularySize / 32) * 32;
    return { metadata: tinyTokenizer(size), size };
  }
  const source = readGgufHeader(options.tokenizerFrom);
  const tokens = source.metadata.get('tokenizer.ggml.tokens');
  if (!tokens || typeof tokens !== 'object') throw new Error(`${options.tokenizerFrom} has no tokenizer.ggml.tokens`);
  const fd = openSync(options.tokenizerFrom, 'r');
  try {
    const metadata = [...source.metadataRanges]
      .filter(([key]) => key.startsWith('tokenizer.'))
      .map(([key, { begin, end }]): MetadataEntry => {
        const value = Buffer.alloc(end - begin);
        if (readSync(fd, value, 0, value.length, begin) !== value.length)
          throw new Error(`${options.tokenizerFrom} ends in ${key}`);
        return { key, type: 'raw', value };
      });
    return { metadata, size: tokens.length };
  } finally {
    closeSync(fd);
  }
}

function layOut(shape: ModelShape, vocabularySize: number, options: RandomGgufOptions): Tensor[] {
  const { hiddenSize, feedForwardSize, heads, kvHeads, headSize, layers } = shape;
  const seed = options.seed ?? 1;
  const kind = options.kind ?? 'Q4_0';
  const embeddingKind = options.embeddingKind ?? (kind === 'Q4_0' || kind === 'Q4_1' ? 'Q8_0' : kind);
  const tensors: Tensor[] = [];
  let offset = 0;
  const add = (
    name: string,
    dimensions: number[],
    defaultKind: WeightKind,
    fill: (kind: WeightKind) => Tensor['fill'],
  ) => {
    const ownKind = options.kinds?.[name] ?? defaultKind;
    const bytes = rowBytes(ownKind, dimensions[0] as number) * (dimensions[1] ?? 1);
    tensors.push({ name, dimensions, kind: ownKind, offset, bytes, fill: fill(ownKind) });
    offset += Math.ceil(bytes / alignment) * alignment;
  };
  const matrix = (name: string, rows: number, columns: number, deviation: number, defaultKind = kind) => {
    const random = new Random(seed, tensors.length);
    add(name, [columns, rows], defaultKind, (ownKind) => {
      const write = randomRows(ownKind, deviation);
      return (out) => write(random, out);
    });
  };
  const norm = (name: string) => {
    const random = new Random(seed, tensors.length);
    add(name, [hiddenSize], 'F32', () => (out) => {
      const weights = Float32Array.from({ length: hiddenSize }, () => 0.8 + 0.4 * random.uniform());
      out.set(new Uint8Array(weights.buffer));
    });
  };
  /** `shift`: row t is that of token t - shift. */
  const signs = (name: string, shift: number, defaultKind: WeightKind) =>
    add(name, [hiddenSize, vocabularySize], defaultKind, (ownKind) => (out, first) => {
      const bytes = rowBytes(ownKind, hiddenSize);
      for (let row = 0; row * bytes < out.length; row++) {
        const token = (first + row + vocabularySize - shift) % vocabularySize;
        out.set(signRow(ownKind, hiddenSize, embeddingDeviation, new Random(seed, 1e6 + token)), row * bytes);
      }
    });

  // The head multiplies values of root mean square 1: logits then have this standard deviation.
  const embeddingDeviation = logitDeviation / Math.sqrt(hiddenSize);
  const tied = options.tiedHead ?? shape.tiedHead;
  if (options.peaky) signs('token_embd.weight', 0, embeddingKind);
  else matrix('token_embd.weight', vocabularySize, hiddenSize, embeddingDeviation, embeddingKind);
  const factors = llama3Factors(shape);
  if (factors)
    add('rope_freqs.weight', [factors.length], 'F32', () => (out) => out.set(new Uint8Array(factors.buffer)));
  // Each layer adds two branches to the residual; together they outweigh the embedding, or it them if peaky.
  const branch = ((options.peaky ? 0.5 : 2) * embeddingDeviation) / Math.sqrt(2 * layers);
  for (let layer = 0; layer < layers; layer++) {
    const name = (part: string) => `blk.${layer}.${part}.weight`;
    norm(name('attn_norm'));
    matrix(name('attn_q'), heads * headSize, hiddenSize, 1 / Math.sqrt(hiddenSize));
    matrix(name('attn_k'), kvHeads * headSize, hiddenSize, 1 / Math.sqrt(hiddenSize));
    matrix(name('attn_v'), kvHeads * headSize, hiddenSize, 1 / Math.sqrt(hiddenSize));
    matrix(name('attn_output'), hiddenSize, heads * headSize, branch / Math.sqrt(heads * headSize));
    norm(name('ffn_norm'));
    matrix(name('ffn_gate'), feedForwardSize, hiddenSize, 1 / Math.sqrt(hiddenSize));
    matrix(name('ffn_up'), feedForwardSize, hiddenSize, 1 / Math.sqrt(hiddenSize));
    // silu(gate) * up of normal values has a root mean square of about 0.6.
    matrix(name('ffn_down'), hiddenSize, feedForwardSize, branch / (0.6 * Math.sqrt(feedForwardSize)));
  }
  norm('output_norm.weight');
  const headKind = options.headKind ?? embeddingKind;
  if (!tied && options.peaky) signs('output.weight', 1, headKind);
  else if (!tied) matrix('output.weight', vocabularySize, hiddenSize, embeddingDeviation, headKind);
  return tensors;
}

/** Returns the bytes written, padding included. */
function writeTensor(fd: number, tensor: Tensor): number {
  const rows = tensor.dimensions[1] ?? 1;
  const oneRow = tensor.bytes / rows;
  const rowsAtOnce = Math.max(1, Math.floor(pieceBytes / oneRow));
  const piece = new Uint8Array(rowsAtOnce * oneRow);
  for (let first = 0; first < rows; first += rowsAtOnce) {
    const filled = piece.subarray(0, Math.min(rowsAtOnce, rows - first) * oneRow);
    tensor.fill(filled, first);
    writeFileSync(fd, filled);
  }
  const padding = (alignment - (tensor.bytes % alignment)) % alignment;
  writeFileSync(fd, new Uint8Array(padding));
  return tensor.bytes + padding;
}
