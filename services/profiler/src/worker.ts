// One job from its message to its manifest: fetch, import, profile, upload, publish. Every step may have been done before,
// by a worker that died: what is in the store by its digest is not done again, and the manifest comes last.
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Delivery, PermanentError, type Topic } from '@flash-slim/bus';
import {
  decodeJobMessage,
  encodeJson,
  incomingKey,
  type ModelManifest,
  modelKey,
  putModelManifest,
  readModelManifest,
} from '@flash-slim/messages';
import { type Artifacts, type JobSpec, JobStage, JobState } from '@flash-slim/proto';
import { failureOf, Status } from '@flash-slim/rpc';
import { digestOfFile, putBlobFile } from '@flash-slim/store';
import { inSpan, type Logger, meter, pastSpan, SpanKind, traceHeaders } from '@flash-slim/telemetry';
import { changed, hasEnded, type JobRecord, type JobRecords } from './job-record.ts';
import { ProgressRecorder } from './progress.ts';
import { type FetchedSource, fetchSource, type SourceOptions } from './sources.ts';

export interface ProfileRequest {
  modelPath: string;
  /** weights.fsw; the CMT goes beside it. */
  cachePath: string;
  prefillTokens: number;
  /** layout: the weight cache is written; before it the model is read. */
  onProgress(stage: 'layout' | 'profile', done: number, total: number): void;
  signal: AbortSignal;
}

export interface ProfileResult {
  cmtPath: string;
  /** "sha256:<hex>" of the weight cache's manifest. */
  weightCacheDigest: string;
  modelDigest: string;
}

export interface WorkerOptions extends SourceOptions {
  /** Every job has a directory below it. */
  workDirectory: string;
  /** In a child process that ends when the signal says so. */
  profile(request: ProfileRequest): Promise<ProfileResult>;
  records: JobRecords;
  models: Topic;
  workerId: string;
  jobMinutes: number;
  maxAttempts: number;
  log: Logger;
}

/** Throws what the queue shall try again; PermanentError for what it shall not. */
export async function workOn(delivery: Delivery, options: WorkerOptions): Promise<void> {
  const { records, workerId } = options;
  const { job_id: id, attempt } = decodeJobMessage(delivery.body);
  const taken = await records.change(id, (record) =>
    record.job.attempt !== attempt || hasEnded(record.job)
      ? null
      : changed(record, { state: JobState.RUNNING }, workerId),
  );
  // Of a job that was cancelled, retried since, or finished by a worker whose ack was lost.
  if (taken?.record.worker !== workerId || taken.record.job.attempt !== attempt || hasEnded(taken.record.job)) return;
  const log = options.log.child({ job: id });
  const deadline = AbortSignal.timeout(options.jobMinutes * 60_000);
  const overtaken = new AbortController();
  const signal = AbortSignal.any([delivery.signal, deadline, overtaken.signal]);
  const watching = watchForOvertaking(options, id, attempt, overtaken);
  const parent = delivery.headers;
  try {
    await inSpan(
      'profiler job',
      { kind: SpanKind.CONSUMER, parent, attributes: { 'flash_slim.job.id': id } },
      async () => {
        pastSpan('queue', delivery.published, Date.now());
        log.info({ attempt, delivery: delivery.attempt }, 'job begins');
        const progress = new ProgressRecorder(records, id, workerId);
        const artifacts = await produce(taken.record, options, progress, signal);
        await progress.settled();
        await records.change(id, (record) =>
          record.worker === workerId && !hasEnded(record.job)
            ? changed(record, { state: JobState.SUCCEEDED, artifacts })
            : null,
        );
        countJob('succeeded', delivery);
        log.info({ model: artifacts.modelDigest }, 'job succeeded');
      },
    );
    await rm(directoryOf(options, id), { recursive: true, force: true });
  } catch (error) {
    // Cancelled, or another worker is at it: nothing to do for this one.
    if (overtaken.signal.aborted) {
      await rm(directoryOf(options, id), { recursive: true, force: true });
      log.info('job was cancelled, or taken over');
      return;
    }
    if (delivery.signal.aborted) throw error;
    const failure = deadline.aborted
      ? { code: 'JOB_TIMEOUT', message: `the job took more than ${options.jobMinutes} minutes (--job-minutes)` }
      : error;
    await fail(failure, delivery, options, id, log);
  } finally {
    overtaken.abort();
    await watching;
  }
}

