// Small models in an object store, and plans for them, made as profiler and planner do: for tests of nodes.
import { join } from 'node:path';
import type { Bus } from '@flash-slim/bus';
import type { ChunkMetadataTable } from '@flash-slim/cmt';
import { evenTimes } from '@flash-slim/cmt/testing';
import { Engine, generate, type SamplerOptions } from '@flash-slim/engine';
import { encodePlanMessage, openPlanTopic, planId, putModelManifest, putPlanVersion } from '@flash-slim/messages';
import { importModel } from '@flash-slim/model';
import { type RandomGgufOptions, writeRandomGguf } from '@flash-slim/model/testing';
import { type DeviceProfile, type PrefetchPlan, planPrefetch, type Strategy } from '@flash-slim/plan';
import { nominalDevice } from '@flash-slim/plan/testing';
import type { Plan, PlanTarget } from '@flash-slim/proto';
import { digestOf, digestOfFile, type ObjectStore, putBlob, putBlobFile } from '@flash-slim/store';
import { buildWeightCache, openWeightCache, type WeightCache } from '@flash-slim/weight-cache';

export interface TestModel {
  name: string;
  digest: string;
  bytes: number;
  cache: WeightCache;
  cmt: ChunkMetadataTable;
}

/** A GGUF of its own name and bytes, its weight cache and a CMT of even times. */
export async function makeModel(directory: string, name: string, options: RandomGgufOptions = {}): Promise<TestModel> {
  const path = join(directory, `${name}.gguf`);
  writeRandomGguf(path, { shape: { layers: 2 }, ...options });
  return await openModel(directory, name, path);
}

export async function openModel(directory: string, name: string, path: string): Promise<TestModel> {
  const cachePath = join(directory, `${name}.fsw`);
  await buildWeightCache(await importModel(path), cachePath);
  const cache = await openWeightCache(cachePath);
  const { digest, bytes } = await digestOfFile(path);
  return { name, digest, bytes, cache, cmt: evenTimes(cache, { computeMs: 0.1 }).metadata() };
}

export async function putModel(
  store: ObjectStore,
  model: TestModel,
  trace: Record<string, string> = {},
): Promise<void> {
  const { digest } = await digestOfFile(model.cache.path);
  await putModelManifest(store, {
    format: 'flash-slim model',
    version: 1,
    name: model.name,
    model_digest: model.digest,
    model_bytes: model.bytes,
    weight_cache_digest: model.cache.manifestDigest,
    weight_cache: await putBlobFile(store, model.cache.path, digest),
    cmt: await putBlob(store, Buffer.from(JSON.stringify(model.cmt))),
    plan_targets: [],
    job_id: 'job-of-a-test',
    created: new Date().toISOString(),
    trace,
  });
}

export interface PlanOptions {
  deviceClass: string;
  target: PlanTarget;
  version: number;
  strategy?: Strategy;
  /** What the plan leaves to the ready process. */
  baselineBytes?: number;
  device?: DeviceProfile;
}

export function makePlan(
  model: TestModel,
  options: PlanOptions,
): { plan: Plan; prefetchPlan: PrefetchPlan; json: string } {
  const { target, deviceClass, version } = options;
  const prefetchPlan = planPrefetch({
    cmt: model.cmt,
    device: options.device ?? testDevice,
    memoryBudgetBytes: target.memoryBudgetBytes,
    contextLength: target.contextLength,
    kvType: target.kvType as 'f16' | 'f32',
    strategy: options.strategy ?? 'rechunk',
    threads: 1,
    maxSequences: 1,
    maxTokensPerPass: null,
    maxLogitRows: 1,
    baselineBytes: options.baselineBytes ?? target.memoryBudgetBytes / 2,
  });
  const json = `${JSON.stringify(prefetchPlan)}\n`;
  const plan: Plan = {
    id: planId(model.digest, deviceClass, target),
    version,
    modelDigest: model.digest,
    modelName: model.name,
    weightCacheDigest: model.cache.manifestDigest,
    deviceClass,
    target,
    blob: { digest: digestOf(Buffer.from(json)), bytes: Buffer.byteLength(json) },
    summary: undefined,
    explanation: '',
    reason: 'a test',
    createTime: new Date(),
  };
  return { plan, prefetchPlan, json };
}

/** Into the store, as planners do first. */
export async function putPlan(store: ObjectStore, plan: Plan, json: string, trace = {}): Promise<void> {
  await putBlob(store, Buffer.from(json));
  await putPlanVersion(store, { plan, trace });
}

/** And then the bell. */
export async function announcePlan(bus: Bus, plan: Plan, planJson: string | null, headers = {}): Promise<void> {
  const topic = await openPlanTopic(bus);
  await topic.publish(plan.id, {
    id: `${plan.id}-${plan.version}`,
    body: encodePlanMessage({ plan, planJson }),
    headers,
  });
}

export const testDevice: DeviceProfile = { ...nominalDevice(), architecture: process.arch, io_uring: true };

/** What an engine of its own makes of a prompt, everything resident: what a node must answer, whatever happens to it. */
export async function expectedTokens(
  model: TestModel,
  prompt: number[],
  count: number,
  sampling: Partial<SamplerOptions>,
) {
  const options = {
    deviceClass: 'any',
    target: { memoryBudgetBytes: 1e9, contextLength: 2048, kvType: 'f16' },
    version: 1,
  };
  const engine = await Engine.open(model.cache);
  try {
    await engine.load({ plan: makePlan(model, { ...options, strategy: 'resident' }).prefetchPlan, threads: 1 });
    const tokens: number[] = [];
    const defaults = { temperature: 0.8, topK: 40, topP: 0.9, minP: 0, repetitionPenalty: 1, seed: 0 };
    const steps = generate(engine, {
      promptTokens: prompt,
      maxDecodeSteps: count,
      sampling: { ...defaults, ...sampling },
      isEnd: () => false,
    });
    for await (const token of steps) tokens.push(token);
    return tokens;
  } finally {
    await engine.close();
  }
}
