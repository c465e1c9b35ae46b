// Builds a weight cache: the layout is decided here, the bytes are moved natively, the model's files are hashed meanwhile.
// Order of writing: header without the complete flag, chunks, tokenizer, graph, manifest, sync, complete header, sync,
// rename, sync of the directory. So whatever is found under the cache's name is whole, and so is what says it is.
import { createHash } from 'node:crypto';
import { open, rename, rm, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { ImportedModel } from '@flash-slim/model';
import {
  type CacheFile,
  type CacheJob,
  cancelJob,
  closeCacheFile,
  createCacheFile,
  syncCacheFile,
  type WrittenChunk,
  writeCacheBytes,
  writeCacheChunks,
} from '@flash-slim/native';
import { DirectReader } from './direct-reader.ts';
import { fromNative, WeightCacheError } from './error.ts';
import { encodeHeader } from './header.ts';
import { type CacheOptions, withJob } from './job.ts';
import { alignUp, type CacheLayout, layOut } from './layout.ts';
import { BuildLock } from './lock.ts';
import { makeDirectories } from './make-directories.ts';
import { type CacheManifest, layoutVersion } from './manifest.ts';
import { openWeightCache, sha256 } from './open.ts';
import { longestError, quantizationOf } from './quantization.ts';

/** Bytes hashed, and copied to the native side, at once. */
const pieceBytes = 1 << 20;
/** Pieces of the model file under way or being hashed: with two the hash waits for the disk. */
const hashDepth = 4;

export interface BuildOptions extends CacheOptions {
  /** "sha256:<hex>" of the model's files where somebody has checked it: hashing reads all of them a second time. */
  digest?: string | undefined;
}

/**
 * Builds the weight cache of a model at `outPath`. Where another process is building the same one, waits for it and takes
 * its result. Memory: about 20 MB, whatever the model's size. Throws WeightCacheError (SOURCE_*, OUTPUT_UNWRITABLE,
 * DISK_FULL, WRITE_FAILED, BAD_CHUNK), or the signal's reason; nothing half-made stays behind.
 */
export async function buildWeightCache(
  model: ImportedModel,
  outPath: string,
  options: BuildOptions = {},
): Promise<CacheManifest> {
  options.signal?.throwIfAborted();
  const layout = layOut(model);
  await makeDirectories(dirname(resolve(outPath))).catch((cause: Error) => {
    throw new WeightCacheError('OUTPUT_UNWRITABLE', `cannot create the directory of ${outPath}: ${cause.message}`, {
      cause,
    });
  });
  const before = await identityOf(outPath);
  const lock = await BuildLock.acquire(`${outPath}.lock`, options);
  try {
    const built = (await identityOf(outPath)) !== before ? await openIfMatching(outPath, model, layout, options) : null;
    return built ?? (await buildLocked(model, layout, outPath, lock, options));
  } catch (error) {
    throw fromNative(error, 'SOURCE_UNREADABLE');
  } finally {
    await lock.release();
  }
}

/** What changes when another process puts a new cache in place. */
async function identityOf(path: string): Promise<string> {
  const status = await stat(path, { bigint: true }).catch(() => null);
  return status === null ? 'absent' : `${status.dev} ${status.ino} ${status.size} ${status.mtimeNs}`;
}

/** The manifest of the cache at `path` if it is one of this very model, in this layout. */
async function openIfMatching(
  path: string,
  model: ImportedModel,
  layout: CacheLayout,
  options: BuildOptions,
): Promise<CacheManifest | null> {
  const cache = await openWeightCache(path).catch(() => null);
  if (cache === null || cache.manifest.model.file_bytes !== model.fileBytes) return null;
  const { chunks, tokenizer, graph } = cache.manifest;
  const same =
    JSON.stringify(chunks.map((chunk) => ({ ...chunk, unit_crc32c: [] }))) === JSON.stringify(layout.chunks) &&
    tokenizer.sha256 === sha256(model.tokenizer) &&
    graph.sha256 === sha256(model.graph);
  if (!same) return null;
  // Two trainings of one model can agree in all of that.
  let hashed = 0;
  const hash = (): Promise<string> => hashSource(model, options.signal, (bytes) => (hashed += bytes));
  const digest = options.digest ?? (await withJob(options, model.fileBytes, () => hashed, hash));
  return digest === cache.manifest.model.digest ? cache.manifest : null;
}

async function buildLocked(
  model: ImportedModel,
  layout: CacheLayout,
  outPath: string,
  lock: BuildLock,
  options: BuildOptions,
): Promise<CacheManifest> {
  const partial = `${outPath}.partial`;
  const source = await statSource(model);
  let hashed = 0;
  const onProgress: CacheOptions['onProgress'] = (progress) => {
    lock.report(progress);
    options.onProgress?.(progress);
  };
  try {
    await rm(partial, { force: true }); // of a build that was killed
    const manifest = await withJob(
      { ...options, onProgress },
      (options.digest === undefined ? model.fileBytes : 0) + layout.chunkBytes,
      () => hashed,
      (job) => writePartial(model, layout, partial, job, options, (bytes) => (hashed += bytes)),
    );
    if ((await statSource(model)) !== source) throw sourceChanged(model);
    await rename(partial, outPath);
    await syncDirectory(dirname(outPath));
    return manifest;
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

/** The identity of the model's files. Throws where they are not those that were imported. */
async function statSource(model: ImportedModel): Promise<string> {
  const identities: string[] = [];
  for (const { path, bytes } of model.files) {
    const status = await stat(path, { bigint: true }).catch((cause: Error) => {
      throw new WeightCacheError('SOURCE_UNREADABLE', `cannot read ${path}: ${cause.message}`, { cause });
    });
    if (status.size < bytes) {
      throw new WeightCacheError(
        'SOURCE_TRUNCATED',
        `${path} has ${status.size} bytes, ${bytes} when it was imported; get the model again`,
      );
    }
    if (status.size !== BigInt(bytes)) throw sourceChanged(model);
    identities.push(`${status.dev} ${status.ino} ${status.size} ${status.mtimeNs}`);
  }
  return identities.join('\n');
}

function sourceChanged(model: ImportedModel): WeightCacheError {
  return new WeightCacheError(
    'SOURCE_CHANGED',
    `${model.path} changed while its weight cache was built; wait until it is whole, then try again`,
  );
}

async function writePartial(
  model: ImportedModel,
  layout: CacheLayout,
  partial: string,
  job: CacheJob,
  { signal, digest }: BuildOptions,
  onHashed: (bytes: number) => void,
): Promise<CacheManifest> {
  const file = await createCacheFile(partial, largestFileBytes(model, layout));
  try {
    await writeCacheBytes(file, encodeHeader(null), 0);
    const stop = new AbortController(); // whichever of the two fails ends the other
    const failing = (error: unknown): never => {
      cancelJob(job);
      stop.abort();
      throw error;
    };
    const signals = AbortSignal.any(signal ? [signal, stop.signal] : [stop.signal]);
    const chunksDone = writeCacheChunks(
      file,
      model.files.map(({ path }) => path),
      layout.toWrite,
      job,
    ).catch(failing);
    const hashDone = digest === undefined ? hashSource(model, signals, onHashed).catch(failing) : digest;
    const settled = await Promise.allSettled([chunksDone, hashDone]);
    const failures = settled.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
    if (failures.length > 0) throw failures.find((error) => !isCancellation(error)) ?? failures[0];
    const manifest = manifestOf(model, layout, await hashDone, await chunksDone);
    await writeSection(file, model.tokenizer, layout.tokenizerOffset);
    await writeSection(file, model.graph, layout.graphOffset);
    signal?.throwIfAborted();
    await finish(file, manifest, layout.manifestOffset);
    return manifest;
  } finally {
    closeCacheFile(file);
  }
}

const isCancellation = (error: unknown): boolean =>
  error instanceof Error && ((error as NodeJS.ErrnoException).code === 'CANCELLED' || error.name === 'AbortError');

/** "sha256:<hex>" of the model's files, one after the other. */
async function hashSource(
  model: ImportedModel,
  signal: AbortSignal | undefined,
  onHashed: (bytes: number) => void,
): Promise<string> {
  const hash = createHash('sha256');
  for (const file of model.files) {
    const reader = new DirectReader(file.path, pieceBytes, hashDepth);
    let bytes = 0;
    try {
      for await (const piece of reader.pieces()) {
        signal?.throwIfAborted();
        hash.update(piece);
        bytes += piece.length;
        onHashed(piece.length);
      }
    } finally {
      reader.close();
    }
    if (bytes !== file.bytes) throw sourceChanged(model);
  }
  return `sha256:${hash.digest('hex')}`;
}

function manifestOf(model: ImportedModel, layout: CacheLayout, digest: string, written: WrittenChunk[]): CacheManifest {
  const section = (offset: number, bytes: Uint8Array) => ({ offset, bytes: bytes.byteLength, sha256: sha256(bytes) });
  const quantization = quantizationOf(
    model.chunks,
    written.map(({ conversion }) => conversion),
  );
  return {
    format: 'flash-slim weight cache',
    layout_version: layoutVersion,
    model: { digest, file_bytes: model.fileBytes, config: model.config },
    ...(quantization ? { quantization } : {}),
    chat_template: model.chatTemplate,
    chunks: layout.chunks.map((chunk, i) => ({ ...chunk, unit_crc32c: written[i]?.unitCrc32c as number[] })),
    tokenizer: section(layout.tokenizerOffset, model.tokenizer),
    graph: section(layout.graphOffset, model.graph),
  };
}

const encodeManifest = (manifest: CacheManifest): Uint8Array => new TextEncoder().encode(JSON.stringify(manifest));

/** The file's size if every checksum and every error had the most digits. */
function largestFileBytes(model: ImportedModel, layout: CacheLayout): number {
  const written = layout.chunks.map((chunk) => ({
    unitCrc32c: new Array<number>(Math.ceil(chunk.row_blocks / chunk.unit_row_blocks)).fill(0xffffffff),
    conversion: chunk.tensors.map(() => longestError),
  }));
  const digest = `sha256:${'0'.repeat(64)}`;
  return alignUp(layout.manifestOffset + encodeManifest(manifestOf(model, layout, digest, written)).length);
}

async function writeSection(file: CacheFile, bytes: Uint8Array, offset: number): Promise<void> {
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    await writeCacheBytes(file, bytes.subarray(at, at + pieceBytes), offset + at);
  }
}

async function finish(file: CacheFile, manifest: CacheManifest, manifestOffset: number): Promise<void> {
  const bytes = encodeManifest(manifest);
  const fileBytes = alignUp(manifestOffset + bytes.length);
  await writeSection(file, bytes, manifestOffset);
  await syncCacheFile(file, fileBytes);
  const header = encodeHeader({
    fileBytes,
    manifestOffset,
    manifestBytes: bytes.length,
    manifestSha256: sha256(bytes),
  });
  await writeCacheBytes(file, header, 0);
  await syncCacheFile(file, fileBytes);
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
