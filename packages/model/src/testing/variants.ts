// One small model of each architecture, and of each way to scale RoPE: random weights whose windows, caps and scales are
// small enough to matter within 64 tokens. Heads are untied where the architecture allows it, so that the next token does
// not resemble the last.
import type { RandomGgufOptions } from './random-gguf.ts';

const shape = { layers: 4, ropeBase: 10000 };
const plain: RandomGgufOptions = { kind: 'F32', tiedHead: false, shape };
const wideHeads = { ...plain, shape: { ...shape, headSize: 32 } };
const longRope = { short: [1, 1.1, 1.2, 1.3, 1.4, 1.5], long: [1, 1.5, 2, 3, 5, 8] };

export const variants = {
  llama: plain,
  'llama, linear scaling': { ...plain, keys: { 'rope.scaling.type': 'linear', 'rope.scaling.factor': 4 } },
  'llama, YaRN': {
    ...plain,
    keys: {
      'rope.scaling.type': 'yarn',
      'rope.scaling.factor': 4,
      'rope.scaling.original_context_length': 64,
    },
  },
  'llama 3 scaling': {
    ...plain,
    shape: {
      ...shape,
      llama3Scaling: { factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContext: 32 },
    },
  },
  mistral3: {
    ...plain,
    family: 'mistral3',
    keys: {
      'rope.scaling.type': 'yarn',
      'rope.scaling.factor': 16,
      'rope.scaling.original_context_length': 24,
      'rope.scaling.yarn_beta_fast': 16,
      'rope.scaling.yarn_beta_slow': 2,
      'rope.scaling.yarn_log_multiplier': 0.7,
      'attention.temperature_scale': 0.5,
    },
  },
  mixtral: {
    ...plain,
    shape: { ...shape, feedForwardSize: 96 },
    experts: { count: 8, used: 2, feedForwardSize: 96, sharedFeedForwardSize: 0 },
  },
  qwen2: { ...plain, family: 'qwen2' },
  qwen2moe: {
    ...plain,
    family: 'qwen2moe',
    experts: { count: 12, used: 3, feedForwardSize: 64, sharedFeedForwardSize: 96 },
  },
  qwen3: { ...wideHeads, family: 'qwen3' },
  qwen3moe: {
    ...wideHeads,
    family: 'qwen3moe',
    experts: { count: 16, used: 4, feedForwardSize: 32, sharedFeedForwardSize: 0 },
  },
  phi3: { ...plain, family: 'phi3' },
  'phi3, LongRoPE of part of a head, short': {
    ...plain,
    family: 'phi3',
    ropeFactors: longRope,
    keys: {
      'rope.dimension_count': 12,
      'rope.scaling.original_context_length': 256,
      'rope.scaling.attn_factor': 1.2,
    },
  },
  'phi3, LongRoPE of part of a head, long': {
    ...plain,
    family: 'phi3',
    ropeFactors: longRope,
    keys: { 'rope.dimension_count': 12, 'rope.scaling.original_context_length': 32, 'rope.scaling.attn_factor': 1.2 },
  },
  gemma2: {
    ...wideHeads,
    tiedHead: true,
    family: 'gemma2',
    keys: { 'attention.sliding_window': 16, attn_logit_softcapping: 2, final_logit_softcapping: 3 },
  },
  gemma3: {
    ...wideHeads,
    family: 'gemma3',
    shape: { ...wideHeads.shape, layers: 7, ropeBase: 1000000 },
    keys: { 'attention.sliding_window': 16, 'rope.scaling.type': 'linear', 'rope.scaling.factor': 8 },
  },
  smollm3: { ...plain, family: 'smollm3', shape: { ...shape, layers: 5 } },
  olmo2: { ...plain, family: 'olmo2' },
  'olmo2, sliding': {
    ...plain,
    family: 'olmo2',
    shape: { ...shape, layers: 5 },
    keys: {
      'attention.sliding_window': 16,
      'rope.scaling.type': 'yarn',
      'rope.scaling.factor': 4,
      'rope.scaling.original_context_length': 32,
    },
  },
} satisfies Record<string, RandomGgufOptions>;
