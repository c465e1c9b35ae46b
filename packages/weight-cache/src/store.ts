// Where weight caches lie in the local store: STORE/caches/<key>/weights.fsw, the CMT beside it. The key names the model
// file's contents as cheaply as can be told at every start: without reading it whole.
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DirectReader } from './direct-reader.ts';
import { fromNative } from './error.ts';
import { layoutVersion } from './manifest.ts';

/** The file's beginning: a model's own facts, and the names and places of its tensors. */
const identifyingBytes = 256 << 10;

/** 32 hex digits from the file's first 256 KB, size, modification time and the layout's version. Throws SOURCE_UNREADABLE. */
export async function cacheKey(modelPath: string): Promise<string> {
  try {
    const reader = new DirectReader(modelPath, identifyingBytes);
    try {
      const { mtimeNs } = await stat(modelPath, { bigint: true });
      const hash = createHash('sha256').update(await reader.read(0, identifyingBytes));
      return hash.update(`${reader.bytes} ${mtimeNs} ${layoutVersion}`).digest('hex').slice(0, 32);
    } finally {
      reader.close();
    }
  } catch (error) {
    throw fromNative(error, 'SOURCE_UNREADABLE');
  }
}

export const weightCachePath = (storeDirectory: string, key: string): string =>
  join(storeDirectory, 'caches', key, 'weights.fsw');
