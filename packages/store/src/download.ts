// Large blobs to a file: goes on where it broke off, checked against the digest before the file gets its name.
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BlobReference } from './blob.ts';
import { StoreError } from './error.ts';
import { blobKey } from './key.ts';
import type { Abortable, ObjectStore } from './object-store.ts';

export interface DownloadOptions extends Abortable {
  onProgress?: (bytes: number) => void;
  /** Consecutive tries that bring no byte before it gives up. */
  attempts?: number;
}

export interface DownloadSource {
  key: string;
  bytes: number;
  /** 64 hex digits; null: whatever it has. */
  sha256: string | null;
}

/** Brings a blob to `path`, like downloadObject. */
export async function downloadBlob(
  store: ObjectStore,
  { digest, bytes }: BlobReference,
  path: string,
  options: DownloadOptions = {},
): Promise<void> {
  await downloadObject(store, { key: blobKey(digest), bytes, sha256: digest.slice('sha256:'.length) }, path, options);
}

/**
 * Brings an object to `path` and answers its SHA-256. What an earlier try left in `path`.partial is used: its bytes are
 * hashed, the rest is fetched. Throws DIGEST_MISMATCH (and removes what was wrong), DISK_FULL, OBJECT_NOT_FOUND,
 * STORE_UNAVAILABLE.
 */
export async function downloadObject(
  store: ObjectStore,
  { key, bytes, sha256 }: DownloadSource,
  path: string,
  options: DownloadOptions = {},
): Promise<string> {
  const partial = `${path}.partial`;
  const hash = createHash('sha256');
  const file = await open(partial, 'a');
  let found: string;
  try {
    let done = await resumeFrom(partial, file, hash, bytes);
    options.onProgress?.(done);
    const attempts = options.attempts ?? 6;
    for (let failures = 0; done < bytes; ) {
      options.signal?.throwIfAborted();
      const before = done;
      try {
        for await (const piece of await store.get(key, { ...signalOf(options), offset: done })) {
          if (done + (piece as Buffer).length > bytes) throw mismatch(key, `more than ${bytes} bytes`);
          await file.writeFile(piece as Buffer);
          hash.update(piece as Buffer);
          done += (piece as Buffer).length;
          options.onProgress?.(done);
        }
        if (done < bytes) throw new StoreError('STORE_UNAVAILABLE', `${key} ended after ${done} of ${bytes} bytes`);
      } catch (error) {
        options.signal?.throwIfAborted();
        if (isFull(error)) throw new StoreError('DISK_FULL', `no room for ${bytes} bytes at ${path}`, { cause: error });
        failures = done > before ? 1 : failures + 1;
        if (!(error instanceof StoreError) || !error.retryable || failures >= attempts) throw error;
        await sleep(100 * 2 ** failures, undefined, signalOf(options));
      }
    }
    found = hash.digest('hex');
    if (sha256 !== null && found !== sha256) throw mismatch(key, `the SHA-256 ${found}`);
    await file.sync();
  } catch (error) {
    // Wrong bytes are no beginning to go on from.
    if (error instanceof StoreError && error.code === 'DIGEST_MISMATCH') await rm(partial, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  await rename(partial, path);
  const directory = await open(dirname(path), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
  return found;
}

async function resumeFrom(partial: string, file: FileHandle, hash: Hash, bytes: number): Promise<number> {
  const { size } = await file.stat();
  if (size > bytes) {
    await file.truncate(0);
    return 0;
  }
  for await (const piece of createReadStream(partial, { highWaterMark: 1 << 20 })) hash.update(piece as Buffer);
  return size;
}

const signalOf = ({ signal }: Abortable): Abortable => (signal ? { signal } : {});
const isFull = (error: unknown): boolean => ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '');
const mismatch = (key: string, found: string) =>
  new StoreError(
    'DIGEST_MISMATCH',
    `the object ${key} has ${found}, and not what was announced: remove it and make it again`,
  );
