// Any S3 as object store, through the MinIO client. Its own retries print to the console and its requests wait for ever,
// so both are ours: every request ends within an idle time, and what may succeed the second time is tried again.
import { AsyncLocalStorage } from 'node:async_hooks';
import http from 'node:http';
import https from 'node:https';
import { PassThrough, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BucketItem, Client, S3Error } from 'minio';
import { StoreError } from './error.ts';
import { exactly } from './exactly.ts';
import { checkKey } from './key.ts';
import {
  type Abortable,
  type GetOptions,
  maxParts,
  minPartBytes,
  type ObjectInfo,
  type ObjectStore,
  type PendingUpload,
  type PutOptions,
  type UploadedPart,
} from './object-store.ts';

export interface S3Options {
  /** http://host:port or https://host:port. */
  endpoint: string;
  bucket: string;
  accessKey: string;
  secretKey: string;
  /** Of temporary credentials. */
  sessionToken?: string;
  region?: string;
  /** What others reach the same S3 by, if that is another endpoint: signed URLs name it. */
  publicEndpoint?: string;
  /** Makes the bucket where there is none, instead of refusing. */
  createBucket?: boolean;
  /** PEM certificates that https endpoints are checked against, instead of the system's. */
  certificateAuthority?: string;
  /** A request without a byte for so long is given up. */
  idleMilliseconds?: number;
  /** Tries of one call. */
  attempts?: number;
}

const firstDelayMilliseconds = 150;

export class S3Store implements ObjectStore {
  readonly name: string;
  readonly bucket: string;
  readonly #client: Client;
  /** Signs URLs for others; never asks the server anything. */
  readonly #signer: Client;
  readonly #createBucket: boolean;
  readonly #attempts: number;
  readonly #agent: http.Agent;
  readonly #signals = new AsyncLocalStorage<AbortSignal | undefined>();

