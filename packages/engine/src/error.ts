/** A failure of the engine's TypeScript side; those of the native side carry their own codes. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly code:
    | 'PLAN_STALE'
    | 'PROMPT_TOO_LONG'
    | 'PROMPT_EMPTY'
    | 'TEXT_TOO_SHORT'
    | 'CLOSED'
    | 'MEMORY_LIMIT_LOWERED';

  constructor(code: EngineError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
