// What the process holds besides weights, in bytes. The engine allocates by the same functions; nothing here is measured.
import type { ModelConfig } from '@flash-slim/model';

/** Slots, residents and KV lie on huge pages: memory comes in whole ones. */
export const hugePageBytes = 2 * 1024 * 1024;

export function roundUp(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}

/** Positions per KV block (kernel_set.h: kKvBlockTokens). */
const kvBlockTokens = 32;

/** Keys and values of every sequence at full context length. */
export function kvBytes(
  config: ModelConfig,
  contextLength: number,
  maxSequences: number,
  kvType: 'f16' | 'f32',
): number {
  const positions = maxSequences * roundUp(contextLength, kvBlockTokens);
  return positions * config.layers * config.kvHeads * config.headSize * 2 * (kvType === 'f16' ? 2 : 4);
}

export interface ActivationShape {
  /** Most tokens in one pass. */
  tokens: number;
  /** Most rows of logits from one pass. */
  logitRows: number;
  threads: number;
  contextLength: number;
  /** Row block that GatherRows reads embedding rows from; 0 where there is none. */
  gatheredRowBlockBytes: number;
}

/**
 * Tensors of one pass. Of the graph's tensors [tokens][width] in f32, these are alive at once: four of hidden width
 * (residual, normed, projected, sum), q, k and v with all heads, and the gated product of feed-forward width; half as much
 * again for allocation rounding and overlapping lifetimes. Beside them the int8 copy of the widest input with its scales
 * and sums per 32 values (1.25 bytes a value), logits [logitRows][vocabulary], and per thread a row block and 8 KiB. Attention
 * has its own queries and turns, and per thread the scores of the heads that share a KV head, for the whole context. With
 * experts, for each that a token goes through, its gated product, the int8 copy of that, its output and 64 bytes about it,
 * and the shared expert's gated product.
 */
export function activationBytes(config: ModelConfig, shape: ActivationShape): number {
  const { tokens, logitRows, threads, contextLength, gatheredRowBlockBytes } = shape;
  const attentionWidth = config.heads * config.headSize;
  const qkvWidth = attentionWidth + 2 * config.kvHeads * config.headSize;
  const alive = tokens * (4 * config.hiddenSize + qkvWidth + config.feedForwardSize) * 4 * 1.5;
  const quantized = tokens * Math.max(config.hiddenSize, attentionWidth, config.feedForwardSize) * 1.25;
  const { used, feedForwardSize, sharedFeedForwardSize } = config.experts ?? noExperts;
  const experts = tokens * (used * (5.25 * feedForwardSize + 4 * config.hiddenSize + 64) + 4 * sharedFeedForwardSize);
  const scores = (config.heads / config.kvHeads) * roundUp(contextLength, kvBlockTokens) * 4;
  const attention = tokens * (attentionWidth + 2 * config.headSize) * 4 + threads * scores;
  const logits = logitRows * config.vocabularySize * 4;
  const gather = threads * (gatheredRowBlockBytes + 8192);
  return Math.ceil(alive + quantized + attention + experts + logits + gather);
}

const noExperts = { used: 0, feedForwardSize: 0, sharedFeedForwardSize: 0 };

const reserveFixed = 4_000_000;
const reserveShare = 0.005;

/** Room for the allocator, page tables and kernel memory that is charged to the process. */
export function reserveBytes(budgetBytes: number): number {
  return Math.ceil(reserveFixed + reserveShare * budgetBytes);
}

/** The least budget that leaves `bytes` beside its own reserve. */
export function budgetFor(bytes: number): number {
  let budget = Math.ceil((bytes + reserveFixed) / (1 - reserveShare));
  while (budget - reserveBytes(budget) < bytes) budget++;
  return budget;
}

/** Slots as a whole. */
export function slotMemoryBytes(slotCount: number, slotSize: number): number {
  return roundUp(slotCount * slotSize, hugePageBytes);
}
