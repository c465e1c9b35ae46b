// What no manifest names: weight caches of models that were profiled again, plans of versions that are gone, uploads that
// nobody submitted. Blobs are there before what names them, so only what is old enough is garbage.
import { listModelManifests, listPlanIds, listPlanVersions } from '@flash-slim/messages';
import { blobKey, type ObjectStore } from '@flash-slim/store';

export interface GarbageOptions {
  store: ObjectStore;
  /** False only tells what would go. */
  remove: boolean;
  /** What changed since is left alone: a job may be about to name it. */
  olderThanMs: number;
  signal: AbortSignal;
}

export interface GarbageReport {
  objects: { key: string; bytes: number }[];
  bytes: number;
  removed: boolean;
  /** Objects that manifests name. */
  kept: number;
}

/** Throws MANIFEST_INVALID where a manifest cannot be read: what it names is not known, so nothing may go. */
export async function collectGarbage({ store, remove, olderThanMs, signal }: GarbageOptions): Promise<GarbageReport> {
  const before = Date.now() - olderThanMs;
  // First what there is, then what is named: a blob that is named meanwhile is in the second look.
  const candidates: { key: string; bytes: number }[] = [];
  let kept = 0;
  for (const prefix of ['blobs/', 'incoming/'])
    for await (const { key, bytes, modified } of store.list(prefix, { signal }))
      if (modified.getTime() < before) candidates.push({ key, bytes });
      else kept++;
  const named = await namedKeys(store);
  const objects = candidates.filter(({ key }) => !named.has(key));
  kept += candidates.length - objects.length;
  if (remove)
    for (const { key } of objects) {
      signal.throwIfAborted();
      await store.delete(key);
    }
  return { objects, bytes: objects.reduce((sum, { bytes }) => sum + bytes, 0), removed: remove, kept };
}

async function namedKeys(store: ObjectStore): Promise<Set<string>> {
  const named = new Set<string>();
  const refuse = (error: Error) => {
    throw error;
  };
  for (const { weight_cache, cmt } of await listModelManifests(store, refuse))
    for (const { digest } of [weight_cache, cmt]) named.add(blobKey(digest));
  for (const id of await listPlanIds(store))
    for (const { plan } of await listPlanVersions(store, id)) named.add(blobKey(plan.blob?.digest ?? ''));
  return named;
}
