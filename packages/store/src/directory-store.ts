// A directory as object store: for one machine, and for `flash-slim up`. An object appears by link or rename of a file
// that is whole and synced, so that a reader, or a machine that lost power, sees all of it or nothing.
//
//   objects/<segment>/<segment>@     '@' is in no key: no object is in the way of another's directory
//   uploads/<upload id>/key, 00001@  parts of an upload that is under way
//   tmp/                             files that are being written; emptied at start
//
// Puts with ifMatch are ordered within one process; ifAbsent holds between processes too (link refuses a taken name).
import { randomUUID } from 'node:crypto';
import { createReadStream, type Dirent, type Stats } from 'node:fs';
import { access, constants, link, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { StoreError } from './error.ts';
import { exactly } from './exactly.ts';
import { checkKey } from './key.ts';
import {
  type Abortable,
  type GetOptions,
  maxParts,
  type ObjectInfo,
  type ObjectStore,
  type PendingUpload,
  type PutOptions,
  type UploadedPart,
} from './object-store.ts';

export class DirectoryStore implements ObjectStore {
  readonly name: string;
  readonly bucket = null;
  readonly #root: string;
  /** The end of the last conditional put. */
  #conditional: Promise<unknown> = Promise.resolve();

  private constructor(root: string) {
    this.#root = root;
    this.name = root;
  }

  /** Throws STORE_MISCONFIGURED where the directory cannot be made or written. */
  static async open(root: string): Promise<DirectoryStore> {
    const store = new DirectoryStore(root);
    for (const name of ['objects', 'uploads', 'tmp'])
      await mkdir(join(root, name), { recursive: true }).catch((cause) => {
        throw new StoreError('STORE_MISCONFIGURED', `cannot use ${root} as object store: ${cause.message}`, { cause });
      });
    await store.check();
    return store;
  }

  /** Removes what writers that were killed left in tmp/. Only where no other process writes here. */
  async sweep(): Promise<void> {
    await rm(join(this.#root, 'tmp'), { recursive: true, force: true });
    await mkdir(join(this.#root, 'tmp'), { recursive: true });
  }

  async check(): Promise<void> {
    await access(this.#root, constants.R_OK | constants.W_OK | constants.X_OK).catch((cause) => {
      throw new StoreError('STORE_MISCONFIGURED', `cannot use ${this.#root} as object store: ${cause.message}`, {
        cause,
      });
    });
  }

  async head(key: string): Promise<ObjectInfo | null> {
    const status = await stat(this.#path(key), { bigint: true }).catch((error) => {
      if (isAbsent(error)) return null;
      throw failed(error);
    });
    return status === null
      ? null
      : {
          key,
          bytes: Number(status.size),
          etag: `${status.ino}-${status.mtimeNs}-${status.size}`,
          modified: status.mtime,
        };
  }

  async put(key: string, body: Uint8Array, options: PutOptions = {}): Promise<ObjectInfo> {
    const path = this.#path(key);
    return this.#written([body], options, async (temporary) => {
      if (options.ifMatch === undefined) return this.#place(temporary, path, options.ifAbsent === true);
      const turn = this.#conditional.then(async () => {
        if ((await this.head(key))?.etag !== options.ifMatch) throw tooLate(key);
        await this.#place(temporary, path, false);
      });
      this.#conditional = turn.catch(() => {});
      await turn;
    }).then(() => this.#placed(key));
  }

  async putStream(key: string, bytes: number, pieces: AsyncIterable<Uint8Array>, options: Abortable = {}) {
    const path = this.#path(key);
    await this.#written(exactly(bytes, pieces), options, (temporary) => this.#place(temporary, path, false));
    return this.#placed(key);
  }

  async get(key: string, { offset = 0, length, signal }: GetOptions = {}): Promise<Readable> {
    const file = await open(this.#path(key), 'r').catch((error) => {
      if (isAbsent(error)) throw notFound(key);
      throw failed(error);
    });
    const { size } = (await file.stat()) as Stats;
    const end = length === undefined ? size : Math.min(size, offset + length);
    if (offset >= end) {
      await file.close();
      return createReadStream('/dev/null');
    }
    return file.createReadStream({ start: offset, end: end - 1, highWaterMark: 1 << 18, ...(signal && { signal }) });
  }

  async *list(prefix: string, { after = '' }: { after?: string } = {}): AsyncIterable<ObjectInfo> {
    const keys: string[] = [];
    const directory = prefix.includes('/') ? prefix.slice(0, prefix.lastIndexOf('/')) : '';
    if (directory !== '') checkKey(directory);
    await collect(join(this.#root, 'objects', directory), directory, keys);
    for (const key of keys.sort()) {
      if (!key.startsWith(prefix) || key <= after) continue;
      const info = await this.head(key);
      if (info !== null) yield info;
    }
  }

  async delete(key: string): Promise<void> {
    await rm(this.#path(key), { force: true }).catch((error) => {
      throw failed(error);
    });
  }

  async createUpload(key: string): Promise<string> {
    checkKey(key);
    const uploadId = randomUUID();
    const directory = join(this.#root, 'uploads', uploadId);
    try {
      await mkdir(directory);
      await this.#written([Buffer.from(key)], {}, (temporary) => rename(temporary, join(directory, 'key')));
    } catch (error) {
      throw failed(error);
    }
    return uploadId;
  }

  presignPart(): Promise<null> {
    return Promise.resolve(null);
  }

  async putPart(key: string, uploadId: string, number: number, body: Uint8Array, options: Abortable = {}) {
    const directory = await this.#upload(key, uploadId);
    if (!Number.isSafeInteger(number) || number < 1 || number > maxParts)
      throw new StoreError('OBJECT_KEY_INVALID', `part ${number} must be a number from 1 to ${maxParts}`);
    await this.#written([body], options, (temporary) => rename(temporary, join(directory, partName(number))));
  }

  async listParts(key: string, uploadId: string): Promise<UploadedPart[]> {
    const directory = await this.#upload(key, uploadId);
    const names = (await readdir(directory)).filter((name) => name.endsWith('@')).sort();
    return Promise.all(
      names.map(async (name) => ({
        number: Number(name.slice(0, -1)),
        bytes: (await stat(join(directory, name))).size,
      })),
    );
  }

  async completeUpload(key: string, uploadId: string, options: Abortable = {}): Promise<void> {
    const directory = await this.#upload(key, uploadId);
    const parts = await this.listParts(key, uploadId);
    if (parts.length === 0) throw new StoreError('OBJECT_NOT_FOUND', `upload ${uploadId} has no parts`);
    async function* pieces() {
      for (const { number } of parts)
        yield* createReadStream(join(directory, partName(number)), { highWaterMark: 1 << 20 });
    }
    const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
    await this.putStream(key, bytes, pieces(), options);
    await rm(directory, { recursive: true, force: true });
  }

  async abortUpload(key: string, uploadId: string): Promise<void> {
    const directory = await this.#upload(key, uploadId).catch((error) => {
      if (error.code === 'OBJECT_NOT_FOUND') return null;
      throw error;
    });
    if (directory !== null) await rm(directory, { recursive: true, force: true });
  }

  async *listUploads(key: string): AsyncIterable<PendingUpload> {
    checkKey(key);
    for (const uploadId of await readdir(join(this.#root, 'uploads'))) {
      const path = join(this.#root, 'uploads', uploadId, 'key');
      if ((await readFile(path, 'utf8').catch(() => null)) === key)
        yield { uploadId, started: (await stat(path)).mtime };
    }
  }

  async close(): Promise<void> {
    await this.#conditional;
  }

  #path(key: string): string {
    return join(this.#root, 'objects', `${checkKey(key)}@`);
  }

  /** The directory of an upload of that key: an id from outside is only ever compared, or a UUID. */
  async #upload(key: string, uploadId: string): Promise<string> {
    checkKey(key);
    const directory = join(this.#root, 'uploads', uploadId);
    const known =
      /^[0-9a-f-]{36}$/.test(uploadId) && (await readFile(join(directory, 'key'), 'utf8').catch(() => null));
    if (known !== key) throw new StoreError('OBJECT_NOT_FOUND', `there is no upload ${uploadId} of ${key}`);
    return directory;
  }

  async #placed(key: string): Promise<ObjectInfo> {
    const info = await this.head(key);
    if (info === null) throw new StoreError('STORE_FAILED', `${key} was deleted while it was put`);
    return info;
  }

  /** Gives a file that is whole its name. */
  async #place(temporary: string, path: string, ifAbsent: boolean): Promise<void> {
    await mkdir(dirname(path), { recursive: true });
    if (ifAbsent)
      await link(temporary, path).catch((error) => {
        throw error.code === 'EEXIST' ? tooLate(path) : error;
      });
    else await rename(temporary, path);
    const directory = await open(dirname(path), 'r');
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  }

  /** Writes and syncs a temporary file, lets `place` name it, and removes what is left of it. */
  async #written(
    pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
    { signal }: Abortable,
    place: (temporary: string) => Promise<void>,
  ): Promise<void> {
    const temporary = join(this.#root, 'tmp', randomUUID());
    try {
      const file = await open(temporary, 'wx');
      try {
        for await (const piece of pieces) {
          signal?.throwIfAborted();
          await file.writeFile(piece);
        }
        await file.sync();
      } finally {
        await file.close();
      }
      signal?.throwIfAborted();
      await place(temporary);
    } catch (error) {
      signal?.throwIfAborted();
      throw failed(error);
    } finally {
      await rm(temporary, { force: true });
    }
  }
}

const partName = (number: number): string => `${String(number).padStart(5, '0')}@`;

async function collect(directory: string, prefix: string, keys: string[]): Promise<void> {
  const entries = await readdir(directory, { withFileTypes: true }).catch((error): Dirent[] => {
    if (isAbsent(error)) return [];
    throw failed(error);
  });
  for (const entry of entries) {
    const key = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
    if (entry.isDirectory()) await collect(join(directory, entry.name), key, keys);
    else if (key.endsWith('@')) keys.push(key.slice(0, -1));
  }
}

const isAbsent = (error: NodeJS.ErrnoException): boolean => error.code === 'ENOENT' || error.code === 'ENOTDIR';
const notFound = (key: string) => new StoreError('OBJECT_NOT_FOUND', `there is no object ${key}`);
const tooLate = (key: string) => new StoreError('PRECONDITION_FAILED', `${key} is there already, or was changed since`);

function failed(error: unknown): unknown {
  if (error instanceof StoreError || !(error instanceof Error) || !('errno' in error)) return error;
  const { code } = error as NodeJS.ErrnoException;
  const full = code === 'ENOSPC' || code === 'EDQUOT';
  return new StoreError(full ? 'DISK_FULL' : 'STORE_FAILED', error.message, { cause: error });
}
