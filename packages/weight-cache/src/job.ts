// Long native work as a promise: progress at most ten times a second, and an AbortSignal.
import { type CacheJob, cancelJob, createJob, jobBytesDone } from '@flash-slim/native';

export interface CacheProgress {
  bytesDone: number;
  bytesTotal: number;
  /** True while another process builds the cache that this one wants. */
  waiting: boolean;
}

export interface CacheOptions {
  onProgress?: (progress: CacheProgress) => void;
  signal?: AbortSignal;
}

export const progressMilliseconds = 100;

/** Runs `work` with a native job that is cancelled by the signal; rejects with the signal's reason then. */
export async function withJob<T>(
  options: CacheOptions,
  bytesTotal: number,
  otherBytesDone: () => number,
  work: (job: CacheJob) => Promise<T>,
): Promise<T> {
  const { onProgress, signal } = options;
  signal?.throwIfAborted();
  const job = createJob();
  const cancel = (): void => cancelJob(job);
  signal?.addEventListener('abort', cancel);
  const report = (): void =>
    onProgress?.({ bytesDone: jobBytesDone(job) + otherBytesDone(), bytesTotal, waiting: false });
  const timer = onProgress && setInterval(report, progressMilliseconds);
  try {
    const result = await work(job);
    signal?.throwIfAborted();
    report();
    return result;
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    clearInterval(timer);
    signal?.removeEventListener('abort', cancel);
  }
}