  constructor(options: S3Options) {
    const url = endpointUrl(options.endpoint);
    const secure = url.protocol === 'https:';
    this.name = `s3://${options.bucket} at ${url.origin}`;
    this.bucket = options.bucket;
    this.#attempts = options.attempts ?? 5;
    this.#agent = secure
      ? new https.Agent({ keepAlive: true, ...(options.certificateAuthority && { ca: options.certificateAuthority }) })
      : new http.Agent({ keepAlive: true });
    const credentials = {
      accessKey: options.accessKey,
      secretKey: options.secretKey,
      ...(options.sessionToken !== undefined && { sessionToken: options.sessionToken }),
      // Known beforehand, or the client asks for it, which least rights do not allow.
      region: options.region ?? 'us-east-1',
    };
    this.#createBucket = options.createBucket ?? false;
    this.#client = new Client({
      ...addressOf(url),
      ...credentials,
      transport: this.#transport(secure ? https : http, options.idleMilliseconds ?? 20_000),
      transportAgent: this.#agent,
      retryOptions: { disableRetry: true },
    });
    const { publicEndpoint } = options;
    this.#signer =
      publicEndpoint === undefined
        ? this.#client
        : new Client({ ...addressOf(endpointUrl(publicEndpoint)), ...credentials });
  }

  async check(options: Abortable = {}): Promise<void> {
    const there = await this.#call(options, () => this.#client.bucketExists(this.bucket));
    if (!there && this.#createBucket) return this.#makeBucket(options);
    if (!there) throw new StoreError('STORE_MISCONFIGURED', `${this.name}: there is no such bucket; create it first`);
  }

  async #makeBucket(options: Abortable): Promise<void> {
    try {
      await this.#call(options, () => this.#client.makeBucket(this.bucket));
    } catch (error) {
      // Another service was quicker.
      if (!(await this.#call(options, () => this.#client.bucketExists(this.bucket)))) throw error;
    }
  }

  async head(key: string, options: Abortable = {}): Promise<ObjectInfo | null> {
    checkKey(key);
    try {
      const { size, etag, lastModified } = await this.#call(options, () => this.#client.statObject(this.bucket, key));
      return { key, bytes: size, etag, modified: lastModified };
    } catch (error) {
      if (error instanceof StoreError && error.code === 'OBJECT_NOT_FOUND') return null;
      throw error;
    }
  }

  async put(key: string, body: Uint8Array, options: PutOptions = {}): Promise<ObjectInfo> {
    checkKey(key);
    const headers = {
      ...(options.ifAbsent && { 'If-None-Match': '*' }),
      ...(options.ifMatch !== undefined && { 'If-Match': `"${options.ifMatch}"` }),
    };
    const buffer = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    const { etag } = await this.#call(options, async () => {
      try {
        return await this.#client.putObject(this.bucket, key, buffer, buffer.length, headers);
      } catch (error) {
        // An If-Match of an object that is gone.
        if (options.ifMatch !== undefined && (error as S3Error).code === 'NoSuchKey')
          throw new StoreError('PRECONDITION_FAILED', `${key} is gone`, { cause: error });
        throw error;
      }
    });
    return { key, bytes: buffer.length, etag, modified: new Date() };
  }

  async putStream(key: string, bytes: number, pieces: AsyncIterable<Uint8Array>, options: Abortable = {}) {
    checkKey(key);
    const partBytes = Math.max(8 << 20, minPartBytes, Math.ceil(bytes / maxParts));
    const uploadId = await this.createUpload(key, options);
    try {
      let number = 0;
      let part = Buffer.allocUnsafe(Math.min(partBytes, bytes));
      let filled = 0;
      const flush = async () => {
        await this.putPart(key, uploadId, ++number, part.subarray(0, filled), options);
        filled = 0;
      };
      for await (const piece of exactly(bytes, pieces)) {
        for (let taken = 0; taken < piece.length; ) {
          const length = Math.min(piece.length - taken, part.length - filled);
          part.set(piece.subarray(taken, taken + length), filled);
          taken += length;
          filled += length;
          if (filled === part.length) await flush();
        }
      }
      if (filled > 0 || number === 0) await flush();
      part = Buffer.alloc(0);
      await this.completeUpload(key, uploadId, options);
    } catch (error) {
      // Not with the caller's signal: it may be what ended the upload.
      await this.abortUpload(key, uploadId).catch(() => {});
      throw error;
    }
    const info = await this.head(key, options);
    if (info === null) throw new StoreError('STORE_FAILED', `${key} was deleted while it was put`);
    return info;
  }

  async get(key: string, { offset = 0, length, signal }: GetOptions = {}): Promise<Readable> {
    checkKey(key);
    const options = signal ? { signal } : {};
    try {
      const source = await this.#call(options, () =>
        offset === 0 && length === undefined
          ? this.#client.getObject(this.bucket, key)
          : this.#client.getPartialObject(this.bucket, key, offset, length ?? 0),
      );
      // A PassThrough, so that a connection that breaks is an error of ours.
      const stream = new PassThrough({ highWaterMark: 1 << 18 });
      pipeline(source, stream).catch((error) => stream.destroy(this.#error(error, key) as Error));
      return stream;
    } catch (error) {
      // A range that begins at the end, or behind it.
      if (error instanceof StoreError && (error.cause as S3Error)?.code === 'InvalidRange') return emptyStream();
      throw error;
    }
  }

  async *list(prefix: string, options: Abortable & { after?: string } = {}): AsyncIterable<ObjectInfo> {
    const { signal } = options;
    let after = options.after ?? '';
    for (let attempt = 1; ; ) {
      try {
        const stream = this.#signals.run(signal, () => this.#client.listObjectsV2(this.bucket, prefix, true, after));
        for await (const { name, size, etag, lastModified } of stream as AsyncIterable<BucketItem>) {
          if (name === undefined) continue;
          yield { key: name, bytes: size, etag, modified: lastModified };
          // A page that fails is asked for again from here.
          after = name;
          attempt = 1;
        }
        return;
      } catch (error) {
        await this.#pause(error, attempt++, signal);
      }
    }
  }

  async delete(key: string, options: Abortable = {}): Promise<void> {
    checkKey(key);
    await this.#call(options, () => this.#client.removeObject(this.bucket, key));
  }

  createUpload(key: string, options: Abortable = {}): Promise<string> {
    checkKey(key);
    return this.#call(options, () => this.#client.initiateNewMultipartUpload(this.bucket, key, {}));
  }

  async presignPart(key: string, uploadId: string, number: number, seconds: number): Promise<string> {
    checkKey(key);
    checkUploadId(uploadId);
    const query = { partNumber: String(number), uploadId };
    return this.#call({}, () => this.#signer.presignedUrl('PUT', this.bucket, key, seconds, query));
  }

  async putPart(key: string, uploadId: string, number: number, body: Uint8Array, options: Abortable = {}) {
    checkKey(key);
    checkUploadId(uploadId);
    if (!Number.isSafeInteger(number) || number < 1 || number > maxParts)
      throw new StoreError('OBJECT_KEY_INVALID', `part ${number} must be a number from 1 to ${maxParts}`);
    const payload = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    await this.#call(options, () =>
      this.#client.uploadPart(
        {
          bucketName: this.bucket,
          objectName: key,
          uploadID: uploadId,
          partNumber: number,
          headers: { 'Content-Length': payload.length },
        },
        payload,
      ),
    );
  }

  async listParts(key: string, uploadId: string, options: Abortable = {}): Promise<UploadedPart[]> {
    const parts = await this.#listParts(key, uploadId, options);
    return parts.map(({ part, size }) => ({ number: part, bytes: size }));
  }

  async completeUpload(key: string, uploadId: string, options: Abortable = {}): Promise<void> {
    const parts = await this.#listParts(key, uploadId, options);
    if (parts.length === 0) throw new StoreError('OBJECT_NOT_FOUND', `upload ${uploadId} of ${key} has no parts`);
    await this.#call(options, () => this.#client.completeMultipartUpload(this.bucket, key, uploadId, parts));
  }

  async abortUpload(key: string, uploadId: string, options: Abortable = {}): Promise<void> {
    checkKey(key);
    try {
      checkUploadId(uploadId);
      await this.#call(options, () => this.#client.abortMultipartUpload(this.bucket, key, uploadId));
    } catch (error) {
      if (!(error instanceof StoreError) || error.code !== 'OBJECT_NOT_FOUND') throw error;
    }
  }

  async *listUploads(key: string, options: Abortable = {}): AsyncIterable<PendingUpload> {
    checkKey(key);
    let uploadIdMarker = '';
    let keyMarker = '';
    do {
      const page = await this.#call(options, () =>
        this.#client.listIncompleteUploadsQuery(this.bucket, key, keyMarker, uploadIdMarker, ''),
      );
      for (const upload of page.uploads)
        if (upload.key === key) yield { uploadId: upload.uploadId, started: new Date(String(upload.initiated)) };
      keyMarker = page.isTruncated ? page.nextKeyMarker : '';
      uploadIdMarker = page.nextUploadIdMarker;
    } while (keyMarker !== '');
  }

  close(): Promise<void> {
    this.#agent.destroy();
    return Promise.resolve();
  }

  async #listParts(key: string, uploadId: string, options: Abortable) {
    checkKey(key);
    checkUploadId(uploadId);
    const client = this.#client as unknown as {
      listParts(bucket: string, key: string, uploadId: string): Promise<{ part: number; size: number; etag: string }[]>;
    };
    const parts = await this.#call(options, () => client.listParts(this.bucket, key, uploadId));
    return parts.map(({ part, size, etag }) => ({ part: Number(part), size: Number(size), etag }));
  }

  /** Runs a call with its signal, again where it may succeed, and throws StoreError. */
  async #call<T>({ signal }: Abortable, work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      signal?.throwIfAborted();
      try {
        return await this.#signals.run(signal, work);
      } catch (error) {
        await this.#pause(error, attempt, signal);
      }
    }
  }

  /** Waits before the next try; throws where there is none. */
  async #pause(error: unknown, attempt: number, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    const failure = this.#error(error);
    if (!(failure instanceof StoreError) || !failure.retryable || attempt >= this.#attempts) throw failure;
    const delay = firstDelayMilliseconds * 2 ** (attempt - 1) * (0.5 + Math.random());
    await sleep(delay, undefined, signal ? { signal } : {}).catch(() => signal?.throwIfAborted());
  }

  #transport(base: typeof http | typeof https, idleMilliseconds: number) {
    const request: typeof http.request = (...args: unknown[]) => {
      const signal = this.#signals.getStore();
      const [options, onResponse] = args as [http.RequestOptions, (response: http.IncomingMessage) => void];
      const outgoing = base.request({ ...options, ...(signal && { signal }) }, onResponse);
      const idle = new StoreError('STORE_UNAVAILABLE', `${this.name}: no answer for ${idleMilliseconds} ms`);
      return outgoing.setTimeout(idleMilliseconds, () => outgoing.destroy(idle));
    };
    return { request } as typeof http;
  }

  #error(error: unknown, key?: string): unknown {
    if (error instanceof StoreError || !(error instanceof Error)) return error;
    const about = key === undefined ? this.name : `${this.name}: ${key}`;
    const code = (error as { code?: string }).code ?? '';
    const options = { cause: error };
    if (notFoundCodes.has(code)) return new StoreError('OBJECT_NOT_FOUND', `${about}: ${error.message}`, options);
    if (code === 'PreconditionFailed' || code === 'ConditionalRequestConflict')
      return new StoreError('PRECONDITION_FAILED', `${about}: it is there already, or was changed since`, options);
    if (deniedCodes.has(code))
      return new StoreError('STORE_ACCESS_DENIED', `${about}: ${error.message}; check the credentials`, options);
    if (code === 'NoSuchBucket')
      return new StoreError('STORE_MISCONFIGURED', `${about}: there is no such bucket; create it first`, options);
    if (isTransient(error, code)) return new StoreError('STORE_UNAVAILABLE', `${about}: ${error.message}`, options);
    return new StoreError('STORE_FAILED', `${about}: ${error.message}`, options);
  }
}

