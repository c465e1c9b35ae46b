import type { AdapterUse, Engine, SamplerOptions } from './engine.ts';
import { GenAIMetrics } from './metrics.ts';
import { getDecodeRunner, getPrefillRunner } from './runners.ts';

export interface GenerateOptions {
  promptTokens: ArrayLike<number>;
  /** Most tokens to generate; the context's end stops earlier. */
  maxDecodeSteps: number;
  sampling: SamplerOptions;
  adapters?: readonly AdapterUse[];
  /** Whether a token ends the generation. It is yielded last, so that callers can tell why it ended. */
  isEnd(token: number): boolean;
  metrics?: GenAIMetrics;
  onPrefill?(tokens: number): void;
  /** Ends the pass under way; the one that the engine was loaded with unless told. */
  signal?: AbortSignal;
}

/** Yields token by token. Whoever leaves the loop early leaves nothing behind: the sequence and sampler are freed. */
export async function* generate(engine: Engine, options: GenerateOptions): AsyncGenerator<number, void> {
  const { promptTokens, maxDecodeSteps, sampling, isEnd, adapters = [] } = options;
  const metrics = options.metrics ?? new GenAIMetrics(engine);
  const sequence = await engine.allocateKvCache();
  try {
    const sampler = engine.createSampler(sampling, promptTokens);
    try {
      const prefill = getPrefillRunner(engine, sequence, sampler, options.signal, adapters);
      const decode = getDecodeRunner(engine, sequence, sampler, options.signal, adapters);
      metrics.start(promptTokens.length);
      if (maxDecodeSteps <= 0) return;
      let token = await prefill(promptTokens, options.onPrefill);
      metrics.onToken();
      yield token;
      const room = engine.plan.metadata.context_length - promptTokens.length;
      for (let step = 1; step < Math.min(maxDecodeSteps, room) && !isEnd(token); step++) {
        token = await decode(token);
        metrics.onToken();
        yield token;
      }
    } finally {
      engine.freeSampler(sampler);
    }
  } finally {
    await engine.freeSequence(sequence);
  }
}
