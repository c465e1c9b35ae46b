import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import type { Activity } from './activity.ts';
import { readPast } from './file-stream.ts';

/** SHA-256 of a file as 64 hex digits. */
export async function fileDigest(path: string, activity: Activity): Promise<string> {
  const hash = createHash('sha256');
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
