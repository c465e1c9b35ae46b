export type StoreErrorCode =
  /** No such object or upload. */
  | 'OBJECT_NOT_FOUND'
  /** A conditional put that came too late. */
  | 'PRECONDITION_FAILED'
  /** The store cannot be reached, is overloaded, or broke off: the same again may succeed. */
  | 'STORE_UNAVAILABLE'
  | 'STORE_ACCESS_DENIED'
  | 'STORE_MISCONFIGURED'
  | 'OBJECT_KEY_INVALID'
  /** Bytes that are not those their digest names. */
  | 'DIGEST_MISMATCH'
  | 'OBJECT_TOO_LARGE'
  | 'DISK_FULL'
  | 'STORE_FAILED';

export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  /** Whether the same again may succeed. */
  get retryable(): boolean {
    return this.code === 'STORE_UNAVAILABLE';
  }
}
