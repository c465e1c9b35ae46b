import { statfs } from 'node:fs/promises';
import { formatBytes } from '@flash-slim/plan';
import { CliError } from '../errors.ts';

/** Left free on the disk, whatever is downloaded. */
const reserveBytes = 64 << 20;

export async function freeBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}

/** Refuses, before anything is written, what would fill the disk. */
export async function requireSpace(directory: string, bytes: number): Promise<void> {
  const free = await freeBytes(directory);
  if (free >= bytes + reserveBytes) return;
  throw new CliError(
    'DISK_FULL',
    `${directory} has ${formatBytes(free)} free, and ${formatBytes(bytes + reserveBytes)} are needed: free some, or set FLASH_SLIM_HOME`,
  );
}
