// A model as the profiler leaves it in a store: a real table of a tiny model, with times of our choice.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { evenTimes } from '@flash-slim/cmt/testing';
import { type ModelManifest, putModelManifest } from '@flash-slim/messages';
import { importModel } from '@flash-slim/model';
import { writeRandomGguf } from '@flash-slim/model/testing';
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
  const manifest: ModelManifest = {
    format: 'flash-slim model',
    version: 1,
    name,
    model_digest: cache.manifest.model.digest,
    model_bytes: cache.manifest.model.file_bytes,
    weight_cache_digest: cache.manifestDigest,
    weight_cache: { digest: `sha256:${'0'.repeat(64)}`, bytes: cache.fileBytes },
    cmt: await putBlob(
      store,
      Buffer.from(JSON.stringify(evenTimes(cache, { computeMs: 0.5, prefillTokens: 64 }).metadata())),
    ),
    plan_targets: [],
    job_id: 'job-1',
    created: new Date().toISOString(),
    trace: {},
  };
  await putModelManifest(store, manifest);
  await rm(path);
  return manifest;
}
