export type CmtErrorCode =
  /** Contents that do not follow the schema, or contradict themselves; `path` names the field. */
  | 'CMT_INVALID'
  /** The file cannot be opened, is too large, or is no JSON. */
  | 'CMT_UNREADABLE'
  /** The profiler recorded something that cannot be: an unknown chunk, a negative time. */
  | 'CMT_RECORD_INVALID';

/** A chunk metadata table that cannot be used. `path` is a JSON pointer ("/units/3/head"), "" for the file as a whole. */
export class CmtError extends Error {
  override readonly name = 'CmtError';
  readonly code: CmtErrorCode;
  readonly path: string;

  constructor(code: CmtErrorCode, path: string, message: string, options?: ErrorOptions) {
    super(path === '' ? message : `${path}: ${message}`, options);
    this.code = code;
    this.path = path;
  }
}
