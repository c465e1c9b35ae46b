// What a failure means to the shell. Errors come from every package as Error objects with a string `code`; this is the
// one place that says which of them are the caller's to mend (2) and which happened while running (1).

/** A failure of the command line's own, with a stable code like every package's. */
export class CliError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CliError';
    this.code = code;
  }
}

/** Wrong arguments: exit code 2. */
export const usageError = (message: string): CliError => new CliError('USAGE', message);

// Bad input: nothing was tried, or nothing about it would succeed when tried again.
const badInput = new Set([
  'USAGE',
  'UNSUPPORTED_PLATFORM',
  'UNKNOWN_MODEL',
  'MODEL_NOT_PULLED',
  'MODEL_URL_INVALID',
  'NAME_TAKEN',
  'NOT_A_MODEL',
  'FILE_TOO_SMALL',
  'FILE_UNREADABLE',
  'DIRECTORY_UNWRITABLE',
  'ENOENT',
  'ENOTDIR',
  'EISDIR',
  'EACCES',
  'EPERM',
  'EROFS',
]);

export const exitCodes = { failure: 1, badInput: 2, interrupted: 130, terminated: 143, pipeClosed: 141 } as const;

export interface Failure {
  code: string;
  message: string;
  exitCode: number;
}

/** `signal` is the command's: once it is aborted, whatever the command throws is only its way of stopping. */
export function toFailure(error: unknown, signal: AbortSignal): Failure {
  if (signal.aborted) {
    const exitCode = typeof signal.reason === 'number' ? signal.reason : exitCodes.interrupted;
    return { code: 'INTERRUPTED', message: 'interrupted', exitCode };
  }
  const message = error instanceof Error ? error.message : String(error);
  const code = codeOf(error);
  if (code === undefined)
    return { code: 'INTERNAL', message: `unexpected error: ${message}`, exitCode: exitCodes.failure };
  return { code, message, exitCode: badInput.has(code) ? exitCodes.badInput : exitCodes.failure };
}

function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}
