// What a node asks of the object store: which plans there are for it, and the bytes of one. Runs in a child (pull-child.ts).
import { listModelManifests, planId, readModelManifest, readPlanVersion } from '@flash-slim/messages';
import { Plan } from '@flash-slim/proto';
import { downloadBlob, type ObjectStore, readBlob, StoreError } from '@flash-slim/store';
import type { NodeFacts } from './known-plans.ts';
import { LocalStore } from './local-store.ts';
import { UncachedFile } from './uncached-file.ts';

export type PullRequest =
  /** The newest version of the node's own plan of each model there is. */
  | ({ kind: 'look' } & NodeFacts)
  /** What a plan needs, to the local store. */
  | {
      kind: 'bring';
      /** Plan of planner.proto, as JSON. */
      plan: unknown;
      directory: string;
      /** Of all weights in the directory, these included. */
      mostBytes: number;
      /** Weights that must stay: what is loaded. */
      keep: string[];
    };

export interface FoundPlan {
  plan: unknown;
  trace: Record<string, string>;
}

/** What was found; nothing to tell of what was brought. */
export interface PullResult {
  plans: FoundPlan[];
}

const maxPlanBytes = 128 << 20;

export async function pull(
  store: ObjectStore,
  request: PullRequest,
  onProgress: (done: number, total: number) => void,
): Promise<PullResult> {
  if (request.kind === 'look') return { plans: await look(store, request) };
  await bring(store, request, onProgress);
  return { plans: [] };
}

/** In the order in which the models came. */
async function look(store: ObjectStore, { deviceClass, target }: NodeFacts): Promise<FoundPlan[]> {
  const models = await listModelManifests(store, () => {});
  models.sort((a, b) => (a.created < b.created ? -1 : 1));
  const found: FoundPlan[] = [];
  for (const { model_digest } of models) {
    const version = await readPlanVersion(store, planId(model_digest, deviceClass, target));
    if (version !== null) found.push({ plan: Plan.toJSON(version.plan), trace: version.trace });
  }
  return found;
}

async function bring(
  store: ObjectStore,
  request: Extract<PullRequest, { kind: 'bring' }>,
  onProgress: (done: number, total: number) => void,
): Promise<void> {
  const plan = Plan.fromJSON(request.plan);
  const local = new LocalStore(request.directory);
  await local.prepare();
  const manifest = await readModelManifest(store, plan.modelDigest);
  if (manifest === null || manifest.weight_cache_digest !== plan.weightCacheDigest)
    throw new StoreError(
      'OBJECT_NOT_FOUND',
      `the store has no weight cache ${plan.weightCacheDigest} of ${plan.modelName}; profile the model again`,
    );
  const known = { plan, planJson: null, trace: {} };
  // The plan first: one that is damaged must not cost a download of weights.
  await local.putPlan(plan, await readBlob(store, plan.blob?.digest ?? '', maxPlanBytes));
  if ((await local.find(known)) === null) {
    const { weightsPath } = local.pathsOf(plan);
    const { bytes } = manifest.weight_cache;
    await local.makeRoom(plan, bytes, request.mostBytes, request.keep);
    await local.putTrace(plan, manifest.trace);
    const file = new UncachedFile(`${weightsPath}.partial`);
    let done = 0;
    const tell = (now: number) => {
      done = now;
      file.upTo(now);
      onProgress(now, bytes);
    };
    await downloadBlob(store, manifest.weight_cache, weightsPath, { onProgress: tell }).finally(() => file.close(done));
  }
}
