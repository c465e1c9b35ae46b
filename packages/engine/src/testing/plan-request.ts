// What the planner is asked in tests: a table of even times, a nominal device.
import { type ChunkMetadataTable, JsonWeightChunkMetaDataWriter } from '@flash-slim/cmt';
import type { PlanRequest } from '@flash-slim/plan';
import type { WeightCache } from '@flash-slim/weight-cache';
import { profilingPlan } from '../profiling-plan.ts';

export const planRequest = (cache: WeightCache, memoryBudgetBytes: number): PlanRequest => ({
  cmt: evenTimes(cache),
  device: profilingPlan(cache, 1, 1).metadata.device,
  memoryBudgetBytes,
  contextLength: 64,
  kvType: 'f16',
  strategy: 'resident',
  threads: 2,
  maxSequences: 1,
  maxTokensPerPass: 16,
  maxLogitRows: 16,
  baselineBytes: 0,
});

/** A CMT as if every chunk took a millisecond. */
export function evenTimes(cache: WeightCache): ChunkMetadataTable {
  const writer = new JsonWeightChunkMetaDataWriter({
    manifest: cache.manifest,
    manifestDigest: cache.manifestDigest,
    weightCacheFile: 'weights.fsw',
    measuredWith: { kernel: 'reference', threads: 1 },
  });
  for (const mode of ['PREFILL', 'DECODE'] as const) {
    for (const chunk of cache.manifest.chunks)
      if (chunk.op === 'StreamMatMul') writer.onChunkAccess({ mode, weightsId: chunk.weights_id, computeMs: 1 });
    writer.setPassTimes(mode, { tokensPerPass: mode === 'PREFILL' ? 16 : 1, otherComputeMs: 1 });
  }
  return writer.metadata();
}
