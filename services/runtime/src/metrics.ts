// The node's metrics, by the names of the GenAI semantic conventions where these have one. Without a collector they cost
// next to nothing.
import { meter } from '@flash-slim/telemetry';
import type { Scheduler } from './scheduler.ts';
import type { ServedRequest } from './served-request.ts';

export class NodeMetrics {
  readonly #tokens = meter().createHistogram('gen_ai.client.token.usage', { unit: '{token}' });
  readonly #firstToken = meter().createHistogram('gen_ai.server.time_to_first_token', { unit: 's' });
  readonly #perToken = meter().createHistogram('gen_ai.server.time_per_output_token', { unit: 's' });
  readonly #failures = meter().createCounter('flash_slim.requests.failed', { unit: '{request}' });
  readonly #bytesRead = meter().createCounter('flash_slim.bytes_read', { unit: 'By' });

  constructor(scheduler: Scheduler) {
    meter()
      .createObservableGauge('flash_slim.requests.queued', { unit: '{request}' })
      .addCallback((result) => result.observe(scheduler.queued));
  }

  served({ modelName, promptTokens, figures }: ServedRequest): void {
    const model = { 'gen_ai.request.model': modelName, 'gen_ai.operation.name': 'text_completion' };
    this.#tokens.record(promptTokens, { ...model, 'gen_ai.token.type': 'input' });
    this.#tokens.record(figures.generatedTokens, { ...model, 'gen_ai.token.type': 'output' });
    this.#firstToken.record(figures.timeToFirstTokenMs / 1000, model);
    if (figures.passMs > 0) this.#perToken.record(figures.passMs / 1000, model);
    this.#bytesRead.add(figures.sum('bytesRead'), model);
  }

  failed(error: unknown): void {
    const { code } = error as { code?: unknown };
    this.#failures.add(1, { 'error.type': typeof code === 'string' ? code : 'other' });
  }
}
