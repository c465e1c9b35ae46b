// The object store is only ever reached from a child process: its client takes memory that is planned for weights.
import { fork } from 'node:child_process';
import { StoreError, type StoreErrorCode, type StoreLocation } from '@flash-slim/store';
import type { PullRequest, PullResult } from './pull.ts';

export interface ChildJob {
  location: StoreLocation;
  request: PullRequest;
}

export type ChildAnswer =
  | { progress: { done: number; total: number } }
  | { result: PullResult }
  | { error: { code: string; message: string } };

export interface PullOptions {
  signal: AbortSignal;
  onProgress?: (done: number, total: number) => void;
}

/**
 * What the child takes beside this process (its file pages are the same ones): 27 MB with the S3 client loaded, 17 MB
 * without, and pieces under way.
 */
export const childBytes = (location: StoreLocation): number => ('s3' in location ? 44e6 : 28e6);

const smallProcess = ['--max-semi-space-size=1', '--v8-pool-size=1', '--single-threaded-gc', '--no-opt', '--no-maglev'];

/** Pulls in a child, which ends with the signal or with this process. Throws StoreError. */
export async function pullInChild(job: ChildJob, { signal, onProgress }: PullOptions): Promise<PullResult> {
  signal.throwIfAborted();
  const child = fork(new URL('./pull-child.js', distribution), [], {
    execArgv: smallProcess,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const stop = () => child.kill('SIGKILL');
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await new Promise<PullResult>((resolve, reject) => {
      child.on('error', reject);
      child.on('message', (answer: ChildAnswer) => {
        if ('progress' in answer) onProgress?.(answer.progress.done, answer.progress.total);
        else if ('result' in answer) resolve(answer.result);
        else reject(new StoreError(answer.error.code as StoreErrorCode, answer.error.message));
      });
      child.on('exit', (code, by) => {
        reject(
          signal.aborted
            ? signal.reason
            : new StoreError('STORE_UNAVAILABLE', `the child that pulls ended with ${by ?? `exit code ${code}`}`),
        );
      });
      child.send(job, (error) => error && reject(error));
    });
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
  }
}

/** Where compiled files lie, also when this one runs from its source in a test. */
const distribution = new URL('../dist/', import.meta.url);
