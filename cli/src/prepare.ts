// What every command that runs a model needs: the weight cache, the CMT and the device profile, made where they are missing.
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type ChunkMetadataTable, loadCmt } from '@flash-slim/cmt';
import { type DeviceProfile, loadDeviceProfile } from '@flash-slim/plan';
import { cacheKey, openWeightCache, type WeightCache, weightCachePath } from '@flash-slim/weight-cache';
import { runChild } from './child.ts';
import type { Measured } from './commands/measure.ts';
import type { Context } from './context.ts';
import { CliError } from './errors.ts';
import type { QuantizeFlag } from './options.ts';
import { markUsed } from './store/mark-used.ts';
import { resolveModel } from './store/resolve-model.ts';
import { makeDirectory, storeDirectory } from './store/store.ts';

export const cmtFileName = 'weight_chunks_metadata_table.json';

export interface PreparedModel {
  cache: WeightCache;
  cmt: ChunkMetadataTable;
}

export interface PrepareOptions {
  model: string | undefined;
  quantize: QuantizeFlag;
  /** An existing weight cache, or where to build one; by default inside the store. */
  weightCachePath: string | undefined;
  threads: number;
}

/** Opens the model's weight cache and CMT; imports and profiles the model first, in child processes, where they are missing. */
export async function prepareModel(context: Context, options: PrepareOptions): Promise<PreparedModel> {
  const path = await cachePathOf(context, options);
  const cmtPath = join(dirname(path), cmtFileName);
  if (options.model !== undefined && !(existsSync(path) && existsSync(cmtPath))) {
    context.log(`no weight cache of ${options.model} yet: profiling it once, into ${dirname(path)}`);
    const model = await modelPath(context, options.model);
    await makeDirectory(dirname(path));
    const { quantize, threads } = options;
    const measure = ['--num-threads', String(threads)];
    await profileModel(context, { model, weightCachePath: path, quantize, measure });
  }
  const cache = await openWeightCache(path);
  const cmt = await loadCmt(cmtPath);
  await markUsed(cmtPath);
  return { cache, cmt };
}

/**
 * Weight cache and CMT, each made by a child process: importing and measuring take memory that is given back only when a
 * process ends, and never both at once.
 */
export async function profileModel(
  context: Context,
  job: { model: string; weightCachePath: string; quantize: QuantizeFlag; measure: string[] },
): Promise<Measured> {
  const cache = ['--weight-cache-path', job.weightCachePath];
  await runChild(context, ['import', '--model', job.model, ...cache, '--quantize', job.quantize]);
  return runChild<Measured>(context, ['measure', ...cache, ...job.measure]);
}

async function cachePathOf(context: Context, options: PrepareOptions): Promise<string> {
  if (options.weightCachePath !== undefined) return resolve(options.weightCachePath);
  const path = await modelPath(context, options.model as string);
  return weightCachePath(storeDirectory(), await cacheKey(path, options.quantize));
}

/** A name or URL that was not pulled yet is pulled by a child: hashing and unpacking leave tens of megabytes behind. */
async function modelPath(context: Context, model: string): Promise<string> {
  try {
    return (await resolveModel(model)).path;
  } catch (error) {
    if (!(error instanceof CliError) || error.code !== 'MODEL_NOT_PULLED') throw error;
  }
  await runChild(context, ['pull', model]);
  return (await resolveModel(model)).path;
}

/** The profile given, or this machine's own, measured once in a few seconds by a child process. */
export async function deviceProfile(context: Context, given: string | undefined): Promise<DeviceProfile> {
  if (given !== undefined) return loadDeviceProfile(given);
  const path = join(storeDirectory(), 'device_profile.json');
  if (!existsSync(path)) {
    context.log('no device profile yet: measuring this machine for a few seconds');
    await makeDirectory(storeDirectory());
    await runChild(context, ['probe', '--quick', '--path', storeDirectory(), '--output', path]);
  }
  return loadDeviceProfile(path);
}
