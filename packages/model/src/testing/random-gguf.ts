// Writes a GGUF of random weights at a given shape: for tests that need a model in milliseconds, and for benchmarks of
// models that cannot be had. Weights are scaled so that activations stay near 1 through any number of layers. Memory is
// bounded: rows are made and written piece by piece. The same options give the same bytes.
import { closeSync, openSync, readSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { readGgufHeader } from '../gguf/header.ts';
import { rowBytes } from '../gguf/tensor-types.ts';
import type { ExpertConfig, GgufKind } from '../types.ts';
import { type Family, type FamilyName, families } from './families.ts';
import { ggufHeader, type MetadataEntry, type TensorEntry } from './gguf-writer.ts';
import { Random } from './random.ts';
import { randomRows, signRow } from './random-rows.ts';
import { llama3Factors, type ModelShape, type ShapeName, shapes } from './shapes.ts';
import { leastVocabularySize, tinyTokenizer } from './vocabulary.ts';

export interface RandomGgufOptions {
  /** general.architecture; default llama. */
  family?: FamilyName | undefined;
  /** Keys of the architecture ("attention.sliding_window"), beside or in place of those that follow from the shape. */
  keys?: Record<string, number | string | boolean[]> | undefined;
  /** LongRoPE's divisors per pair, for short and long contexts. */
  ropeFactors?: { short: number[]; long: number[] } | undefined;
  /** A published shape, or sizes that replace some of tiny's. */
  shape?: ShapeName | Partial<ModelShape> | undefined;
  /** Of all matrices but embedding and head. Default Q4_0. */
  kind?: GgufKind | undefined;
  /** Of the embedding, and of the head; default more bits for kinds with 4 or 5 (as quantizers do), else `kind`. */
  embeddingKind?: GgufKind | undefined;
  headKind?: GgufKind | undefined;
  /** Kinds of single tensors by name ("blk.0.attn_q.weight"), for mixtures. */
  kinds?: Record<string, GgufKind> | undefined;
  /** Overrides the shape's. */
  tiedHead?: boolean | undefined;
  /** A GGUF whose tokenizer, chat template included, is copied; null (the default) for a tiny one. */
  tokenizerFrom?: string | null | undefined;
  /** Only for the tiny tokenizer; default the least it can have, rounded up to 288. */
  vocabularySize?: number | undefined;
  /** A mixture of experts in place of the feed-forward part; with a shared one where sharedFeedForwardSize is not 0. */
  experts?: ExpertConfig | undefined;
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
    const header = ggufHeader([...modelMetadata(shape, options), ...tokenizer.metadata], tensors, alignment);
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

function modelMetadata(
  shape: ModelShape,
  { family = 'llama', keys = {}, experts }: RandomGgufOptions,
): MetadataEntry[] {
  const own: Record<string, number | string | boolean[]> = {
    block_count: shape.layers,
    context_length: shape.contextLength,
    embedding_length: shape.hiddenSize,
    feed_forward_length: shape.feedForwardSize,
    'attention.head_count': shape.heads,
    'attention.head_count_kv': shape.kvHeads,
    'attention.key_length': shape.headSize,
    'attention.value_length': shape.headSize,
    'rope.dimension_count': shape.headSize,
    ...(experts && {
      expert_count: experts.count,
      expert_used_count: experts.used,
      ...(experts.feedForwardSize !== shape.feedForwardSize && { expert_feed_forward_length: experts.feedForwardSize }),
      ...(experts.sharedFeedForwardSize > 0 && { expert_shared_feed_forward_length: experts.sharedFeedForwardSize }),
    }),
    ...keys,
  };
  return [
    { key: 'general.architecture', type: 'string', value: family },
    { key: 'general.name', type: 'string', value: 'random weights' },
    ...Object.entries(own).map(([key, value]) => entry(`${family}.${key}`, value)),
    { key: `${family}.rope.freq_base`, type: 'f32', value: shape.ropeBase },
    { key: `${family}.attention.layer_norm_rms_epsilon`, type: 'f32', value: shape.normEpsilon },
  ];
}

/** Keys that may be broken, by how they end: a whole number in them is a float too. */
const floats = /softcapping|factor|freq_base_swa|scale|beta_(fast|slow)|multiplier$/;

function entry(key: string, value: number | string | boolean[]): MetadataEntry {
  if (typeof value === 'string') return { key, type: 'string', value };
  if (typeof value === 'object') return { key, type: 'bools', value };
  return { key, type: floats.test(key) ? 'f32' : 'u32', value };
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

function quantizersEmbedding(kind: GgufKind): GgufKind {
  if (/^Q[45]_[01]$/.test(kind)) return 'Q8_0';
  return /^Q[45]_K$/.test(kind) ? 'Q6_K' : kind;
}

function layOut(shape: ModelShape, vocabularySize: number, options: RandomGgufOptions): Tensor[] {
  const { hiddenSize, feedForwardSize, heads, kvHeads, headSize, layers } = shape;
  const seed = options.seed ?? 1;
  const kind = options.kind ?? 'Q4_0';
  const embeddingKind = options.embeddingKind ?? quantizersEmbedding(kind);
  const tensors: Tensor[] = [];
  let offset = 0;
  const add = (name: string, dimensions: number[], defaultKind: GgufKind, fill: (kind: GgufKind) => Tensor['fill']) => {
    const ownKind = options.kinds?.[name] ?? defaultKind;
    const bytes = rowBytes(ownKind, dimensions[0] as number) * dimensions.slice(1).reduce((all, size) => all * size, 1);
    tensors.push({ name, dimensions, kind: ownKind, offset, bytes, fill: fill(ownKind) });
    offset += Math.ceil(bytes / alignment) * alignment;
  };
  const matrix = (name: string, rows: number, columns: number, deviation: number, defaultKind = kind, count = 0) => {
    const random = new Random(seed, tensors.length);
    add(name, count > 0 ? [columns, rows, count] : [columns, rows], defaultKind, (ownKind) => {
      const write = randomRows(ownKind, deviation);
      return (out) => write(random, out);
    });
  };
  const vector = (name: string, size: number, least: number, range: number) => {
    const random = new Random(seed, tensors.length);
    add(name, [size], 'F32', () => (out) => {
      const weights = Float32Array.from({ length: size }, () => least + range * random.uniform());
      out.set(new Uint8Array(weights.buffer));
    });
  };
  const norm = (name: string) => vector(name, hiddenSize, 0.8, 0.4);
  /** `shift`: row t is that of token t - shift. */
  const signs = (name: string, shift: number, defaultKind: GgufKind) =>
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
  const fixed = (name: string, values: Float32Array) =>
    add(name, [values.length], 'F32', () => (out) => out.set(new Uint8Array(values.buffer)));
  const factors = llama3Factors(shape);
  if (factors) fixed('rope_freqs.weight', factors);
  if (options.ropeFactors) {
    fixed('rope_factors_long.weight', Float32Array.from(options.ropeFactors.long));
    fixed('rope_factors_short.weight', Float32Array.from(options.ropeFactors.short));
  }
  // Each layer adds two branches to the residual; together they outweigh the embedding, or it them if peaky.
  const branch = ((options.peaky ? 0.5 : 2) * embeddingDeviation) / Math.sqrt(2 * layers);
  const { normsBefore, normsAfter, queryKeyNorm, biases, fused }: Family = families[options.family ?? 'llama'];
  const [queryWidth, keyWidth] = [heads * headSize, kvHeads * headSize];
  const fromHidden = 1 / Math.sqrt(hiddenSize);
  for (let layer = 0; layer < layers; layer++) {
    const name = (part: string) => `blk.${layer}.${part}`;
    const project = (part: string, rows: number) => matrix(name(`${part}.weight`), rows, hiddenSize, fromHidden);
    if (normsBefore) norm(name('attn_norm.weight'));
    if (fused) project('attn_qkv', queryWidth + 2 * keyWidth);
    else {
      project('attn_q', queryWidth);
      project('attn_k', keyWidth);
      project('attn_v', keyWidth);
    }
    if (biases) {
      vector(name('attn_q.bias'), queryWidth, -0.5, 1);
      vector(name('attn_k.bias'), keyWidth, -0.5, 1);
      vector(name('attn_v.bias'), keyWidth, -0.5, 1);
    }
    if (queryKeyNorm !== 'none') {
      vector(name('attn_q_norm.weight'), queryKeyNorm === 'head' ? headSize : queryWidth, 0.5, 1);
      vector(name('attn_k_norm.weight'), queryKeyNorm === 'head' ? headSize : keyWidth, 0.5, 1);
    }
    matrix(name('attn_output.weight'), hiddenSize, queryWidth, branch / Math.sqrt(queryWidth));
    if (normsAfter) norm(name('post_attention_norm.weight'));
    if (normsBefore) norm(name('ffn_norm.weight'));
    // silu(gate) * up of normal values has a root mean square of about 0.6.
    const down = (part: string, width: number, count = 0) =>
      matrix(name(`${part}.weight`), hiddenSize, width, branch / (0.6 * Math.sqrt(width)), kind, count);
    if (options.experts) {
      const { count, feedForwardSize: width, sharedFeedForwardSize: shared } = options.experts;
      matrix(name('ffn_gate_inp.weight'), count, hiddenSize, 2 * fromHidden, 'F32');
      for (const part of ['ffn_gate_exps', 'ffn_up_exps'])
        matrix(name(`${part}.weight`), width, hiddenSize, fromHidden, kind, count);
      down('ffn_down_exps', width, count);
      if (shared > 0) {
        project('ffn_gate_shexp', shared);
        project('ffn_up_shexp', shared);
        down('ffn_down_shexp', shared);
        vector(name('ffn_gate_inp_shexp.weight'), hiddenSize, -0.5, 1);
      }
    } else {
      if (!fused) project('ffn_gate', feedForwardSize);
      project('ffn_up', (fused ? 2 : 1) * feedForwardSize);
      down('ffn_down', feedForwardSize);
    }
    if (normsAfter) norm(name('post_ffw_norm.weight'));
  }
  norm('output_norm.weight');
  const headKind = options.headKind ?? embeddingKind;
  if (!tied && options.peaky) signs('output.weight', 1, headKind);
  else if (!tied) matrix('output.weight', vocabularySize, hiddenSize, embeddingDeviation, headKind);
  return tensors;
}

/** Returns the bytes written, padding included. */
function writeTensor(fd: number, tensor: Tensor): number {
  const rows = tensor.dimensions.slice(1).reduce((all, size) => all * size, 1);
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
