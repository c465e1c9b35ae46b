// From a header to the model's outline: sizes, and which tensor plays which part, every shape checked. A tensor or a key
// that would change the result and is not understood is refused: leaving it out would give fluent, wrong text.
import type { GgufHeader, GgufTensor } from '../gguf/header.ts';
import { StringTable } from '../gguf/string-table.ts';
import { ModelError } from '../model-error.ts';
import type { ModelConfig } from '../types.ts';
import { type Architecture, architectures } from './architectures.ts';
import { ModelKeys } from './keys.ts';
import { type Rotary, readRotary, rotaryFactorsTensor } from './rotary.ts';
import { TensorsByPart } from './tensors.ts';

/** Matrices are [rows][columns] and multiply a vector of `columns`. */
export interface LayerTensors {
  attentionNorm: GgufTensor;
  q: GgufTensor;
  k: GgufTensor;
  v: GgufTensor;
  attentionOutput: GgufTensor;
  feedForwardNorm: GgufTensor;
  gate: GgufTensor;
  up: GgufTensor;
  down: GgufTensor;
}

export interface ModelOutline {
  config: ModelConfig;
  normEpsilon: number;
  /** What scores are multiplied by before the softmax. */
  attentionScale: number;
  rotary: Rotary;
  /** Factors per pair, [rotary.dim / 2]. */
  rotaryFactors: GgufTensor | null;
  embedding: GgufTensor;
  layers: LayerTensors[];
  outputNorm: GgufTensor;
  /** The embedding itself where the head is tied. */
  head: GgufTensor;
}

/** Throws ModelError. */
export function readOutline(header: GgufHeader): ModelOutline {
  const keys = new ModelKeys(header);
  const architecture = findArchitecture(header, keys);
  refuseVariants(header, keys);

  const tensors = new TensorsByPart(header);
  const config = readConfig(header, keys, tensors);
  const { architecture: prefix, hiddenSize, vocabularySize } = config;
  const rotary = readRotary(header, keys, config.headSize, architecture.rotaryInterleaved);
  const normEpsilon = keys.number(`${prefix}.attention.layer_norm_rms_epsilon`);
  if (normEpsilon === undefined) throw keys.missing(`${prefix}.attention.layer_norm_rms_epsilon`);

  const embedding = tensors.matrix('token_embd.weight', vocabularySize, hiddenSize);
  // A block_count beyond the layers that are there ends at the first tensor that is missing.
  const layers: LayerTensors[] = [];
  for (let layer = 0; layer < config.layers; layer++) layers.push(layerTensors(tensors, layer, config));
  const outline: ModelOutline = {
    config,
    normEpsilon,
    attentionScale: 1 / Math.sqrt(config.headSize),
    rotary,
    rotaryFactors: tensors.find(rotaryFactorsTensor) ? tensors.vector(rotaryFactorsTensor, rotary.dim / 2) : null,
    embedding,
    layers,
    outputNorm: tensors.vector('output_norm.weight', hiddenSize),
    head: config.tiedHead ? embedding : tensors.matrix('output.weight', vocabularySize, hiddenSize),
  };
  tensors.refuseUnused(prefix);
  return outline;
}

function findArchitecture(header: GgufHeader, keys: ModelKeys): Architecture {
  const architecture = architectures.get(keys.architecture);
  if (architecture) return architecture;
  throw unsupported(
    header,
    `the architecture "${keys.architecture}" is not supported (supported: ${[...architectures.keys()].join(', ')})`,
  );
}

function refuseVariants(header: GgufHeader, keys: ModelKeys): void {
  const files = keys.integer('split.count', 0) ?? 1;
  if (files > 1) throw unsupported(header, `this is one of ${files} files of a split model; merge them into one`);
  const experts = keys.integer(`${keys.architecture}.expert_count`, 0) ?? 0;
  if (experts > 0) throw unsupported(header, `mixtures of experts (here ${experts}) are not supported`);
}

function readConfig(header: GgufHeader, keys: ModelKeys, tensors: TensorsByPart): ModelConfig {
  const prefix = keys.architecture;
  const hiddenSize = keys.requiredInteger(`${prefix}.embedding_length`, 1);
  const heads = keys.requiredInteger(`${prefix}.attention.head_count`, 1);
  const kvHeads = keys.integer(`${prefix}.attention.head_count_kv`, 1) ?? heads;
  if (heads % kvHeads !== 0) throw keys.invalid(`${prefix}.attention.head_count_kv`, `a divisor of the ${heads} heads`);
  const headSize = keys.integer(`${prefix}.attention.key_length`, 1) ?? hiddenSize / heads;
  if (!Number.isInteger(headSize)) throw keys.invalid(`${prefix}.attention.head_count`, `a divisor of ${hiddenSize}`);
  const valueSize = keys.integer(`${prefix}.attention.value_length`, 1) ?? headSize;
  if (valueSize !== headSize)
    throw unsupported(header, `keys have ${headSize} values and values ${valueSize}; equal ones are supported`);

  const contextLength = keys.requiredInteger(`${prefix}.context_length`, 1);
  // Attention reaches over the whole context here, which is the same thing while no position lies beyond the window.
  const window = keys.integer(`${prefix}.attention.sliding_window`, 0) ?? 0;
  const vocabularySize = tensors.find('token_embd.weight')?.dimensions[1] ?? 1;
  const tokens = header.metadata.get('tokenizer.ggml.tokens');
  if (tokens instanceof StringTable && tokens.length !== vocabularySize) {
    throw new ModelError(
      'MODEL_INVALID',
      `${header.path}: the tokenizer has ${tokens.length} tokens, token_embd.weight has rows for ${vocabularySize}; convert the model again`,
    );
  }
  return {
    architecture: prefix,
    name: keys.string('general.name') ?? '',
    layers: keys.requiredInteger(`${prefix}.block_count`, 1),
    hiddenSize,
    feedForwardSize: keys.requiredInteger(`${prefix}.feed_forward_length`, 1),
    heads,
    kvHeads,
    headSize,
    vocabularySize,
    maxContextLength: window > 0 ? Math.min(window, contextLength) : contextLength,
    tiedHead: !header.tensors.has('output.weight'),
  };
}

function layerTensors(tensors: TensorsByPart, layer: number, config: ModelConfig): LayerTensors {
  const { hiddenSize, feedForwardSize, headSize } = config;
  const matrix = (part: string, rows: number, columns: number) =>
    tensors.matrix(`blk.${layer}.${part}.weight`, rows, columns);
  const norm = (part: string) => tensors.vector(`blk.${layer}.${part}.weight`, hiddenSize);
  return {
    attentionNorm: norm('attn_norm'),
    q: matrix('attn_q', config.heads * headSize, hiddenSize),
    k: matrix('attn_k', config.kvHeads * headSize, hiddenSize),
    v: matrix('attn_v', config.kvHeads * headSize, hiddenSize),
    attentionOutput: matrix('attn_output', hiddenSize, config.heads * headSize),
    feedForwardNorm: norm('ffn_norm'),
    gate: matrix('ffn_gate', feedForwardSize, hiddenSize),
    up: matrix('ffn_up', feedForwardSize, hiddenSize),
    down: matrix('ffn_down', hiddenSize, feedForwardSize),
  };
}

const unsupported = (header: GgufHeader, reason: string) =>
  new ModelError('UNSUPPORTED_ARCHITECTURE', `${header.path}: ${reason}`);
