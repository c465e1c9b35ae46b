// Reads a header from its file piece by piece, in order. Every length is held against what is left of the file before
// anything is allocated for it, and what has been read is summed (SHA-256) on the way.
import { createHash } from 'node:crypto';
import { readSync } from 'node:fs';
import { ModelError } from '../model-error.ts';

const pieceBytes = 256 * 1024;
/** A vocabulary of 256k tokens with its merges takes about 20 MB. */
export const maxHeaderBytes = 128 * 1024 * 1024;

export class HeaderCursor {
  readonly #fd: number;
  readonly #path: string;
  readonly #fileBytes: number;
  readonly #hash = createHash('sha256');
  #piece: Buffer = Buffer.alloc(0);
  /** Position in the file of the piece's first byte. */
  #start = 0;
  /** Position in the piece. */
  #at = 0;

  constructor(fd: number, path: string, fileBytes: number) {
    this.#fd = fd;
    this.#path = path;
    this.#fileBytes = fileBytes;
  }

  /** Bytes from the file's start. */
  get position(): number {
    return this.#start + this.#at;
  }

  /** Bytes that the header may still take. */
  get remaining(): number {
    return Math.min(this.#fileBytes, maxHeaderBytes) - this.position;
  }

  u8(): number {
    return this.#take(1, 'a byte').readUInt8();
  }

  u32(): number {
    return this.#take(4, 'a number').readUInt32LE();
  }

  u64(): bigint {
    return this.#take(8, 'a number').readBigUInt64LE();
  }

  /** A count of things that take at least `leastBytes` each; `what` is for people. */
  count(leastBytes: number, what: string): number {
    const count = this.u64();
    if (count > BigInt(Math.floor(Math.max(this.remaining, 0) / leastBytes))) {
      throw this.#tooShort(`${count} ${what}`);
    }
    return Number(count);
  }

  /** The next `count` bytes; they stay valid until the next call only. */
  bytes(count: number, what: string): Buffer {
    return this.#take(count, what);
  }

  /** SHA-256, hex, of everything before the position and of the file's size. Nothing can be read after it. */
  digest(): string {
    this.#hash.update(this.#piece.subarray(0, this.#at));
    const size = Buffer.alloc(8);
    size.writeBigUInt64LE(BigInt(this.#fileBytes));
    return this.#hash.update(size).digest('hex');
  }

  #take(count: number, what: string): Buffer {
    if (count > this.#piece.length - this.#at) this.#refill(count, what);
    const taken = this.#piece.subarray(this.#at, this.#at + count);
    this.#at += count;
    return taken;
  }

  #refill(count: number, what: string): void {
    if (count > this.remaining) throw this.#tooShort(what);
    this.#hash.update(this.#piece.subarray(0, this.#at));
    const start = this.position;
    const wanted = Math.min(Math.max(count, pieceBytes), this.#fileBytes - start);
    const piece = Buffer.allocUnsafe(wanted);
    let filled = this.#piece.copy(piece, 0, this.#at);
    while (filled < wanted) {
      const read = readSync(this.#fd, piece, filled, wanted - filled, start + filled);
      if (read === 0) break;
      filled += read;
    }
    this.#piece = piece.subarray(0, filled);
    this.#start = start;
    this.#at = 0;
    if (filled < count) throw this.#tooShort(what);
  }

  #tooShort(what: string): ModelError {
    if (this.#fileBytes > maxHeaderBytes) {
      return new ModelError(
        'MODEL_INVALID',
        `${this.#path}: ${what} at byte ${this.position} would make the header larger than ${maxHeaderBytes} bytes; the file is damaged`,
      );
    }
    return new ModelError(
      'MODEL_TRUNCATED',
      `${this.#path}: the file ends after ${this.#fileBytes} bytes, before ${what} that its header promises at byte ${this.position}; fetch it again`,
    );
  }
}
