import { statfs } from 'node:fs/promises';
import { formatBytes } from '@flash-slim/plan';
import { CliError } from '../errors.ts';

/** Left free on the disk, whatever is downloaded. */
const reserveBytes = 64 << 20;

/** Refuses, before anything is written, what would fill the disk. */
export async function requireSpace(directory: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(directory);
  const free = bavail * bsize;
  if (free >= bytes + reserveBytes) return;
  throw new CliError(
    'DISK_FULL',
    `${directory} has ${formatBytes(free)} free, and ${formatBytes(bytes + reserveBytes)} are needed: free some, or set FLASH_SLIM_HOME`,
  );
}
