// Objects named by their contents: put once, checked whenever they are read.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { StoreError } from './error.ts';
import { blobKey } from './key.ts';
import type { Abortable, ObjectStore } from './object-store.ts';

export interface BlobReference {
  /** "sha256:<hex>". */
  digest: string;
  bytes: number;
}

export const digestOf = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** Digest and size of a file. */
export async function digestOfFile(path: string, { signal }: Abortable = {}): Promise<BlobReference> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const piece of createReadStream(path, { highWaterMark: 1 << 20, ...(signal && { signal }) })) {
    hash.update(piece as Buffer);
    bytes += (piece as Buffer).length;
  }
  return { digest: `sha256:${hash.digest('hex')}`, bytes };
}

/** Stores bytes under their digest; the same bytes again are no work and no error. */
export async function putBlob(store: ObjectStore, body: Uint8Array, options: Abortable = {}): Promise<BlobReference> {
  const reference = { digest: digestOf(body), bytes: body.length };
  await store.put(blobKey(reference.digest), body, { ...options, ifAbsent: true }).catch((error) => {
    if (!(error instanceof StoreError) || error.code !== 'PRECONDITION_FAILED') throw error;
  });
  return reference;
}

export interface PutFileOptions extends Abortable {
  onProgress?: (bytes: number) => void;
}

/**
 * Stores a file under a digest that is known already. The bytes are hashed on their way: a file that was changed meanwhile
 * is refused (DIGEST_MISMATCH) before anything is to be seen in the store.
 */
export async function putBlobFile(
  store: ObjectStore,
  path: string,
  digest: string,
  { onProgress, signal }: PutFileOptions = {},
): Promise<BlobReference> {
  const options = signal ? { signal } : {};
  const { size: bytes } = await stat(path);
  const there = await store.head(blobKey(digest), options);
  if (there?.bytes === bytes) {
    onProgress?.(bytes);
    return { digest, bytes };
  }
  async function* pieces() {
    const hash = createHash('sha256');
    let done = 0;
    for await (const piece of createReadStream(path, { highWaterMark: 1 << 20, ...options })) {
      hash.update(piece as Buffer);
      yield piece as Buffer;
      done += (piece as Buffer).length;
      onProgress?.(done);
    }
    const found = `sha256:${hash.digest('hex')}`;
    if (found !== digest) throw new StoreError('DIGEST_MISMATCH', `${path} has ${found}, and ${digest} was announced`);
  }
  await store.putStream(blobKey(digest), bytes, pieces(), options);
  return { digest, bytes };
}

/** A small object whole. Throws OBJECT_NOT_FOUND, OBJECT_TOO_LARGE, STORE_UNAVAILABLE. */
export async function readObject(
  store: ObjectStore,
  key: string,
  maxBytes: number,
  options: Abortable = {},
): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of await store.get(key, options)) {
    bytes += (piece as Buffer).length;
    if (bytes > maxBytes)
      throw new StoreError('OBJECT_TOO_LARGE', `${key} has more than the ${maxBytes} bytes such an object may have`);
    pieces.push(piece as Buffer);
  }
  return Buffer.concat(pieces);
}

/** A small blob, checked against its digest. Throws also DIGEST_MISMATCH. */
export async function readBlob(
  store: ObjectStore,
  digest: string,
  maxBytes: number,
  options: Abortable = {},
): Promise<Buffer> {
  const body = await readObject(store, blobKey(digest), maxBytes, options);
  const found = digestOf(body);
  if (found !== digest)
    throw new StoreError(
      'DIGEST_MISMATCH',
      `the object ${blobKey(digest)} has ${found}: it was damaged; remove it and profile again`,
    );
  return body;
}
