// Files that appear together, whole, or not at all: each is written under a temporary name beside its final one.
import { type FileHandle, mkdir, open, rename, rm, rmdir, stat, statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { ModelError } from '../model-error.ts';

const fullDisk = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

export class OutputFiles {
  readonly #directory: string;
  /** Directories that were made for it, and go again if nothing comes of it. */
  readonly #made: string[];
  readonly #files: { name: string; part: string; handle: FileHandle }[] = [];

  private constructor(directory: string, made: string[]) {
    this.#directory = directory;
    this.#made = made;
  }

  /** Runs `write` and gives the files their names when it has come to its end; else removes what there is of them. */
  static async write(directory: string, write: (files: OutputFiles) => Promise<void>): Promise<void> {
    const made = await makeDirectories(directory).catch((error) => {
      throw typed(error, directory);
    });
    const files = new OutputFiles(directory, made);
    try {
      await write(files);
      await files.#publish();
    } catch (error) {
      await files.#discard();
      throw typed(error, directory);
    }
  }

  /** Throws DISK_FULL where the file system has less room than `bytes`. */
  async requireRoom(bytes: number): Promise<void> {
    const { bavail, bsize } = await statfs(this.#directory);
    if (bavail * bsize >= bytes) return;
    throw new ModelError(
      'DISK_FULL',
      `${this.#directory} has room for ${bavail * bsize} bytes, the export takes ${bytes}; make room or name another directory`,
    );
  }

  async create(name: string): Promise<FileHandle> {
    const part = join(this.#directory, `.${name}.${process.pid}.part`);
    const handle = await open(part, 'w');
    this.#files.push({ name, part, handle });
    return handle;
  }

  async #publish(): Promise<void> {
    for (const { handle } of this.#files) {
      await handle.sync();
      await handle.close();
    }
    for (const { name, part } of this.#files) await rename(part, join(this.#directory, name));
  }

  async #discard(): Promise<void> {
    for (const { part, handle } of this.#files) {
      await handle.close().catch(() => {});
      await rm(part, { force: true });
    }
    // Not if somebody else has put something there meanwhile.
    for (const directory of this.#made.toReversed()) await rmdir(directory).catch(() => {});
  }
}

/** Returns those that were not there. (mkdir's own `recursive` never returns where a file system makes none, as /proc.) */
async function makeDirectories(directory: string): Promise<string[]> {
  const missing: string[] = [];
  for (let path = resolve(directory); !(await exists(path)); path = dirname(path)) missing.unshift(path);
  const made: string[] = [];
  try {
    for (const path of missing) {
      await mkdir(path);
      made.push(path);
    }
  } catch (error) {
    for (const path of made.toReversed()) await rmdir(path).catch(() => {});
    throw error;
  }
  return made;
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
}

function typed(error: unknown, directory: string): unknown {
  if (error instanceof ModelError || !(error instanceof Error) || !('code' in error) || !('syscall' in error))
    return error;
  if (fullDisk.has(String(error.code))) {
    return new ModelError(
      'DISK_FULL',
      `the disk of ${directory} is full (${error.code}); nothing was left there: make room or name another directory`,
      {
        cause: error,
      },
    );
  }
  return new ModelError('OUTPUT_UNWRITABLE', `cannot write the export to ${directory}: ${error.message}`, {
    cause: error,
  });
}
