export type BusErrorCode =
  /** The server cannot be reached or did not answer: the same again may succeed. */
  | 'BUS_UNAVAILABLE'
  | 'BUS_ACCESS_DENIED'
  | 'BUS_MISCONFIGURED'
  /** Another one changed the entry first. */
  | 'BUS_CONFLICT'
  | 'BUS_NAME_INVALID'
  | 'MESSAGE_TOO_LARGE'
  | 'BUS_CLOSED'
  | 'BUS_FAILED';

export class BusError extends Error {
  override readonly name = 'BusError';
  readonly code: BusErrorCode;

  constructor(code: BusErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  get retryable(): boolean {
    return this.code === 'BUS_UNAVAILABLE';
  }
}

/** A handler throws it for what no other try would mend: the message becomes a dead letter at once. */
export class PermanentError extends Error {
  override readonly name = 'PermanentError';
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
