// The plan that PRE_RUNTIME passes run under: everything streamed, nothing resident, so that a profile needs no more memory
// than the smallest budget. No times are known yet, and none matter: waiting is not counted.
import { JsonWeightChunkMetaDataWriter } from '@flash-slim/cmt';
import { type DeviceProfile, type PrefetchPlan, planPrefetch } from '@flash-slim/plan';
import type { WeightCache } from '@flash-slim/weight-cache';

const decodePositions = 64;
const noBudget = 2 ** 50;

export function profilingPlan(cache: WeightCache, prefillTokens: number, threads: number): PrefetchPlan {
  const writer = new JsonWeightChunkMetaDataWriter({
    manifest: cache.manifest,
    manifestDigest: cache.manifestDigest,
    weightCacheFile: 'weights.fsw',
    measuredWith: { kernel: 'none', threads },
  });
  for (const mode of ['PREFILL', 'DECODE'] as const) {
    for (const chunk of cache.manifest.chunks)
      if (chunk.op === 'StreamMatMul') writer.onChunkAccess({ mode, weightsId: chunk.weights_id, computeMs: 0 });
    writer.setPassTimes(mode, { tokensPerPass: mode === 'PREFILL' ? prefillTokens : 1, otherComputeMs: 0 });
  }
  return planPrefetch({
    cmt: writer.metadata(),
    device: nominalDevice,
    memoryBudgetBytes: noBudget,
    contextLength: prefillTokens + decodePositions,
    kvType: 'f16',
    strategy: 'rechunk',
    threads,
    maxSequences: 1,
    maxTokensPerPass: prefillTokens,
    maxLogitRows: 1,
    baselineBytes: 0,
  });
}

const read = { block_bytes: 2 << 20, depth: 4, huge_pages: true, reader: 'pread' };
const nominalDevice: DeviceProfile = {
  version: '1.0',
  architecture: process.arch,
  cores: 1,
  instruction_sets: [],
  kernel: 'reference',
  memory_limit_bytes: null,
  memory_total_bytes: noBudget,
  huge_pages: true,
  io_uring: false,
  storage: {
    path: '/',
    direct: true,
    bandwidth_bytes_per_second: 1e9,
    latency_ms: 0.1,
    best: read,
    measurements: [{ ...read, bytes_per_second: 1e9 }],
  },
};
