/** A failure of the engine's TypeScript side; those of the native side carry their own codes. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly code: 'PLAN_STALE' | 'PROMPT_TOO_LONG' | 'PROMPT_EMPTY' | 'TEXT_TOO_SHORT' | 'CLOSED';

  constructor(code: EngineError['code'], message: string) {
    super(message);
    this.code = code;
  }
}
