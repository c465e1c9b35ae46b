// From a header to the model's outline: sizes, and which tensor plays which part, every shape checked. A tensor or a key
// that would change the result and is not understood is refused: leaving it out would give fluent, wrong text.
import type { GgufHeader, GgufTensor } from '../gguf/header.ts';
import { StringTable } from '../gguf/string-table.ts';
import { ModelError } from '../model-error.ts';
import type { ModelConfig } from '../types.ts';
import { type Architecture, architectures } from './architectures.ts';
import { type Attention, readAttention } from './attention.ts';
import { readExperts } from './experts.ts';
import { ModelKeys } from './keys.ts';
import { type LayerTensors, layerTensors } from './layer-tensors.ts';
import { TensorsByPart } from './tensors.ts';

export interface ModelOutline {
  config: ModelConfig;
  normEpsilon: number;
  attention: Attention;
  activation: Architecture['activation'];
  /** What embeddings are multiplied by. */
  embeddingScale: number;
  /** The shares of a token's experts add up to 1. */
  expertSharesAddUp: boolean;
  /** Logits are cap * tanh(logits / cap); 0: they are not capped. */
  logitSoftcap: number;
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
  const files = keys.integer('split.count', 0) ?? 1;
  if (files > 1) throw unsupported(header, `this is one of ${files} files of a split model; merge them into one`);

  const tensors = new TensorsByPart(header);
  const config = readConfig(header, keys, tensors, architecture);
  const { architecture: prefix, hiddenSize, vocabularySize } = config;
  const normEpsilon = keys.number(`${prefix}.attention.layer_norm_rms_epsilon`);
  if (normEpsilon === undefined) throw keys.missing(`${prefix}.attention.layer_norm_rms_epsilon`);

  const embedding = tensors.matrix('token_embd.weight', vocabularySize, hiddenSize);
  // A block_count beyond the layers that are there ends at the first tensor that is missing.
  const layers: LayerTensors[] = [];
  for (let layer = 0; layer < config.layers; layer++) layers.push(layerTensors(tensors, layer, config, architecture));
  const outline: ModelOutline = {
    config,
    normEpsilon,
    attention: readAttention(header, keys, tensors, config, architecture),
    activation: architecture.activation,
    embeddingScale: architecture.embeddingScaled ? Math.sqrt(hiddenSize) : 1,
    expertSharesAddUp: architecture.experts?.sharesAddUp ?? false,
    logitSoftcap: keys.positive(`${prefix}.final_logit_softcapping`) ?? architecture.logitSoftcap,
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
  if (architecture) {
    const { rotaryInterleaved = architecture.rotaryInterleaved } = header;
    return { ...architecture, rotaryInterleaved };
  }
  throw unsupported(
    header,
    `the architecture "${keys.architecture}" is not supported (supported: ${[...architectures.keys()].join(', ')})`,
  );
}

function readConfig(
  header: GgufHeader,
  keys: ModelKeys,
  tensors: TensorsByPart,
  architecture: Architecture,
): ModelConfig {
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

  const vocabularySize = tensors.find('token_embd.weight')?.dimensions[1] ?? 1;
  const tokens = header.metadata.get('tokenizer.ggml.tokens');
  if (tokens instanceof StringTable && tokens.length !== vocabularySize) {
    throw new ModelError(
      'MODEL_INVALID',
      `${header.path}: the tokenizer has ${tokens.length} tokens, token_embd.weight has rows for ${vocabularySize}; convert the model again`,
    );
  }
  const experts = readExperts(header, keys, architecture, hiddenSize);
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
    maxContextLength: keys.requiredInteger(`${prefix}.context_length`, 1),
    tiedHead: !header.tensors.has('output.weight'),
    ...(experts && { experts }),
  };
}

const unsupported = (header: GgufHeader, reason: string) =>
  new ModelError('UNSUPPORTED_ARCHITECTURE', `${header.path}: ${reason}`);
