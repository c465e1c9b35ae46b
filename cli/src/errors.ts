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

// Bad input: the arguments, a file that was named, or this machine; the same again would fail the same way.
const badInput = new Set([
  // the command line
  'USAGE',
  'DIRECTORY_UNWRITABLE',
  'OUTPUT_UNWRITABLE',
  'FILE_TOO_LARGE',
  'FILE_TOO_SMALL',
  'FILE_UNREADABLE',
  'ENOENT',
  'ENOTDIR',
  'EISDIR',
  'EACCES',
  'EPERM',
  'EROFS',
  // a model
  'UNKNOWN_MODEL',
  'MODEL_NOT_PULLED',
  'MODEL_URL_INVALID',
  'MODEL_AMBIGUOUS',
  'MODEL_NOT_ON_HUB',
  'HUB_ACCESS',
  'STORE_FULL',
  'NAME_TAKEN',
  'NOT_A_MODEL',
  'NOT_A_GGUF',
  'MODEL_UNREADABLE',
  'MODEL_INVALID',
  'MODEL_TRUNCATED',
  'UNSUPPORTED_GGUF_VERSION',
  'UNSUPPORTED_ARCHITECTURE',
  'UNSUPPORTED_GRAPH',
  'UNSUPPORTED_SHAPE',
  'UNSUPPORTED_TYPE',
  'UNSUPPORTED_TOKENIZER',
  'INVALID_TOKENIZER',
  'UNSUPPORTED_ADAPTER',
  'ADAPTER_MISMATCH',
  'SOURCE_UNREADABLE',
  'SOURCE_INVALID',
  'CACHE_UNREADABLE',
  'CACHE_VERSION',
  // a plan and what it is made from
  'BUDGET_BELOW_FLOOR',
  'PLAN_INVALID',
  'PLAN_REQUEST_INVALID',
  'PLAN_STALE',
  'PLAN_UNREADABLE',
  'PLAN_WITHOUT_ADAPTERS',
  'CMT_INVALID',
  'CMT_UNREADABLE',
  'DEVICE_PROFILE_INVALID',
  // a service and its settings
  'CONFIG_INVALID',
  'CONFIG_UNREADABLE',
  'LISTEN_INSECURE',
  'TLS_INVALID',
  'STORE_MISCONFIGURED',
  'BUS_MISCONFIGURED',
  'INVALID_REQUEST',
  'JOB_NOT_FOUND',
  'PLAN_NOT_FOUND',
  'JOB_NOT_RETRYABLE',
  'SOURCE_FORBIDDEN',
  'SOURCE_NOT_FOUND',
  'SOURCE_DIGEST',
  // what to generate, and how
  'PROMPT_EMPTY',
  'PROMPT_TOO_LONG',
  'PROMPTS_INVALID',
  'NO_CHAT_TEMPLATE',
  'TOKENIZER_MISMATCH',
  'TEXT_TOO_SHORT',
  'INVALID_SAMPLING',
  'KERNEL_UNAVAILABLE',
  'READER_UNAVAILABLE',
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
  const known = diskFull(error) ?? error;
  const message = known instanceof Error ? known.message : String(known);
  const code = codeOf(known);
  if (code === undefined)
    return { code: 'INTERNAL', message: `unexpected error: ${message}`, exitCode: exitCodes.failure };
  return { code, message, exitCode: badInput.has(code) ? exitCodes.badInput : exitCodes.failure };
}

/** A full disk, wherever a write met it, as an error of its own; null for any other error. */
export function diskFull(error: unknown): CliError | null {
  const code = codeOf(error);
  if (code !== 'ENOSPC' && code !== 'EDQUOT' && code !== 'EFBIG') return null;
  const { path, message } = error as NodeJS.ErrnoException;
  const where = path === undefined || message.includes(path) ? '' : ` (${path})`;
  return new CliError('DISK_FULL', `the disk is full: ${message}${where}; free some space and try again`, {
    cause: error,
  });
}

function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}
