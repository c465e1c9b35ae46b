// ProfilerService: what can be asked of jobs. It queues; workers work.
import type { WorkQueue } from '@flash-slim/bus';
import { encodeJson, fullTarget, incomingKey, type JobMessage, jobId, readModelManifest } from '@flash-slim/messages';
import { type Job, JobSpec, JobState, type PlanTarget, type ProfilerServiceImplementation } from '@flash-slim/proto';
import { invalidArgument, notFound, RpcError, Status } from '@flash-slim/rpc';
import { maxParts, minPartBytes, type ObjectStore } from '@flash-slim/store';
import { currentTraceId, inSpan, type Logger, SpanKind, traceHeaders } from '@flash-slim/telemetry';
import { changed, hasEnded, type JobRecord, type JobRecords, newJob, queuedAgain } from './job-record.ts';
import { checkSource } from './sources.ts';
import type { UploadUrls } from './upload-urls.ts';

export interface FrontOptions {
  store: ObjectStore;
  queue: WorkQueue;
  records: JobRecords;
  uploadUrls: UploadUrls;
  maxModelBytes: number;
  log: Logger;
  /** Aborted when the service stops: streams end then. */
  signal: AbortSignal;
}

const uploadSeconds = 12 * 3600;
const jobIdPattern = /^job-[0-9a-f]{24}$/;

export function createFront(options: FrontOptions): ProfilerServiceImplementation {
  const { store, queue, records, log } = options;

  const find = async (id: string) => {
    if (!jobIdPattern.test(id))
      throw invalidArgument('job_id', `${JSON.stringify(id.slice(0, 80))} is no job id; "flash-slim jobs" lists them`);
    const stored = await records.get(id);
    if (stored === null) throw notFound('JOB_NOT_FOUND', `there is no job ${id}; "flash-slim jobs" lists them`);
    return stored;
  };

  return {
    createUpload: async ({ sha256, bytes }, { signal }) => {
      checkSha256('sha256', sha256);
      if (bytes < 1 || bytes > options.maxModelBytes)
        throw invalidArgument('bytes', `is ${bytes}, must be from 1 to ${options.maxModelBytes}`);
      const source = `upload:${sha256}`;
      const done = { uploadId: '', source, partBytes: 0, parts: [] };
      if (await readModelManifest(store, `sha256:${sha256}`)) return done;
      const key = incomingKey(sha256);
      if ((await store.head(key, { signal }))?.bytes === bytes) return done;
      let uploadId: string | undefined;
      for await (const pending of store.listUploads(key, { signal })) uploadId = pending.uploadId;
      uploadId ??= await store.createUpload(key, { signal });
      const there = new Map(
        (await store.listParts(key, uploadId, { signal })).map((part) => [part.number, part.bytes]),
      );
      const partBytes = Math.max(16 << 20, minPartBytes, Math.ceil(bytes / maxParts));
      const parts = Array.from({ length: Math.ceil(bytes / partBytes) }, (_, i) => ({
        number: i + 1,
        offset: i * partBytes,
        bytes: Math.min(partBytes, bytes - i * partBytes),
      }));
      return {
        uploadId,
        source,
        partBytes,
        parts: await Promise.all(
          parts.map(async (part) => ({
            ...part,
            url: await options.uploadUrls.partUrl(key, uploadId, part.number, uploadSeconds),
            done: there.get(part.number) === part.bytes,
          })),
        ),
        expireTime: new Date(Date.now() + uploadSeconds * 1000),
      };
    },

    submitJob: async ({ spec: given }, { signal }) => {
      const spec = checkSpec(given);
      await completeUpload(store, spec, signal);
      const record = newJob(jobId(JobSpec.toJSON(spec)), spec, traceHeaders(), currentTraceId());
      const { stored, created } = await records.create(record);
      let { job } = stored.record;
      if (created) await enqueue(queue, stored.record);
      else if (job.state === JobState.FAILED || job.state === JobState.CANCELLED) job = await retry(options, job.id);
      log.info({ job: job.id, created, source: spec.source }, 'job submitted');
      return { job, created };
    },

    getJob: async ({ jobId: id }) => ({ job: (await find(id)).record.job }),

    watchJob: async function* ({ jobId: id }, { signal }) {
      await find(id);
      const either = AbortSignal.any([signal, options.signal]);
      for await (const record of records.watch(id, either)) {
        if (record === null) return;
        yield { job: record.job };
        if (hasEnded(record.job)) return;
      }
    },

    listJobs: async ({ pageSize, pageToken, states }) => {
      const size = pageSize === 0 ? 50 : Math.min(pageSize, 100);
      const order = ({ createTime, id }: Job) => `${createTime?.toISOString()} ${id}`;
      const jobs = (await records.all())
        .map(({ record }) => record.job)
        .filter(({ state }) => states.length === 0 || states.includes(state))
        .sort((a, b) => (order(a) < order(b) ? 1 : -1));
      const begin = pageToken === '' ? 0 : jobs.findIndex((job) => order(job) < decodeToken(pageToken));
      const page = begin < 0 ? [] : jobs.slice(begin, begin + size);
      const last = page.at(-1);
      const more = last !== undefined && jobs.at(-1) !== last;
      return { jobs: page, nextPageToken: more ? Buffer.from(order(last)).toString('base64url') : '' };
    },

    cancelJob: async ({ jobId: id }) => {
      await find(id);
      const stored = await records.change(id, (record) =>
        hasEnded(record.job) ? null : changed(record, { state: JobState.CANCELLED }),
      );
      if (stored === null) throw notFound('JOB_NOT_FOUND', `there is no job ${id} any more`);
      return { job: stored.record.job };
    },

    retryJob: async ({ jobId: id }) => {
      const { job } = (await find(id)).record;
      if (job.state !== JobState.FAILED && job.state !== JobState.CANCELLED)
        throw new RpcError(
          Status.FAILED_PRECONDITION,
          'JOB_NOT_RETRYABLE',
          `job ${id} has neither failed nor been cancelled: there is nothing to do again`,
        );
      await completeUpload(store, job.spec as JobSpec, options.signal);
      return { job: await retry(options, id) };
    },
  };
}

