// Where model files come from. A source is a word from outside: it is never a path, except below directories that whoever
// runs the service has named.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { incomingKey } from '@flash-slim/messages';
import { invalidArgument } from '@flash-slim/rpc';
import { downloadObject, type ObjectStore, StoreError } from '@flash-slim/store';

export interface FetchedSource {
  path: string;
  /** 64 hex digits. */
  sha256: string;
  bytes: number;
  /** What the model is called where nobody says. */
  name: string;
}

export interface SourceOptions {
  store: ObjectStore;
  directories: string[];
  maxModelBytes: number;
  /** Brings a hub name, a URL or a local name to a file, as `flash-slim pull` does. */
  pull(name: string, signal: AbortSignal): Promise<string>;
}

export class SourceError extends Error {
  override readonly name = 'SourceError';
  readonly code: 'SOURCE_NOT_FOUND' | 'SOURCE_FORBIDDEN' | 'SOURCE_TOO_LARGE' | 'SOURCE_DIGEST';

  constructor(code: SourceError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

const plainName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

/** Refuses at once what cannot be a source. Throws INVALID_ARGUMENT. */
export function checkSource(source: string): void {
  if (source.length > 1000) throw invalidArgument('spec.source', 'has more than 1000 characters');
  const [, scheme, rest = ''] = /^([a-z0-9]+):(.*)$/s.exec(source) ?? [];
  const good =
    scheme === undefined
      ? plainName.test(source)
      : scheme === 'upload'
        ? /^[0-9a-f]{64}$/.test(rest)
        : scheme === 's3'
          ? /^\/\/[a-z0-9][a-z0-9.-]{1,62}\/[A-Za-z0-9_=-][A-Za-z0-9._=/-]*$/.test(rest)
          : scheme === 'file'
            ? rest !== '' && !rest.includes('\0')
            : ['http', 'https'].includes(scheme) && URL.canParse(source);
  if (!good)
    throw invalidArgument(
      'spec.source',
      `${JSON.stringify(source.slice(0, 100))} is none: upload:<sha256>, s3://bucket/key, file:<path>, a URL, or a model's name`,
    );
}

/** A local file with the source's bytes, and their digest. Downloads go on where an earlier try broke off. */
export async function fetchSource(
  source: string,
  directory: string,
  options: SourceOptions,
  progress: (done: number, total: number) => void,
  signal: AbortSignal,
): Promise<FetchedSource> {
  const [scheme, rest] = source.split(/:(.*)/s, 2) as [string, string | undefined];
  switch (rest === undefined ? 'name' : scheme) {
    case 'upload':
      return upload(rest as string, directory, options, progress, signal);
    case 's3': {
      const [, bucket, key] = /^\/\/([^/]+)\/(.+)$/.exec(rest as string) as unknown as [string, string, string];
      if (bucket !== options.store.bucket)
        throw new SourceError(
          'SOURCE_FORBIDDEN',
          `the bucket of s3: sources is ${options.store.bucket ?? 'none: the store is a directory'}, not ${bucket}`,
        );
      return download(key, null, basename(key), directory, options, progress, signal);
    }
    case 'file':
      return await local(await allowedPath(rest as string, options.directories), options, progress, signal);
    default:
      return await local(await options.pull(source, signal), options, progress, signal);
  }
}

/** An upload that is not what it was said to be, or not all of it, makes room for another try. */
async function upload(
  sha256: string,
  directory: string,
  options: SourceOptions,
  progress: (done: number, total: number) => void,
  signal: AbortSignal,
): Promise<FetchedSource> {
  const key = incomingKey(sha256);
  try {
    return await download(key, sha256, 'model', directory, options, progress, signal);
  } catch (error) {
    if (error instanceof StoreError && error.code === 'DIGEST_MISMATCH') await options.store.delete(key, { signal });
    throw error;
  }
}

async function download(
  key: string,
  sha256: string | null,
  name: string,
  directory: string,
  { store, maxModelBytes }: SourceOptions,
  progress: (done: number, total: number) => void,
  signal: AbortSignal,
): Promise<FetchedSource> {
  const info = await store.head(key, { signal });
  if (info === null) throw new SourceError('SOURCE_NOT_FOUND', `there is no object ${key} in ${store.name}`);
  if (info.bytes > maxModelBytes) throw tooLarge(key, info.bytes, maxModelBytes);
  const path = join(directory, 'model.gguf');
  const found = await downloadObject(store, { key, bytes: info.bytes, sha256 }, path, {
    signal,
    onProgress: (done) => progress(done, info.bytes),
  });
  return { path, sha256: found, bytes: info.bytes, name: nameOf(name) };
}

async function local(
  path: string,
  { maxModelBytes }: SourceOptions,
  progress: (done: number, total: number) => void,
  signal: AbortSignal,
): Promise<FetchedSource> {
  const { size } = await stat(path);
  if (size > maxModelBytes) throw tooLarge(path, size, maxModelBytes);
  const hash = createHash('sha256');
  let done = 0;
  for await (const piece of createReadStream(path, { signal, highWaterMark: 1 << 20 })) {
    hash.update(piece as Buffer);
    done += (piece as Buffer).length;
    progress(done, size);
  }
  return { path, sha256: hash.digest('hex'), bytes: size, name: nameOf(basename(path)) };
}

/** The real path, where it is below an allowed directory: symbolic links lead nowhere else. */
async function allowedPath(given: string, directories: string[]): Promise<string> {
  for (const directory of directories) {
    const root = await realpath(directory).catch(() => null);
    const path = root && (await realpath(join(root, relative(directory, join(directory, given)))).catch(() => null));
    const absolute = root && given.startsWith('/') ? await realpath(given).catch(() => null) : null;
    for (const candidate of [absolute, path])
      if (root && candidate?.startsWith(`${root}/`) && (await stat(candidate)).isFile()) return candidate;
  }
  throw new SourceError(
    'SOURCE_FORBIDDEN',
    `file:${given.slice(0, 200)} is no file below ${directories.join(', ') || 'a directory: none is allowed'} (--source-directories of the profiler)`,
  );
}

function nameOf(file: string): string {
  const name = file.replace(/\.gguf$/i, '').replace(/[^A-Za-z0-9._-]/g, '-');
  return plainName.test(name) ? name : 'model';
}

const tooLarge = (what: string, bytes: number, most: number) =>
  new SourceError('SOURCE_TOO_LARGE', `${what} has ${bytes} bytes, and the profiler takes ${most} (--max-model-bytes)`);
