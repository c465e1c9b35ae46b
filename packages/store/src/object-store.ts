// What services need of an object store: whole objects that appear at once, conditional puts, ranges, uploads in parts.
// Two implementations pass one conformance suite (conformance.ts): S3 and a directory.
import type { Readable } from 'node:stream';

export interface ObjectInfo {
  key: string;
  bytes: number;
  /** Another one whenever the bytes are others. */
  etag: string;
  modified: Date;
}

export interface Abortable {
  signal?: AbortSignal;
}

export interface PutOptions extends Abortable {
  /** Throw PRECONDITION_FAILED where the key is taken. */
  ifAbsent?: boolean;
  /** Throw PRECONDITION_FAILED where the object has another etag, or is gone. */
  ifMatch?: string;
}

export interface GetOptions extends Abortable {
  offset?: number;
  length?: number;
}

export interface UploadedPart {
  /** 1, 2, ... */
  number: number;
  bytes: number;
}

export interface PendingUpload {
  uploadId: string;
  started: Date;
}

/** Parts of an upload, the last one excepted, have at least this many bytes: S3 refuses smaller ones. */
export const minPartBytes = 5 << 20;
export const maxParts = 10_000;

/**
 * Every method checks its key (OBJECT_KEY_INVALID) and throws StoreError. Calls are repeated a few times where the store is
 * out of reach or overloaded, and then throw STORE_UNAVAILABLE.
 */
export interface ObjectStore {
  /** For people: s3://bucket/prefix at an endpoint, or the directory. */
  readonly name: string;
  /** Of S3; null of a directory. */
  readonly bucket: string | null;
  /** Throws where the store cannot be used as it is configured. */
  check(options?: Abortable): Promise<void>;
  head(key: string, options?: Abortable): Promise<ObjectInfo | null>;
  put(key: string, body: Uint8Array, options?: PutOptions): Promise<ObjectInfo>;
  /**
   * A large object from a stream of pieces, bounded memory. Nothing is to be seen under the key before the stream has ended;
   * a stream that throws leaves nothing behind, so a source that checks its bytes can refuse at its end.
   */
  putStream(key: string, bytes: number, pieces: AsyncIterable<Uint8Array>, options?: Abortable): Promise<ObjectInfo>;
  /** The object, or a part of it, as a stream. Throws OBJECT_NOT_FOUND; the stream may break off with STORE_UNAVAILABLE. */
  get(key: string, options?: GetOptions): Promise<Readable>;
  /** In the order of their keys. A key below another's (a/b beside a) may be left out: MinIO does. */
  list(prefix: string, options?: Abortable & { after?: string }): AsyncIterable<ObjectInfo>;
  /** An object that is not there is deleted already. */
  delete(key: string, options?: Abortable): Promise<void>;

  createUpload(key: string, options?: Abortable): Promise<string>;
  /** A URL that takes one part by HTTP PUT without credentials; null where the store has no such thing. */
  presignPart(key: string, uploadId: string, number: number, seconds: number): Promise<string | null>;
  putPart(key: string, uploadId: string, number: number, body: Uint8Array, options?: Abortable): Promise<void>;
  listParts(key: string, uploadId: string, options?: Abortable): Promise<UploadedPart[]>;
  /** Makes the object of the parts that are there, in order of their numbers. */
  completeUpload(key: string, uploadId: string, options?: Abortable): Promise<void>;
  abortUpload(key: string, uploadId: string, options?: Abortable): Promise<void>;
  /** Of this key: MinIO knows no other way to ask. Uploads that nobody ends are the store's to expire. */
  listUploads(key: string, options?: Abortable): AsyncIterable<PendingUpload>;

  close(): Promise<void>;
}
