// What happened inside prefill and decode. By default only sums, on the spans of the two; with trace_chunks a span for every
// pass, and in it one for every chunk, laid end to end as long as each computed.
import type { Engine, PassTotals } from '@flash-slim/engine';
import { openSpan, pastSpan, type Span } from '@flash-slim/telemetry';

type Mode = 'PREFILL' | 'DECODE';

const difference = (now: PassTotals, before: PassTotals) => ({
  'flash_slim.passes': now.passes - before.passes,
  'flash_slim.tokens': now.tokens - before.tokens,
  'flash_slim.read_ms': now.ioBusyMs - before.ioBusyMs,
  'flash_slim.stall_ms': now.stallMs - before.stallMs,
  'flash_slim.compute_ms': now.wallMs - now.stallMs - (before.wallMs - before.stallMs),
  'flash_slim.bytes_read': now.bytesRead - before.bytesRead,
});

export class PassSpans {
  readonly #engine: Engine;
  readonly #byChunk: boolean;
  #begin: Record<Mode, PassTotals>;
  #last: Record<Mode, PassTotals>;
  #lastTime = Date.now();

  constructor(engine: Engine, byChunk: boolean) {
    this.#engine = engine;
    this.#byChunk = byChunk;
    this.#begin = structuredClone(engine.totals);
    this.#last = this.#begin;
  }

  /** After each token, inside the span of its mode. */
  async onToken(): Promise<void> {
    if (!this.#byChunk) return;
    const now = structuredClone(this.#engine.totals);
    const mode: Mode = now.DECODE.passes > this.#last.DECODE.passes ? 'DECODE' : 'PREFILL';
    const { span, within } = openSpan('pass', {
      startTime: this.#lastTime,
      attributes: { 'flash_slim.mode': mode, ...difference(now[mode], this.#last[mode]) },
    });
    const computeMs = await this.#engine.chunkComputeMs();
    let time = this.#lastTime;
    for (const { weights_id: id, name, op } of this.#engine.cache.manifest.chunks) {
      const ms = computeMs[id] ?? 0;
      if (op !== 'StreamMatMul' || ms === 0) continue;
      pastSpan(`chunk ${name}`, time, time + ms, { within, attributes: { 'flash_slim.weights_id': id } });
      time += ms;
    }
    span.end();
    this.#last = now;
    this.#lastTime = Date.now();
  }

  /** The sums so far, onto the span of a mode that ends. */
  describe(span: Span, mode: Mode): void {
    span.setAttributes(difference(this.#engine.totals[mode], this.#begin[mode]));
  }
}
