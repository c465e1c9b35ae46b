// Files read or written once, front to back, past the page cache: there they would count towards the memory budget of a
// process that is started beside this one, in the same control group.
import { type FileHandle, open } from 'node:fs/promises';
import { dropFilePages } from '@flash-slim/native';
import { diskFull } from '../errors.ts';
import { collectGarbage } from './collect-garbage.ts';

const pieceBytes = 256 << 10;
/** Bytes that may lie in the page cache, twice: the next ones come while these go. */
const windowBytes = 4 << 20;

/** Drops a file's pages behind its user, who may be one window ahead. */
class PageDropper {
  readonly #fd: number;
  #from: number;
  #dropping: Promise<void> = Promise.resolve();

  constructor(fd: number, from: number) {
    this.#fd = fd;
    this.#from = from;
  }

  async reached(position: number): Promise<void> {
    if (position - this.#from >= windowBytes) await this.#drop(position);
  }

  async end(position: number): Promise<void> {
    await this.#drop(position);
    await this.#dropping;
  }

  async #drop(position: number): Promise<void> {
    collectGarbage();
    await this.#dropping;
    this.#dropping = dropFilePages(this.#fd, this.#from, position - this.#from);
    this.#from = position;
  }
}

/** Bytes [start, end) of a file, or all of it. */
export async function* readPast(path: string, start = 0, end = Number.POSITIVE_INFINITY): AsyncGenerator<Buffer> {
  const file = await open(path, 'r');
  const dropper = new PageDropper(file.fd, start);
  let at = start;
  try {
    while (at < end) {
      const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(Math.min(pieceBytes, end - at)), {
        position: at,
      });
      if (bytesRead === 0) return;
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
      await dropper.reached(at);
    }
  } finally {
    await dropper.end(at);
    await file.close();
  }
}

/**
 * Writes what comes to a file from byte `start` on (0: a new file), and waits until it is on the device. What was written
 * before a failure stays. Throws DISK_FULL.
 */
export async function writePast(
  source: AsyncIterable<Uint8Array>,
  path: string,
  { start, signal }: { start: number; signal: AbortSignal },
): Promise<void> {
  let file: FileHandle | null = null;
  try {
    file = await open(path, start === 0 ? 'w' : 'r+');
    const dropper = new PageDropper(file.fd, start);
    let at = start;
    try {
      for await (const bytes of source) {
        signal.throwIfAborted();
        for (let done = 0; done < bytes.length; ) {
          const { bytesWritten } = await file.write(bytes, done, bytes.length - done, at);
          done += bytesWritten;
          at += bytesWritten;
        }
        await dropper.reached(at);
      }
      await file.sync();
    } finally {
      await dropper.end(at);
    }
  } catch (error) {
    throw diskFull(error) ?? error;
  } finally {
    await file?.close();
  }
}
