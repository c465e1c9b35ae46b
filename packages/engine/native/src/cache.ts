// What moves the weight cache's bytes (binding/cache_binding.cc). packages/weight-cache decides what goes where.
import { addon } from './addon.ts';

declare const brand: unique symbol;
/** Opaque: a file open for direct reads. */
export type DirectFile = { [brand]: 'DirectFile' };
/** Opaque: a cache file being written. */
export type CacheFile = { [brand]: 'CacheFile' };
/** Opaque: counts the bytes done by a long piece of work, and cancels it (its promise then rejects with code CANCELLED). */
export type CacheJob = { [brand]: 'CacheJob' };

export interface OpenedDirectFile {
  file: DirectFile;
  /** Size at open. */
  bytes: number;
  /** False where the file system has no O_DIRECT: reads then drop their page cache. */
  direct: boolean;
  /** Where reads put their bytes. Must not be transferred. */
  staging: ArrayBuffer;
}

export interface SourceTensor {
  offset: number;
  bytes: number;
  rows: number;
  /** Index of the source file. */
  file: number;
  /** cache/row_converter.h's SourceForm: how the file holds the values; 0 as the chunk's kind does. */
  form: number;
  /** Of form 4, else null: where scales and zero points of the quants lie (cache/block_rows.h). */
  blocks: SourceBlocks | null;
}

export interface SourceBlocks {
  bits: number;
  blockSize: number;
  halfScales: boolean;
  hasZeroPoints: boolean;
  scaleFile: number;
  scaleOffset: number;
  zeroPointFile: number;
  zeroPointOffset: number;
}

/** What the conversion of a tensor to its chunk's kind lost; zeros where nothing was converted. */
export interface ConversionError {
  squaredError: number;
  squaredValues: number;
  maxError: number;
}

export interface WrittenChunk {
  unitCrc32c: number[];
  /** By tensor. */
  conversion: ConversionError[];
}

export interface ChunkToWrite {
  name: string;
  /** The number of kernels/layout.h's WeightKind. */
  kind: number;
  columns: number;
  /** Row blocks of the tensors take turns. */
  alternating: boolean;
  unitRowBlocks: number;
  /** In the cache file: the end of the chunk before, rounded up to 4096. */
  offset: number;
  tensors: SourceTensor[];
}

export interface ChunkToVerify {
  name: string;
  offset: number;
  rowBlocks: number;
  rowBlockBytes: number;
  unitRowBlocks: number;
  unitCrc32c: number[];
}

interface CacheAddon {
  openDirectFile(path: string, stagingBytes: number): OpenedDirectFile;
  readDirectFile(file: DirectFile, stagingOffset: number, bytes: number, offset: number): Promise<number>;
  closeDirectFile(file: DirectFile, staging: ArrayBuffer): void;
  createJob(): CacheJob;
  jobBytesDone(job: CacheJob): number;
  cancelJob(job: CacheJob): void;
  createCacheFile(path: string, reserveBytes: number): Promise<CacheFile>;
  writeCacheChunks(
    file: CacheFile,
    sourcePaths: string[],
    chunks: ChunkToWrite[],
    job: CacheJob,
  ): Promise<WrittenChunk[]>;
  writeCacheBytes(file: CacheFile, bytes: Uint8Array, offset: number): Promise<void>;
  syncCacheFile(file: CacheFile, bytes: number): Promise<void>;
  closeCacheFile(file: CacheFile): void;
  verifyCacheChunks(path: string, chunks: ChunkToVerify[], job: CacheJob): Promise<void>;
  crc32c(bytes: Uint8Array): number;
  tryLockFile(fd: number): boolean;
}

const native = addon as unknown as CacheAddon;

export const {
  /** Opens for reads past the page cache, with memory for them. Throws FILE_UNREADABLE. */
  openDirectFile,
  /** Reads into the staging memory; all numbers are multiples of 4096. Resolves to the bytes read: fewer at the file's end only. */
  readDirectFile,
  /** Closes the file and takes the staging memory back. Once. */
  closeDirectFile,
  createJob,
  jobBytesDone,
  cancelJob,
  /** Creates a file that must not exist, and claims its disk space. Rejects with OUTPUT_UNWRITABLE, DISK_FULL. */
  createCacheFile,
  /** Lays the chunks out. Rejects with BAD_CHUNK, SOURCE_TRUNCATED, SOURCE_INVALID, DISK_FULL ... */
  writeCacheChunks,
  /** Writes bytes, zeros up to the next page after them; `offset` is a multiple of 4096. */
  writeCacheBytes,
  /** Cuts the file to `bytes` and waits until it is on the device. */
  syncCacheFile,
  closeCacheFile,
  /** Checks every unit's sum. Rejects with CACHE_CORRUPT, CACHE_TRUNCATED. */
  verifyCacheChunks,
  crc32c,
  /** flock(LOCK_EX | LOCK_NB): false where another process holds the lock. Closing the descriptor, or dying, releases it. */
  tryLockFile,
} = native;
