import { stat, utimes } from 'node:fs/promises';

/** Notes that a cache is used now: its table's access time, which nothing else keeps (direct reads leave no trace). */
export async function markUsed(cmtPath: string): Promise<void> {
  // Read-only stores work too; they are only not told apart by age.
  await stat(cmtPath)
    .then(({ mtime }) => utimes(cmtPath, new Date(), mtime))
    .catch(() => {});
}