const directoryOf = ({ workDirectory }: WorkerOptions, id: string): string => join(workDirectory, id);

async function produce(
  { job }: JobRecord,
  options: WorkerOptions,
  progress: ProgressRecorder,
  signal: AbortSignal,
): Promise<Artifacts> {
  const { store, models } = options;
  const spec = job.spec as JobSpec;
  const directory = directoryOf(options, job.id);
  await mkdir(directory, { recursive: true });

  const done = spec.sha256 === '' ? null : await readModelManifest(store, `sha256:${spec.sha256}`);
  let manifest = done && withTargets(done, spec);
  let source: FetchedSource | null = null;
  if (manifest === null) {
    progress.stage(JobStage.FETCH);
    const report = (bytes: number, total: number) => progress.report(bytes, total);
    source = await inSpan('fetch', {}, () => fetchSource(spec.source, directory, options, report, signal));
    if (spec.sha256 !== '' && source.sha256 !== spec.sha256)
      throw Object.assign(
        new Error(`${spec.source} has the SHA-256 ${source.sha256}, and ${spec.sha256} was asked for`),
        {
          code: 'SOURCE_DIGEST',
        },
      );
    const there = await readModelManifest(store, `sha256:${source.sha256}`);
    manifest = there && withTargets(there, spec);
  }
  if (manifest === null)
    manifest = await build(job.id, spec, source as FetchedSource, directory, options, progress, signal);

  progress.stage(JobStage.PUBLISH);
  const complete: ModelManifest = manifest;
  await inSpan('publish', { kind: SpanKind.PRODUCER }, async () => {
    await putModelManifest(store, { ...complete, trace: traceHeaders() });
    const message = { model_digest: complete.model_digest, manifest_key: modelKey(complete.model_digest) };
    const subject = complete.model_digest.slice('sha256:'.length);
    const id = `${subject.slice(0, 32)}-${job.id}-${job.attempt}`;
    await models.publish(subject, { id, body: encodeJson(message), headers: traceHeaders() });
  });
  if (spec.source.startsWith('upload:')) await store.delete(incomingKey(spec.sha256), { signal });
  return {
    modelDigest: complete.model_digest,
    weightCacheDigest: complete.weight_cache_digest,
    weightCache: complete.weight_cache,
    cmt: complete.cmt,
    manifestKey: modelKey(complete.model_digest),
  };
}

async function build(
  id: string,
  spec: JobSpec,
  source: FetchedSource,
  directory: string,
  { store, profile }: WorkerOptions,
  progress: ProgressRecorder,
  signal: AbortSignal,
): Promise<ModelManifest> {
  const cachePath = join(directory, 'weights.fsw');
  progress.stage(JobStage.IMPORT);
  const stages = new StageSpans('import');
  const made = await profile({
    modelPath: source.path,
    cachePath,
    prefillTokens: spec.prefillTokens,
    signal,
    onProgress: (stage, done, total) => {
      stages.enter(stage);
      progress.stage(stage === 'profile' ? JobStage.PROFILE : JobStage.IMPORT);
      progress.report(done, total);
    },
  }).finally(() => stages.end());
  progress.stage(JobStage.UPLOAD);
  return await inSpan('upload', {}, async () => {
    const onProgress = (total: number) => (bytes: number) => progress.report(bytes, total);
    const weights = await digestOfFile(cachePath, { signal });
    const weightCache = await putBlobFile(store, cachePath, weights.digest, {
      signal,
      onProgress: onProgress(weights.bytes),
    });
    const table = await digestOfFile(made.cmtPath, { signal });
    const cmt = await putBlobFile(store, made.cmtPath, table.digest, { signal });
    return {
      format: 'flash-slim model',
      version: 1,
      name: spec.modelName || source.name,
      model_digest: made.modelDigest,
      model_bytes: source.bytes,
      weight_cache_digest: made.weightCacheDigest,
      weight_cache: weightCache,
      cmt,
      plan_targets: planTargets([], spec),
      job_id: id,
      created: new Date().toISOString(),
      trace: {},
    };
  });
}