/** The client puts it into URLs as it is. */
function checkUploadId(uploadId: string): void {
  if (!/^[A-Za-z0-9_=~-][A-Za-z0-9._=~-]{0,1000}$/.test(uploadId))
    throw new StoreError('OBJECT_NOT_FOUND', `there is no upload ${JSON.stringify(uploadId.slice(0, 80))}`);
}

const notFoundCodes = new Set(['NoSuchKey', 'NotFound', 'NoSuchUpload']);
const deniedCodes = new Set([
  'AccessDenied',
  'SignatureDoesNotMatch',
  'InvalidAccessKeyId',
  'ExpiredToken',
  'Forbidden',
]);
const transientCodes = new Set([
  'SlowDown',
  'ServiceUnavailable',
  'InternalError',
  'XMinioServerNotInitialized',
  'RequestTimeout',
]);

/** Anything of the connection, and answers that say "later". The client keeps a status of 5xx only in its message. */
function isTransient(error: Error, code: string): boolean {
  if (transientCodes.has(code) || /HTTP status: (408|429|5\d\d)/.test(error.message)) return true;
  return (
    !(error instanceof S3Error) &&
    (/^E[A-Z]+$/.test(code) || code.startsWith('ERR_STREAM') || error.message === 'aborted')
  );
}

function emptyStream(): Readable {
  const stream = new PassThrough();
  stream.end();
  return stream;
}

const addressOf = (url: URL) => ({
  endPoint: url.hostname.replace(/^\[|\]$/g, ''),
  port: Number(url.port || (url.protocol === 'https:' ? 443 : 80)),
  useSSL: url.protocol === 'https:',
});

function endpointUrl(endpoint: string): URL {
  const url = URL.parse(endpoint);
  if (url === null || !['http:', 'https:'].includes(url.protocol) || url.pathname !== '/' || url.username !== '')
    throw new StoreError('STORE_MISCONFIGURED', `${JSON.stringify(endpoint)} is no S3 endpoint: http(s)://host:port`);
  return url;
}
