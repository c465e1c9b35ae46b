// The JSON objects that say what lies in the store. Each names blobs that were there before it was written; each carries the
// trace context of the work that made it. What is read is checked: a bucket is a place where others can write.
import { Plan } from '@flash-slim/proto';
import { type ObjectStore, readObject, StoreError } from '@flash-slim/store';
import { z } from 'zod';

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
const blob = z.strictObject({ digest, bytes: z.int().min(0) });
const trace = z.record(z.string().max(64), z.string().max(1024));
const name = z.string().min(1).max(200);
const target = z.strictObject({
  memoryBudgetBytes: z.int().min(1),
  contextLength: z.int().min(1),
  kvType: z.enum(['f16', 'f32']),
});

const modelManifest = z.strictObject({
  format: z.literal('flash-slim model'),
  version: z.literal(1),
  name,
  model_digest: digest,
  model_bytes: z.int().min(1),
  /** Of the cache's own manifest: what plans name. */
  weight_cache_digest: digest,
  weight_cache: blob,
  cmt: blob,
  plan_targets: z.array(target).max(100),
  job_id: name,
  created: z.iso.datetime(),
  trace,
});

const deviceClass = z.strictObject({
  format: z.literal('flash-slim device class'),
  version: z.literal(1),
  name,
  /** device_profile.json; checked by packages/plan where it is used. */
  profile: z.record(z.string(), z.unknown()),
  threads: z.int().min(1),
});

const planManifest = z.strictObject({
  format: z.literal('flash-slim plan version'),
  version: z.literal(1),
  /** Plan of planner.proto, as JSON. */
  plan: z.record(z.string(), z.unknown()),
  trace,
});

export type ModelManifest = z.output<typeof modelManifest>;
export type DeviceClassManifest = z.output<typeof deviceClass>;
export interface PlanManifest {
  plan: Plan;
  trace: Record<string, string>;
}

export class ManifestError extends Error {
  override readonly name = 'ManifestError';
  readonly code = 'MANIFEST_INVALID';
}

const hexOf = (digestText: string): string => digest.parse(digestText).slice('sha256:'.length);

export const incomingKey = (sha256: string): string => `incoming/${hexOf(`sha256:${sha256}`)}`;
export const modelKey = (modelDigest: string): string => `models/${hexOf(modelDigest)}.json`;
export const classKey = (className: string): string => `classes/${className}.json`;
export const planVersionKey = (id: string, version: number): string =>
  `plans/${id}/${String(version).padStart(10, '0')}.json`;

/** A plan's explanation is by far the longest of it all. */
const maxManifestBytes = 1 << 20;

async function readManifest<T>(store: ObjectStore, key: string, schema: z.ZodType<T>): Promise<T | null> {
  let text: string;
  try {
    text = (await readObject(store, key, maxManifestBytes)).toString();
  } catch (error) {
    if (error instanceof StoreError && error.code === 'OBJECT_NOT_FOUND') return null;
    if (error instanceof StoreError && error.code === 'OBJECT_TOO_LARGE')
      throw new ManifestError(error.message, { cause: error });
    throw error;
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new ManifestError(`${key} is not JSON: ${(cause as Error).message}`, { cause });
  }
  const outcome = schema.safeParse(value);
  if (outcome.success) return outcome.data;
  const { path, message } = outcome.error.issues[0] ?? { path: [], message: 'not understood' };
  throw new ManifestError(`${key}: ${path.join('.') || 'it'}: ${message}; remove it and make it again`);
}

const encode = (value: object): Buffer => Buffer.from(`${JSON.stringify(value, null, 2)}\n`);

export const readModelManifest = (store: ObjectStore, modelDigest: string): Promise<ModelManifest | null> =>
  readManifest(store, modelKey(modelDigest), modelManifest);

/** The last thing that a job writes: from here on the model is there. */
export async function putModelManifest(store: ObjectStore, manifest: ModelManifest): Promise<void> {
  await store.put(modelKey(manifest.model_digest), encode(modelManifest.parse(manifest)));
}

/** `onInvalid` is told of what is no manifest; the others are still found. */
export async function listModelManifests(
  store: ObjectStore,
  onInvalid: (error: ManifestError) => void,
): Promise<ModelManifest[]> {
  const found: ModelManifest[] = [];
  for await (const { key } of store.list('models/')) {
    try {
      const manifest = await readManifest(store, key, modelManifest);
      if (manifest !== null) found.push(manifest);
    } catch (error) {
      if (!(error instanceof ManifestError)) throw error;
      onInvalid(error);
    }
  }
  return found;
}

/** The class's record: the one given where there was none before. */
export async function ensureDeviceClass(store: ObjectStore, wanted: DeviceClassManifest): Promise<DeviceClassManifest> {
  const there = await readManifest(store, classKey(wanted.name), deviceClass);
  if (there !== null) return there;
  try {
    await store.put(classKey(wanted.name), encode(deviceClass.parse(wanted)), { ifAbsent: true });
    return wanted;
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== 'PRECONDITION_FAILED') throw error;
    return (await readManifest(store, classKey(wanted.name), deviceClass)) ?? wanted;
  }
}

export async function listDeviceClasses(
  store: ObjectStore,
  onInvalid: (error: ManifestError) => void,
): Promise<DeviceClassManifest[]> {
  const found: DeviceClassManifest[] = [];
  for await (const { key } of store.list('classes/')) {
    try {
      const manifest = await readManifest(store, key, deviceClass);
      if (manifest !== null) found.push(manifest);
    } catch (error) {
      if (!(error instanceof ManifestError)) throw error;
      onInvalid(error);
    }
  }
  return found;
}

/** Puts a version that must be new: PRECONDITION_FAILED where another planner had the same idea first. */
export async function putPlanVersion(store: ObjectStore, { plan, trace: headers }: PlanManifest): Promise<void> {
  const value = { format: 'flash-slim plan version', version: 1, plan: Plan.toJSON(plan), trace: headers };
  await store.put(planVersionKey(plan.id, plan.version), encode(value), { ifAbsent: true });
}

/** A version of a plan, the newest unless told; null where there is none. */
export async function readPlanVersion(store: ObjectStore, id: string, version?: number): Promise<PlanManifest | null> {
  let key = version === undefined ? undefined : planVersionKey(id, version);
  if (key === undefined) for await (const info of store.list(`plans/${id}/`)) key = info.key;
  return key === undefined ? null : readPlan(store, id, key);
}

/** Every version that is kept, the oldest first. */
export async function listPlanVersions(store: ObjectStore, id: string): Promise<PlanManifest[]> {
  const found: PlanManifest[] = [];
  for await (const { key } of store.list(`plans/${id}/`)) {
    const manifest = await readPlan(store, id, key);
    if (manifest !== null) found.push(manifest);
  }
  return found;
}

async function readPlan(store: ObjectStore, id: string, key: string): Promise<PlanManifest | null> {
  const manifest = await readManifest(store, key, planManifest);
  if (manifest === null) return null;
  const plan = Plan.fromJSON(manifest.plan);
  if (plan.id !== id || !digest.safeParse(plan.blob?.digest).success)
    throw new ManifestError(`${key}: it is no version of ${id} with a blob; remove it and plan again`);
  return { plan, trace: manifest.trace };
}

/** Ids of all plans, in order. */
export async function listPlanIds(store: ObjectStore): Promise<string[]> {
  const ids = new Set<string>();
  for await (const { key } of store.list('plans/')) ids.add(key.split('/')[1] as string);
  return [...ids];
}
