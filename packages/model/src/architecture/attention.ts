// How each layer attends: its scores, its window, its rotation.
import type { GgufHeader } from '../gguf/header.ts';
import { ModelError } from '../model-error.ts';
import type { ModelConfig } from '../types.ts';
import type { Architecture, SlidingLayers } from './architectures.ts';
import type { ModelKeys } from './keys.ts';
import { type Rotary, readRotary, unscaled } from './rotary.ts';
import type { TensorsByPart } from './tensors.ts';

export interface Attention {
  /** What scores are multiplied by before the softmax. */
  scale: number;
  /** Scores then are softcap * tanh(scores / softcap); 0: they are not capped. */
  softcap: number;
  /** Queries are multiplied by 1 + scale * ln(1 + floor(position / originalContext)); null: they are not. */
  temperature: { scale: number; originalContext: number } | null;
  layers: LayerAttention[];
}

export interface LayerAttention {
  /** Positions that a token sees, its own included; 0: all. */
  window: number;
  /** null: the layer does not rotate. Layers that rotate alike share one object. */
  rotary: Rotary | null;
}

export function readAttention(
  header: GgufHeader,
  keys: ModelKeys,
  tensors: TensorsByPart,
  config: ModelConfig,
  architecture: Architecture,
): Attention {
  const { headSize, hiddenSize, heads, layers } = config;
  const key = (name: string) => `${config.architecture}.${name}`;
  const contextLength = keys.requiredInteger(key('context_length'), 1);
  const interleaved = architecture.rotaryInterleaved;
  const rotary = readRotary(header, keys, tensors, { headSize, interleaved, contextLength });
  const { sliding, rotationLeftOutEvery } = architecture;
  const window = keys.integer(key('attention.sliding_window'), 0) ?? sliding?.window ?? 0;
  const slides = window === 0 ? () => false : slidingLayers(header, keys, sliding, layers);
  const windowRotary = sliding && window > 0 ? slidingRotary(keys, rotary, sliding) : rotary;
  const temperature = keys.number(key('attention.temperature_scale')) ?? 0;
  const originalContext = keys.integer(key('rope.scaling.original_context_length'), 1) ?? contextLength;
  const scaledBy = layers === architecture.scaledByHiddenSizeAt ? Math.floor(hiddenSize / heads) : headSize;
  return {
    scale: keys.positive(key('attention.scale')) ?? 1 / Math.sqrt(scaledBy),
    softcap: keys.positive(key('attn_logit_softcapping')) ?? architecture.attentionSoftcap,
    temperature: temperature === 0 ? null : { scale: temperature, originalContext },
    layers: Array.from({ length: layers }, (_, layer) => {
      const still = rotationLeftOutEvery > 0 && (layer + 1) % rotationLeftOutEvery === 0;
      return { window: slides(layer) ? window : 0, rotary: still ? null : slides(layer) ? windowRotary : rotary };
    }),
  };
}

function slidingLayers(
  header: GgufHeader,
  keys: ModelKeys,
  sliding: SlidingLayers | null,
  layers: number,
): (layer: number) => boolean {
  const key = `${keys.architecture}.attention.sliding_window_pattern`;
  const pattern = keys.pattern(key, layers);
  if (Array.isArray(pattern)) return (layer) => pattern[layer] === true;
  if (pattern === undefined && sliding === null)
    throw new ModelError(
      'UNSUPPORTED_ARCHITECTURE',
      `${header.path}: it has a sliding window, and no ${key} that says which layers it is for`,
    );
  const wholeEvery = (pattern ?? sliding?.wholeEvery ?? 0) || Number.POSITIVE_INFINITY;
  return (layer) => (layer + 1) % wholeEvery !== 0;
}

function slidingRotary(keys: ModelKeys, rotary: Rotary, sliding: SlidingLayers): Rotary {
  const base = keys.positive(`${keys.architecture}.rope.freq_base_swa`) ?? sliding.rotaryBase ?? rotary.base;
  return { ...(sliding.rotaryScaled ? rotary : unscaled(rotary)), base };
}
