// A job as it is kept: pure transitions, and a bucket in which each is a compare-and-set.
import { BusError, type Change, type Entry, type KeyValue } from '@flash-slim/bus';
import { encodeJson } from '@flash-slim/messages';
import { Job, type JobSpec, JobStage, JobState } from '@flash-slim/proto';
import type { TraceHeaders } from '@flash-slim/telemetry';

export interface JobRecord {
  job: Job;
  /** Of whoever submitted it, or retried it last. */
  trace: TraceHeaders;
  /** The worker at it; another value means that another one took over. */
  worker: string | null;
}

export const hasEnded = ({ state }: Job): boolean =>
  state === JobState.SUCCEEDED || state === JobState.FAILED || state === JobState.CANCELLED;

export function newJob(id: string, spec: JobSpec, trace: TraceHeaders, traceId: string): JobRecord {
  const now = new Date();
  const job = Job.fromPartial({
    id,
    spec,
    state: JobState.QUEUED,
    attempt: 1,
    createTime: now,
    updateTime: now,
    traceId,
  });
  return { job, trace, worker: null };
}

/** Queued again: what it had come to is in the store, its record begins anew. */
export function queuedAgain({ job }: JobRecord, trace: TraceHeaders, traceId: string): JobRecord {
  const again = newJob(job.id, job.spec as JobSpec, trace, traceId);
  return { ...again, job: { ...again.job, attempt: job.attempt + 1, createTime: job.createTime } };
}

export type JobChange = Partial<Pick<Job, 'state' | 'stage' | 'done' | 'total' | 'error' | 'artifacts'>>;

export function changed(record: JobRecord, change: JobChange, worker = record.worker): JobRecord {
  const now = new Date();
  const job: Job = { ...record.job, ...change, updateTime: now };
  if (hasEnded(job)) job.endTime = now;
  if (change.state === JobState.RUNNING) Object.assign(job, { stage: JobStage.FETCH, error: undefined });
  return { ...record, job, worker };
}

const encode = ({ job, trace, worker }: JobRecord): Buffer => encodeJson({ job: Job.toJSON(job), trace, worker });

function decode({ value }: Entry): JobRecord {
  const { job, trace, worker } = JSON.parse(Buffer.from(value).toString());
  return { job: Job.fromJSON(job), trace, worker };
}

export interface StoredJob {
  record: JobRecord;
  revision: number;
}

export class JobRecords {
  readonly #bucket: KeyValue;

  constructor(bucket: KeyValue) {
    this.#bucket = bucket;
  }

  async get(id: string): Promise<StoredJob | null> {
    const entry = await this.#bucket.get(id);
    return entry && { record: decode(entry), revision: entry.revision };
  }

  async all(): Promise<StoredJob[]> {
    return (await this.#bucket.entries()).map((entry) => ({ record: decode(entry), revision: entry.revision }));
  }

  /** The record that is there, where there is one already. */
  async create(record: JobRecord): Promise<{ stored: StoredJob; created: boolean }> {
    try {
      return { stored: { record, revision: await this.#bucket.create(record.job.id, encode(record)) }, created: true };
    } catch (error) {
      const there = isConflict(error) ? await this.get(record.job.id) : null;
      if (there === null) throw error;
      return { stored: there, created: false };
    }
  }

  /** Changes a record from what it is now; again where another was faster. `next` answers null to leave it. */
  async change(id: string, next: (record: JobRecord) => JobRecord | null): Promise<StoredJob | null> {
    for (;;) {
      const there = await this.get(id);
      if (there === null) return null;
      const record = next(there.record);
      if (record === null) return there;
      try {
        return { record, revision: await this.#bucket.update(id, encode(record), there.revision) };
      } catch (error) {
        if (!isConflict(error)) throw error;
      }
    }
  }

  async *watch(id: string, signal: AbortSignal): AsyncIterable<JobRecord | null> {
    for await (const { entry } of this.#bucket.watch({ signal, prefix: id }) as AsyncIterable<Change>)
      yield entry && decode(entry);
  }
}

const isConflict = (error: unknown): boolean => error instanceof BusError && error.code === 'BUS_CONFLICT';
