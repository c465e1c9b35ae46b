// What the store takes on the disk, and the bound that its user has set.
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { formatBytes } from '@flash-slim/plan';
import { CliError } from '../errors.ts';
import { storeDirectory } from './store.ts';

/** Bytes on the disk of everything below a directory; what goes meanwhile counts nothing. */
export async function bytesBelow(directory: string): Promise<number> {
  const entries = await readdir(directory, { recursive: true }).catch(() => [] as string[]);
  let bytes = 0;
  for (const entry of entries) {
    const status = await lstat(join(directory, entry)).catch(() => null);
    bytes += status?.isFile() ? status.blocks * 512 : 0;
  }
  return bytes;
}

/** Refuses what would make the store larger than `most` bytes. */
export function storeLimit(most: number): (bytes: number) => Promise<void> {
  return async (bytes) => {
    const used = await bytesBelow(storeDirectory());
    if (used + bytes <= most) return;
    throw new CliError(
      'STORE_FULL',
      `the store has ${formatBytes(used)} and ${formatBytes(bytes)} more would pass --max-store ${formatBytes(most)}: ` +
        'make room with `flash-slim cache prune`, or raise it',
    );
  };
}
