export type WeightCacheErrorCode =
  /** Bytes that contradict their checksum, or a manifest that contradicts itself. */
  | 'CACHE_CORRUPT'
  /** The file is shorter than its header says. */
  | 'CACHE_TRUNCATED'
  /** The build that wrote the file never finished. */
  | 'CACHE_INCOMPLETE'
  /** Written in a layout that this version does not know. */
  | 'CACHE_VERSION'
  | 'CACHE_UNREADABLE'
  | 'SOURCE_UNREADABLE'
  /** The model file ends before a weight does. */
  | 'SOURCE_TRUNCATED'
  /** The model file is not the one that was imported, or changed during the build. */
  | 'SOURCE_CHANGED'
  /** A weight that is no finite number, or too large for the kind it is to become. */
  | 'SOURCE_INVALID'
  /** A weight whose sizes contradict each other. */
  | 'BAD_CHUNK'
  | 'OUTPUT_UNWRITABLE'
  | 'DISK_FULL'
  | 'WRITE_FAILED'
  | 'READ_FAILED'
  | 'LOCK_FAILED'
  | 'OUT_OF_MEMORY';

/** A weight cache that cannot be built, opened or trusted. The message says what to do. */
export class WeightCacheError extends Error {
  override readonly name = 'WeightCacheError';
  readonly code: WeightCacheErrorCode;

  constructor(code: WeightCacheErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export const rebuild = 'build it again with `flash-slim profile`';

const nativeCodes: ReadonlySet<string> = new Set<WeightCacheErrorCode>([
  'CACHE_CORRUPT',
  'CACHE_TRUNCATED',
  'SOURCE_TRUNCATED',
  'SOURCE_INVALID',
  'BAD_CHUNK',
  'OUTPUT_UNWRITABLE',
  'DISK_FULL',
  'WRITE_FAILED',
  'READ_FAILED',
  'LOCK_FAILED',
  'OUT_OF_MEMORY',
]);

/** A native error as a WeightCacheError; anything else (an AbortError, say) as it is. */
export function fromNative(error: unknown, unreadable: 'CACHE_UNREADABLE' | 'SOURCE_UNREADABLE'): unknown {
  if (!(error instanceof Error) || error instanceof WeightCacheError) return error;
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'FILE_UNREADABLE') return new WeightCacheError(unreadable, error.message, { cause: error });
  if (code === undefined || !nativeCodes.has(code)) return error;
  const advice = code.startsWith('CACHE_') ? `; ${rebuild}` : '';
  return new WeightCacheError(code as WeightCacheErrorCode, error.message + advice, { cause: error });
}
