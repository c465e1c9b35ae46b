// What a node brings from the object store: which models and plans there are for it, and their bytes, into its local store.
import { mkdir, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { listModelManifests, planId, readModelManifest, readPlanVersion } from '@flash-slim/messages';
import { Plan, type PlanTarget } from '@flash-slim/proto';
import { downloadBlob, type ObjectStore, readBlob, StoreError } from '@flash-slim/store';

export type PullRequest =
  /** The newest version of the node's own plan of each model there is. */
  | { kind: 'look'; deviceClass: string; target: PlanTarget }
  /** Plan and weights to the local store. */
  | {
      kind: 'bring';
      /** Plan of planner.proto, as JSON. */
      plan: unknown;
      /** prefetch_plan.json, where it came with a message. */
      planJson: string | null;
      directory: string;
      /** Of all weights in the directory, these included. */
      mostBytes: number;
      /** Paths that must stay: what is loaded. */
      keep: string[];
    };

export type PullResult =
  | { plans: { plan: unknown; trace: Record<string, string>; created: string }[] }
  | { weightsPath: string; planPath: string; trace: Record<string, string> };

const maxPlanBytes = 128 << 20;

export async function pull(
  store: ObjectStore,
  request: PullRequest,
  onProgress: (done: number, total: number) => void,
): Promise<PullResult> {
  if (request.kind === 'look') return { plans: await look(store, request.deviceClass, request.target) };
  const plan = Plan.fromJSON(request.plan);
  const { directory } = request;
  const manifest = await readModelManifest(store, plan.modelDigest);
  if (manifest === null || manifest.weight_cache_digest !== plan.weightCacheDigest)
    throw new StoreError(
      'OBJECT_NOT_FOUND',
      `the store has no weight cache ${plan.weightCacheDigest} of ${plan.modelName}; profile the model again`,
    );
  const weightsPath = join(directory, 'weights', manifest.weight_cache.digest.slice('sha256:'.length), 'weights.fsw');
  if ((await sizeOf(weightsPath)) !== manifest.weight_cache.bytes) {
    await makeRoom(directory, request.mostBytes - manifest.weight_cache.bytes, [...request.keep, weightsPath]);
    await mkdir(join(weightsPath, '..'), { recursive: true });
    await downloadBlob(store, manifest.weight_cache, weightsPath, {
      onProgress: (done) => onProgress(done, manifest.weight_cache.bytes),
    });
  }
  // The time of use, for whoever makes room next.
  await utimes(weightsPath, new Date(), new Date());
  const json = request.planJson ?? (await readBlob(store, plan.blob?.digest ?? '', maxPlanBytes)).toString();
  const planPath = join(directory, 'plans', `${plan.id}-${plan.version}.json`);
  await mkdir(join(planPath, '..'), { recursive: true });
  await writeFile(`${planPath}.partial`, json);
  await rename(`${planPath}.partial`, planPath);
  return { weightsPath, planPath, trace: manifest.trace };
}

async function look(store: ObjectStore, deviceClass: string, target: PlanTarget) {
  const models = await listModelManifests(store, () => {});
  const found = await Promise.all(
    models.map(async (model) => {
      const version = await readPlanVersion(store, planId(model.model_digest, deviceClass, target));
      return version && { plan: Plan.toJSON(version.plan), trace: version.trace, created: model.created };
    }),
  );
  return found.filter((each) => each !== null);
}

const sizeOf = (path: string): Promise<number | null> =>
  stat(path).then(
    ({ size }) => size,
    () => null,
  );

/** Removes what was used longest ago until the rest has at most so many bytes. Throws DISK_FULL where that cannot be. */
async function makeRoom(directory: string, mostBytes: number, keep: string[]): Promise<void> {
  if (mostBytes < 0)
    throw new StoreError(
      'DISK_FULL',
      `the weights are larger than the room for them on this node (--weight-store-bytes)`,
    );
  const root = join(directory, 'weights');
  const names = await readdir(root).catch(() => [] as string[]);
  const entries = await Promise.all(
    names.map(async (name) => {
      const files = await readdir(join(root, name)).catch(() => [] as string[]);
      const status = await Promise.all(files.map((file) => stat(join(root, name, file))));
      return {
        path: join(root, name),
        bytes: status.reduce((sum, { size }) => sum + size, 0),
        used: Math.max(0, ...status.map(({ mtimeMs }) => mtimeMs)),
        kept: keep.some((path) => path.startsWith(`${join(root, name)}/`)),
      };
    }),
  );
  let bytes = entries.reduce((sum, entry) => sum + (entry.kept ? 0 : entry.bytes), 0);
  const keptBytes = entries.reduce((sum, entry) => sum + (entry.kept ? entry.bytes : 0), 0);
  for (const { path, bytes: freed } of entries.filter(({ kept }) => !kept).sort((a, b) => a.used - b.used)) {
    if (bytes + keptBytes <= mostBytes) break;
    await rm(path, { recursive: true, force: true });
    bytes -= freed;
  }
}
