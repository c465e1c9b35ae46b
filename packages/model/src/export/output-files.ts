// Files that appear together, whole, or not at all: each is written under a temporary name beside its final one.
import { type FileHandle, mkdir, open, rename, rm, rmdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { ModelError } from '../model-error.ts';

const fullDisk = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

export class OutputFiles {
  readonly #directory: string;
  /** The topmost directory that was made here, and goes again if nothing comes of it. */
  readonly #made: string | undefined;
  readonly #files: { name: string; part: string; handle: FileHandle }[] = [];

  private constructor(directory: string, made: string | undefined) {
    this.#directory = directory;
    this.#made = made;
  }

  /** Runs `write` and gives the files their names when it has come to its end; else removes what there is of them. */
  static async write(directory: string, write: (files: OutputFiles) => Promise<void>): Promise<void> {
    const made = await mkdir(directory, { recursive: true }).catch((error) => {
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
    if (this.#made === undefined) return;
    // Only what was made here, and only if nobody else put anything there meanwhile.
    for (let directory = this.#directory; ; directory = join(directory, '..')) {
      const removed = await rmdir(directory).then(
        () => true,
        () => false,
      );
      if (!removed || directory === this.#made) return;
    }
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
