export type TokenizerErrorCode =
  /** The model file's tokenizer is of a kind that is not read yet. */
  | 'UNSUPPORTED_TOKENIZER'
  /** The model file's tokenizer contradicts itself or lacks a part. */
  | 'INVALID_TOKENIZER'
  /** A compiled tokenizer is damaged, truncated or of another version. */
  | 'CORRUPT_TOKENIZER'
  | 'TOKEN_OUT_OF_RANGE'
  | 'TEXT_TOO_LONG';

export class TokenizerError extends Error {
  override readonly name = 'TokenizerError';
  readonly code: TokenizerErrorCode;
  /** The same input fails the same way again. */
  readonly retryable = false;

  constructor(code: TokenizerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
