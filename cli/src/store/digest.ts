import { createHash, type Hash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import type { Activity } from './activity.ts';
import { readPast } from './file-stream.ts';

/** SHA-256 of a file as 64 hex digits. */
export const fileDigest = (path: string, activity: Activity): Promise<string> =>
  digest(path, createHash('sha256'), activity);

/** What git calls a file of these contents: 40 hex digits. */
export async function gitBlobDigest(path: string, activity: Activity): Promise<string> {
  const { size } = await stat(path);
  return await digest(path, createHash('sha1').update(`blob ${size}\0`), activity);
}

async function digest(path: string, hash: Hash, activity: Activity): Promise<string> {
  const progress = activity.progress('checking', (await stat(path)).size, 'bytes');
  let done = 0;
  try {
    for await (const chunk of readPast(path)) {
      activity.signal.throwIfAborted();
      hash.update(chunk);
      done += chunk.length;
      progress.update(done);
    }
  } finally {
    progress.stop();
  }
  return hash.digest('hex');
}