/** Puts a job into the queue: the same attempt twice is one message. */
export async function enqueue(queue: WorkQueue, { job, trace }: JobRecord): Promise<void> {
  const message: JobMessage = { job_id: job.id, attempt: job.attempt };
  await inSpan('jobs publish', { kind: SpanKind.PRODUCER, parent: trace }, () =>
    queue.publish({ id: `${job.id}-${job.attempt}`, body: encodeJson(message), headers: traceHeaders() }),
  );
}

async function retry({ records, queue }: FrontOptions, id: string): Promise<Job> {
  const stored = await records.change(id, (record) =>
    record.job.state === JobState.FAILED || record.job.state === JobState.CANCELLED
      ? queuedAgain(record, traceHeaders(), currentTraceId())
      : null,
  );
  if (stored === null) throw notFound('JOB_NOT_FOUND', `there is no job ${id} any more`);
  const { record } = stored;
  await queue.deadLetters.take(`${id}-${record.job.attempt - 1}`);
  await enqueue(queue, record);
  return record.job;
}

/** Makes the file of its parts, where they are all there. Throws FAILED_PRECONDITION where they are not. */
async function completeUpload(store: ObjectStore, { source, sha256 }: JobSpec, signal: AbortSignal): Promise<void> {
  if (!source.startsWith('upload:')) return;
  if (await readModelManifest(store, `sha256:${sha256}`)) return;
  const key = incomingKey(sha256);
  if ((await store.head(key, { signal })) !== null) return;
  for await (const { uploadId } of store.listUploads(key, { signal })) {
    const parts = await store.listParts(key, uploadId, { signal });
    // Parts are numbered without a gap, and all but the last are of one size; the digest says whether that is all of it.
    const whole = parts.every(
      ({ number, bytes }, i) => number === i + 1 && (i === parts.length - 1 || bytes === parts[0]?.bytes),
    );
    if (parts.length > 0 && whole) return store.completeUpload(key, uploadId, { signal });
  }
  throw new RpcError(
    Status.FAILED_PRECONDITION,
    'UPLOAD_INCOMPLETE',
    `the file ${source} is not there: call CreateUpload, and PUT every part to its URL first`,
  );
}

function checkSpec(given: JobSpec | undefined): JobSpec {
  if (given === undefined) throw invalidArgument('spec', 'is missing');
  const spec = { ...given, sha256: given.sha256.toLowerCase() };
  checkSource(spec.source);
  const uploaded = /^upload:(.*)$/.exec(spec.source)?.[1];
  if (uploaded !== undefined) {
    if (spec.sha256 !== '' && spec.sha256 !== uploaded)
      throw invalidArgument('spec.sha256', `is not that of ${spec.source}`);
    spec.sha256 = uploaded;
  }
  if (spec.sha256 !== '') checkSha256('spec.sha256', spec.sha256);
  if (!/^[A-Za-z0-9][A-Za-z0-9._ -]{0,99}$|^$/.test(spec.modelName))
    throw invalidArgument('spec.model_name', 'letters, digits, spaces and . _ -, 100 at most');
  if (spec.prefillTokens === 0) spec.prefillTokens = 64;
  if (spec.prefillTokens < 2 || spec.prefillTokens > 4096)
    throw invalidArgument('spec.prefill_tokens', `is ${spec.prefillTokens}, must be from 2 to 4096`);
  if (spec.planTargets.length > 100) throw invalidArgument('spec.plan_targets', 'more than 100');
  spec.planTargets = spec.planTargets.map((target, i) => checkTarget(`spec.plan_targets[${i}]`, target));
  return spec;
}

/** No model fits less, and no machine has more. */
const minBudgetBytes = 1e6;
const maxBudgetBytes = 2 ** 50;

export function checkTarget(field: string, given: PlanTarget): PlanTarget {
  const target = fullTarget(given);
  const { memoryBudgetBytes, contextLength, kvType } = target;
  if (memoryBudgetBytes < minBudgetBytes || memoryBudgetBytes > maxBudgetBytes)
    throw invalidArgument(
      `${field}.memory_budget_bytes`,
      `is ${memoryBudgetBytes}, must be from ${minBudgetBytes} to ${maxBudgetBytes}`,
    );
  if (contextLength < 2 || contextLength > 2 ** 24)
    throw invalidArgument(`${field}.context_length`, `is ${contextLength}, must be from 2 to ${2 ** 24}`);
  if (kvType !== 'f16' && kvType !== 'f32') throw invalidArgument(`${field}.kv_type`, 'must be f16 or f32');
  return target;
}

function checkSha256(field: string, text: string): void {
  if (!/^[0-9a-f]{64}$/.test(text)) throw invalidArgument(field, 'must be 64 hex digits');
}

function decodeToken(token: string): string {
  const text = Buffer.from(token, 'base64url').toString();
  if (!/^\d{4}-.* job-[0-9a-f]{24}$/.test(text)) throw invalidArgument('page_token', 'must be one that ListJobs gave');
  return text;
}
