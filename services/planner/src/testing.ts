// A model as the profiler leaves it in a store: a real table of a tiny model, with times of our choice.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { JsonWeightChunkMetaDataWriter } from '@flash-slim/cmt';
import { type ModelManifest, putModelManifest } from '@flash-slim/messages';
import { importModel } from '@flash-slim/model';
import { writeRandomGguf } from '@flash-slim/model/testing';
import type { DeviceProfile } from '@flash-slim/plan';
import { type ObjectStore, putBlob } from '@flash-slim/store';
import { buildWeightCache, openWeightCache } from '@flash-slim/weight-cache';

export async function storeModel(
  store: ObjectStore,
  directory: string,
  name: string,
  seed: number,
): Promise<ModelManifest> {
  const path = join(directory, `${name}.gguf`);
  const cachePath = join(directory, `${name}.fsw`);
  writeRandomGguf(path, { seed });
  await buildWeightCache(await importModel(path), cachePath);
  const cache = await openWeightCache(cachePath);
  const writer = new JsonWeightChunkMetaDataWriter({
    manifest: cache.manifest,
    manifestDigest: cache.manifestDigest,
    weightCacheFile: 'weights.fsw',
    measuredWith: { kernel: 'reference', threads: 2 },
  });
  for (const mode of ['PREFILL', 'DECODE'] as const) {
    for (const chunk of cache.manifest.chunks)
      if (chunk.op === 'StreamMatMul') writer.onChunkAccess({ mode, weightsId: chunk.weights_id, computeMs: 0.5 });
    writer.setPassTimes(mode, { tokensPerPass: mode === 'PREFILL' ? 64 : 1, otherComputeMs: 0.2 });
  }
  const manifest: ModelManifest = {
    format: 'flash-slim model',
    version: 1,
    name,
    model_digest: cache.manifest.model.digest,
    model_bytes: cache.manifest.model.file_bytes,
    weight_cache_digest: cache.manifestDigest,
    weight_cache: { digest: `sha256:${'0'.repeat(64)}`, bytes: cache.fileBytes },
    cmt: await putBlob(store, Buffer.from(JSON.stringify(writer.metadata()))),
    plan_targets: [],
    job_id: 'job-1',
    created: new Date().toISOString(),
    trace: {},
  };
  await putModelManifest(store, manifest);
  await rm(path);
  return manifest;
}

const read = { block_bytes: 2 << 20, depth: 4, huge_pages: true, reader: 'pread' };

export const testDevice = (bytesPerSecond = 1e9): DeviceProfile => ({
  version: '1.0',
  architecture: 'x86_64',
  cores: 2,
  instruction_sets: [],
  kernel: 'reference',
  memory_limit_bytes: null,
  memory_total_bytes: 8e9,
  huge_pages: true,
  io_uring: false,
  storage: {
    path: '/',
    direct: true,
    bandwidth_bytes_per_second: bytesPerSecond,
    latency_ms: 0.1,
    best: read,
    measurements: [{ ...read, bytes_per_second: bytesPerSecond }],
  },
});
