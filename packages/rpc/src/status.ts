// From errors to gRPC statuses. Errors come from every package as Error objects with a string `code`; this is the one place
// that says what each of them means to a caller. The code itself travels too, as google.rpc.ErrorInfo.
import { Status } from 'nice-grpc-common';

/** A failure of a request's own, thrown by a service. */
export class RpcError extends Error {
  override readonly name = 'RpcError';
  readonly status: Status;
  /** SCREAMING_SNAKE_CASE, stable. */
  readonly code: string;
  /** Where one field of the request is to blame: its path, "spec.source". */
  readonly field: string | undefined;

  constructor(status: Status, code: string, message: string, field?: string) {
    super(message);
    this.status = status;
    this.code = code;
    this.field = field;
  }
}

export const invalidArgument = (field: string, message: string): RpcError =>
  new RpcError(Status.INVALID_ARGUMENT, 'INVALID_REQUEST', `${field}: ${message}`, field);

export const notFound = (code: string, message: string): RpcError => new RpcError(Status.NOT_FOUND, code, message);

const invalid = [
  ...['BUDGET_BELOW_FLOOR', 'PLAN_REQUEST_INVALID', 'DEVICE_PROFILE_INVALID', 'OBJECT_KEY_INVALID', 'BUS_NAME_INVALID'],
  ...['PROMPT_EMPTY', 'PROMPT_TOO_LONG', 'INVALID_SAMPLING', 'INVALID_TOKEN', 'NO_CHAT_TEMPLATE'],
  ...['UNSUPPORTED_GGUF_VERSION', 'UNSUPPORTED_ARCHITECTURE', 'UNSUPPORTED_SHAPE', 'UNSUPPORTED_TYPE'],
  ...['UNSUPPORTED_TOKENIZER', 'NOT_A_GGUF', 'MODEL_INVALID', 'MODEL_TRUNCATED', 'MODEL_URL_INVALID'],
];
const damaged = [
  ...['DIGEST_MISMATCH', 'CMT_INVALID', 'PLAN_INVALID', 'CHUNK_CORRUPT', 'CACHE_CORRUPT', 'CACHE_TRUNCATED'],
  ...['MANIFEST_INVALID', 'CHUNK_TRUNCATED', 'CHUNK_READ_FAILED', 'CACHE_INCOMPLETE', 'CACHE_UNREADABLE'],
];

const statuses = new Map<string, Status>([
  ...invalid.map((code): [string, Status] => [code, Status.INVALID_ARGUMENT]),
  ...damaged.map((code): [string, Status] => [code, Status.DATA_LOSS]),
  ['UNKNOWN_MODEL', Status.NOT_FOUND],
  ['OBJECT_NOT_FOUND', Status.NOT_FOUND],
  ['STORE_UNAVAILABLE', Status.UNAVAILABLE],
  ['BUS_UNAVAILABLE', Status.UNAVAILABLE],
  ['BUS_CLOSED', Status.UNAVAILABLE],
  ['BUS_CONFLICT', Status.ABORTED],
  ['PRECONDITION_FAILED', Status.ABORTED],
  ['STORE_ACCESS_DENIED', Status.FAILED_PRECONDITION],
  ['BUS_ACCESS_DENIED', Status.FAILED_PRECONDITION],
  ['STORE_MISCONFIGURED', Status.FAILED_PRECONDITION],
  ['PLAN_STALE', Status.FAILED_PRECONDITION],
  ['PLAN_BASELINE_TOO_SMALL', Status.FAILED_PRECONDITION],
  ['CACHE_VERSION', Status.FAILED_PRECONDITION],
  ['STORE_FAILED', Status.UNAVAILABLE],
  ['DISK_FULL', Status.RESOURCE_EXHAUSTED],
  ['OUT_OF_MEMORY', Status.RESOURCE_EXHAUSTED],
  ['OBJECT_TOO_LARGE', Status.RESOURCE_EXHAUSTED],
  ['MESSAGE_TOO_LARGE', Status.RESOURCE_EXHAUSTED],
]);

export interface RpcFailure {
  status: Status;
  code: string;
  message: string;
  field?: string;
}

/** What an error is to the caller. What nobody expected is INTERNAL and keeps its message to the log. */
export function failureOf(error: unknown): RpcFailure {
  if (error instanceof RpcError) {
    const { status, code, message, field } = error;
    return { status, code, message, ...(field !== undefined && { field }) };
  }
  const { code, message } = error as { code?: unknown; message?: string };
  const status = typeof code === 'string' ? statuses.get(code) : undefined;
  if (status === undefined)
    return { status: Status.INTERNAL, code: 'INTERNAL', message: 'an unexpected error; the log of the service has it' };
  return { status, code: code as string, message: message ?? String(code) };
}
