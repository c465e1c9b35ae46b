// The kernel's side of demand paging: what it caches, and how far it reads ahead.
import { accessSync, constants, existsSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const dropFile = '/proc/sys/vm/drop_caches';

/** Why the page cache cannot be dropped here, or null. */
export const whyNoDrop = (): string | null => whyNotWritable(dropFile, 'the page cache cannot be dropped');

/** Pages that were read by another cgroup stay charged to it and would serve a limited process for nothing. */
export function dropPageCache(): void {
  writeFileSync(dropFile, '3');
}

/** The readahead of the device that a path lies on. It holds for files opened after a change. */
export class Readahead {
  readonly #file: string;
  readonly #found: string;

  /** Throws where the device has none that can be set. */
  constructor(path: string) {
    this.#file = readaheadFile(path);
    const why = whyNotWritable(this.#file, 'the readahead cannot be set');
    if (why !== null) throw new Error(why);
    this.#found = readFileSync(this.#file, 'utf8').trim();
  }

  set(kb: number): void {
    writeFileSync(this.#file, String(kb));
  }

  restore(): void {
    writeFileSync(this.#file, this.#found);
  }
}

function readaheadFile(path: string): string {
  const { dev } = statSync(path, { bigint: true });
  const major = (dev >> 8n) & 0xfffn;
  const minor = (dev & 0xffn) | ((dev >> 12n) & 0xfff00n);
  const link = `/sys/dev/block/${major}:${minor}`;
  if (!existsSync(link)) throw new Error(`${path} lies on no block device, which readahead could be set for`);
  const device = realpathSync(link);
  // A partition has no queue of its own.
  const disk = existsSync(join(device, 'queue')) ? device : dirname(device);
  return join(disk, 'queue/read_ahead_kb');
}

function whyNotWritable(file: string, what: string): string | null {
  try {
    accessSync(file, constants.W_OK);
    return null;
  } catch (error) {
    return `${what} here (${(error as Error).message}); run as root`;
  }
}
