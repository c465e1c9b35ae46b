// How each layer attends: its scores, its window, its rotation.
import type { GgufHeader } from '../gguf/header.ts';
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
  const window = sliding ? (keys.integer(key('attention.sliding_window'), 0) ?? sliding.window) : 0;
  const slides = window === 0 ? () => false : slidingLayers(keys, sliding as SlidingLayers, layers);
  const windowRotary = sliding && window > 0 ? slidingRotary(keys, rotary, sliding) : rotary;
  const scaledBy = layers === architecture.scaledByHiddenSizeAt ? Math.floor(hiddenSize / heads) : headSize;
  return {
    scale: keys.positive(key('attention.scale')) ?? 1 / Math.sqrt(scaledBy),
    softcap: keys.positive(key('attn_logit_softcapping')) ?? architecture.attentionSoftcap,
    layers: Array.from({ length: layers }, (_, layer) => {
      const still = rotationLeftOutEvery > 0 && (layer + 1) % rotationLeftOutEvery === 0;
      return { window: slides(layer) ? window : 0, rotary: still ? null : slides(layer) ? windowRotary : rotary };
    }),
  };
}

function slidingLayers(keys: ModelKeys, sliding: SlidingLayers, layers: number): (layer: number) => boolean {
  const pattern = keys.pattern(`${keys.architecture}.attention.sliding_window_pattern`, layers);
  if (Array.isArray(pattern)) return (layer) => pattern[layer] === true;
  const wholeEvery = (pattern ?? sliding.wholeEvery) || Number.POSITIVE_INFINITY;
  return (layer) => (layer + 1) % wholeEvery !== 0;
}

function slidingRotary(keys: ModelKeys, rotary: Rotary, sliding: SlidingLayers): Rotary {
  const base = keys.positive(`${keys.architecture}.rope.freq_base_swa`) ?? sliding.rotaryBase ?? rotary.base;
  return { ...(sliding.rotaryScaled ? rotary : unscaled(rotary)), base };
}
