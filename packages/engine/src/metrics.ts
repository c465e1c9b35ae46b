// What a generation cost, in the terms that `generate` reports.
import type { Engine, PassTotals } from './engine.ts';
import { TimerUtility } from './timing.ts';

export interface GenAIMetricsReport {
  prompt_tokens: number;
  generated_tokens: number;
  time_to_first_token_ms: number;
  prefill_tokens_per_second: number;
  decode_tokens_per_second: number;
  bytes_read: number;
  compute_ms: number;
  stall_ms: number;
  io_busy_ms: number;
  /** Mean decode pass. */
  measured_pass_ms: number;
}

export class GenAIMetrics {
  readonly #engine: Engine;
  readonly #timer = new TimerUtility();
  #before: Record<'PREFILL' | 'DECODE', PassTotals>;
  #promptTokens = 0;
  #generatedTokens = 0;
  #firstTokenMs = 0;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#before = structuredClone(engine.totals);
  }

  /** The generation begins: passes that the engine made before are not its own. */
  start(promptTokens: number): void {
    this.#before = structuredClone(this.#engine.totals);
    this.#promptTokens = promptTokens;
    this.#timer.restart();
  }

  onToken(): void {
    if (this.#generatedTokens++ === 0) this.#firstTokenMs = this.#timer.elapsedMs();
  }

  report(): GenAIMetricsReport {
    const PREFILL = difference(this.#engine.totals.PREFILL, this.#before.PREFILL);
    const DECODE = difference(this.#engine.totals.DECODE, this.#before.DECODE);
    // A prompt of one token is served by a pass of decode's kind.
    const perSecond = (tokens: number, ms: number) => (ms > 0 ? (1000 * tokens) / ms : 0);
    const sum = (field: 'bytesRead' | 'wallMs' | 'stallMs' | 'ioBusyMs') => PREFILL[field] + DECODE[field];
    return {
      prompt_tokens: this.#promptTokens,
      generated_tokens: this.#generatedTokens,
      time_to_first_token_ms: this.#firstTokenMs,
      prefill_tokens_per_second: perSecond(PREFILL.tokens || 1, PREFILL.wallMs || DECODE.wallMs / (DECODE.passes || 1)),
      decode_tokens_per_second: perSecond(DECODE.tokens, DECODE.wallMs),
      bytes_read: sum('bytesRead'),
      compute_ms: sum('wallMs') - sum('stallMs'),
      stall_ms: sum('stallMs'),
      io_busy_ms: sum('ioBusyMs'),
      measured_pass_ms: DECODE.passes > 0 ? DECODE.wallMs / DECODE.passes : 0,
    };
  }
}

function difference(now: PassTotals, before: PassTotals): PassTotals {
  const fields = Object.keys(now) as (keyof PassTotals)[];
  return Object.fromEntries(fields.map((field) => [field, now[field] - before[field]])) as unknown as PassTotals;
}
