// A file that is being written, kept out of the page cache: that is charged to the memory limit of the node, beside what is
// planned for it, and nobody reads these pages (the engine reads past the cache).
import { closeSync, openSync } from 'node:fs';
import { dropFilePages } from '@flash-slim/native';

const stepBytes = 4 << 20;

export class UncachedFile {
  readonly #path: string;
  #fd: number | null = null;
  #dropped = 0;
  #work: Promise<void> = Promise.resolve();

  /** The file may not exist yet. */
  constructor(path: string) {
    this.#path = path;
  }

  /** So many bytes of it were written, or read. */
  upTo(bytes: number): void {
    if (bytes - this.#dropped >= stepBytes) this.#drop(bytes);
  }

  /** Waits for the rest. */
  async close(bytes: number): Promise<void> {
    if (this.#fd === null) return;
    if (bytes > this.#dropped) this.#drop(bytes);
    await this.#work;
    closeSync(this.#fd);
  }

  #drop(bytes: number): void {
    this.#fd ??= openSync(this.#path, 'r');
    const [fd, from] = [this.#fd, this.#dropped];
    this.#dropped = bytes;
    this.#work = this.#work.then(() => dropFilePages(fd, from, bytes - from));
  }
}
