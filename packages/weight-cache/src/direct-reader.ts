// A file read past the page cache, for what TypeScript itself wants to see: headers, manifests, hashes.
import { closeDirectFile, type OpenedDirectFile, openDirectFile, readDirectFile } from '@flash-slim/native';
import { alignUp, pageBytes } from './layout.ts';

export class DirectReader {
  readonly #opened: OpenedDirectFile;
  readonly #pieceBytes: number;
  readonly #depth: number;

  /** Takes pieceBytes * depth of memory. Throws the native side's FILE_UNREADABLE. */
  constructor(path: string, pieceBytes: number, depth = 1) {
    this.#pieceBytes = alignUp(pieceBytes);
    this.#depth = depth;
    this.#opened = openDirectFile(path, depth * this.#pieceBytes);
  }

  /** Size at open. */
  get bytes(): number {
    return this.#opened.bytes;
  }

  /** A copy of [offset, offset + bytes), shorter only where the file ends. Not while pieces() is being consumed. */
  async read(offset: number, bytes: number): Promise<Uint8Array> {
    const end = Math.min(offset + bytes, this.bytes);
    const copy = new Uint8Array(Math.max(end - offset, 0));
    for (let at = offset; at < end; ) {
      const pageStart = Math.floor(at / pageBytes) * pageBytes;
      const wanted = Math.min(this.#pieceBytes, alignUp(end - pageStart));
      const got = await readDirectFile(this.#opened.file, 0, wanted, pageStart);
      const usable = Math.min(got, end - pageStart);
      if (usable <= at - pageStart) return copy.subarray(0, at - offset);
      copy.set(new Uint8Array(this.#opened.staging, at - pageStart, usable - (at - pageStart)), at - offset);
      at = pageStart + usable;
    }
    return copy;
  }

  /** The whole file in order, depth - 1 pieces read ahead; each piece is valid until the next is asked for. */
  async *pieces(): AsyncGenerator<Uint8Array, void, undefined> {
    const start = (index: number): Promise<number> => {
      const at = (index % this.#depth) * this.#pieceBytes;
      const read = readDirectFile(this.#opened.file, at, this.#pieceBytes, index * this.#pieceBytes);
      read.catch(() => {}); // thrown where it is awaited, if the consumer comes that far
      return read;
    };
    const pending = Array.from({ length: this.#depth }, (_, index) => start(index));
    for (let index = 0; ; index++) {
      const got = (await pending.shift()) as number;
      if (got > 0) yield new Uint8Array(this.#opened.staging, (index % this.#depth) * this.#pieceBytes, got);
      if (got < this.#pieceBytes) return;
      pending.push(start(index + this.#depth));
    }
  }

  close(): void {
    closeDirectFile(this.#opened.file, this.#opened.staging);
  }
}
