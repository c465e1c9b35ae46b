// One builder per cache: flock on a file beside it, which the kernel releases when the process ends, however it ends. The
// holder keeps its progress in the file, for those who wait; they are other processes, or other calls in this one.
import { constants } from 'node:fs';
import { type FileHandle, open, rm, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { tryLockFile } from '@flash-slim/native';
import { WeightCacheError } from './error.ts';
import { type CacheOptions, type CacheProgress, progressMilliseconds } from './job.ts';

/** Length of the progress record; it is overwritten in place. */
const recordBytes = 128;

export class BuildLock {
  readonly #path: string;
  readonly #file: FileHandle;
  #writing: Promise<unknown> = Promise.resolve();

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  /** Waits for the lock, reporting the holder's progress; rejects with the signal's reason. Throws OUTPUT_UNWRITABLE. */
  static async acquire(path: string, { onProgress, signal }: CacheOptions): Promise<BuildLock> {
    for (;;) {
      signal?.throwIfAborted();
      const file = await open(path, constants.O_RDWR | constants.O_CREAT, 0o644).catch((cause) => {
        const code = cause.code === 'ENOSPC' ? 'DISK_FULL' : 'OUTPUT_UNWRITABLE';
        throw new WeightCacheError(code, `cannot create ${path}: ${cause.message}`, { cause });
      });
      try {
        if (tryLockFile(file.fd)) {
          // The holder before removed the file at its end: a lock on the removed one excludes nobody.
          const [ours, there] = await Promise.all([file.stat(), stat(path).catch(() => null)]);
          if (there?.ino === ours.ino && there.dev === ours.dev) return new BuildLock(path, file);
          await file.close();
          continue;
        }
        onProgress?.(await readProgress(file));
      } catch (error) {
        await file.close();
        throw error;
      }
      await file.close();
      await sleep(progressMilliseconds, undefined, signal ? { signal } : {}).catch((error) => {
        signal?.throwIfAborted();
        throw error;
      });
    }
  }

  /** Tells those who wait. */
  report({ bytesDone, bytesTotal }: CacheProgress): void {
    const record = JSON.stringify({ bytesDone, bytesTotal }).padEnd(recordBytes);
    // Progress that cannot be written is no failure of the build.
    this.#writing = this.#writing.then(() => this.#file.write(record, 0)).catch(() => {});
  }

  async release(): Promise<void> {
    await this.#writing;
    await rm(this.#path, { force: true });
    await this.#file.close();
  }
}

async function readProgress(file: FileHandle): Promise<CacheProgress> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(recordBytes), 0, recordBytes, 0);
  try {
    const { bytesDone, bytesTotal } = JSON.parse(buffer.toString('utf8', 0, bytesRead));
    if (Number.isSafeInteger(bytesDone) && Number.isSafeInteger(bytesTotal)) {
      return { bytesDone, bytesTotal, waiting: true };
    }
  } catch {
    // not written yet
  }
  return { bytesDone: 0, bytesTotal: 0, waiting: true };
}