const planTargets = (targets: ModelManifest['plan_targets'], spec: JobSpec): ModelManifest['plan_targets'] => {
  const all = [...targets, ...(spec.planTargets as ModelManifest['plan_targets'])];
  const distinct = new Map(
    all.map((target) => [JSON.stringify([target.memoryBudgetBytes, target.contextLength, target.kvType]), target]),
  );
  return [...distinct.values()].slice(-100);
};

/** A model that is there already: nothing is built again, but new wishes for plans, or a new name, are heard. */
const withTargets = (manifest: ModelManifest, spec: JobSpec): ModelManifest => ({
  ...manifest,
  name: spec.modelName || manifest.name,
  plan_targets: planTargets(manifest.plan_targets, spec),
});

/** Aborts when the record says that the job ended without this worker, or that another one has it. */
async function watchForOvertaking(
  { records, workerId }: WorkerOptions,
  id: string,
  attempt: number,
  overtaken: AbortController,
): Promise<void> {
  for await (const record of records.watch(id, overtaken.signal)) {
    const ours = record?.worker === workerId && record.job.attempt === attempt;
    if (!ours || record.job.state === JobState.CANCELLED) overtaken.abort();
  }
}

/** Codes of what the same again would not mend, besides what gRPC calls the caller's mistake. */
const permanent = new Set([
  'SOURCE_FORBIDDEN',
  'SOURCE_NOT_FOUND',
  'SOURCE_TOO_LARGE',
  'SOURCE_DIGEST',
  'JOB_TIMEOUT',
  'UNKNOWN_MODEL',
  'DIGEST_MISMATCH',
]);

async function fail(
  error: unknown,
  delivery: Delivery,
  options: WorkerOptions,
  id: string,
  log: Logger,
): Promise<never> {
  const { status } = failureOf(error);
  const { code = 'INTERNAL', message } = error as { code?: string; message: string };
  const isPermanent = permanent.has(code) || status === Status.INVALID_ARGUMENT;
  const last = isPermanent || delivery.attempt >= options.maxAttempts;
  log[last ? 'error' : 'warn'](
    { err: error, delivery: delivery.attempt },
    last ? 'job failed' : 'job will be tried again',
  );
  await options.records.change(id, (record) => {
    if (record.worker !== options.workerId || hasEnded(record.job)) return null;
    const told = { code, message, retryable: !isPermanent };
    return changed(record, last ? { state: JobState.FAILED, error: told } : { error: told });
  });
  if (last) {
    countJob(code, delivery);
    await rm(directoryOf(options, id), { recursive: true, force: true });
  }
  throw isPermanent ? new PermanentError(code, message, { cause: error }) : error;
}

/** Outcome and time since it was queued. */
function countJob(outcome: string, { published }: Delivery): void {
  const attributes = { 'flash_slim.job.outcome': outcome };
  meter().createCounter('flash_slim.jobs', { unit: '{job}' }).add(1, attributes);
  const seconds = (Date.now() - published.getTime()) / 1000;
  meter().createHistogram('flash_slim.job.duration', { unit: 's' }).record(seconds, attributes);
}

/** Spans of what a child process is at, by what it tells. */
class StageSpans {
  #name: string;
  #begun = Date.now();

  constructor(name: string) {
    this.#name = name;
  }

  enter(name: string): void {
    if (name === this.#name) return;
    this.end();
    this.#name = name;
    this.#begun = Date.now();
  }

  end(): void {
    pastSpan(this.#name, this.#begun, Date.now());
  }
}
