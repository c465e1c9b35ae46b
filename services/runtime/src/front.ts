// RuntimeService.
import type { SamplerOptions } from '@flash-slim/engine';
import type { GenerateRequest, RuntimeServiceImplementation } from '@flash-slim/proto';
import { RpcError, Status } from '@flash-slim/rpc';
import { currentTraceId, failSpan, type Logger, openSpan, runWithin } from '@flash-slim/telemetry';
import type { EngineHost } from './host.ts';
import type { Measurements } from './measurements.ts';
import type { NodeMetrics } from './metrics.ts';
import type { NodeReporter } from './node-state.ts';
import { checkRequest, promptTokens } from './request.ts';
import type { Scheduler } from './scheduler.ts';
import { ServedRequest } from './served-request.ts';
import type { Switcher } from './switcher.ts';

export interface FrontOptions {
  host: EngineHost;
  scheduler: Scheduler;
  switcher: Switcher;
  reporter: NodeReporter;
  measurements: Measurements;
  metrics: NodeMetrics;
  log: Logger;
  /** Aborted when running requests shall end too. */
  abort: AbortSignal;
  /** Called by Drain at once. */
  onDraining(): void;
}

export function createFront(options: FrontOptions): RuntimeServiceImplementation {
  const { host, scheduler, reporter, log } = options;
  return {
    generate: (request, { signal }) => generate(options, request, signal),
    getNode: async () => ({ node: reporter.describe() }),
    listLoaded: async () => ({ models: host.describe() }),
    drain: async () => {
      const before = scheduler.completed;
      log.info('draining: asked to');
      const drained = scheduler.drain();
      options.onDraining();
      reporter.announceNow();
      await drained;
      return { completed: scheduler.completed - before };
    },
  };
}

async function* generate(options: FrontOptions, request: GenerateRequest, callSignal: AbortSignal) {
  const { scheduler, switcher, reporter, measurements, metrics, log, abort } = options;
  const { maxTokens, sampling } = checkRequest(request);
  switcher.checkServable(request.model);
  const signal = AbortSignal.any([callSignal, abort]);
  const { span, within } = openSpan('generate', {
    attributes: requestAttributes(request, maxTokens, sampling),
  });
  const traceId = runWithin(within, currentTraceId);
  const served = new ServedRequest({ span, within, seed: sampling.seed, traceId, measurements });
  const events = scheduler.generate({
    signal,
    begin: async () => {
      served.turnCame();
      const loaded = await switcher.ensure(request.model);
      if (loaded === null) throw nothingLoaded(reporter);
      const isEnd = (token: number) => !request.ignoreEnd && loaded.tokenizer.endOfGeneration(token);
      const prompt = await promptTokens(request, loaded);
      return { loaded, promptTokens: prompt, maxTokens, sampling, isEnd, chunkTimes: request.traceChunks };
    },
  });
  try {
    for (;;) {
      // A generator has no trace context of its own: each step of it is put into the span's.
      const step = await runWithin(within, () => events.next());
      if (step.done) break;
      const response = served.take(step.value);
      if (response !== null) yield response;
    }
    yield* served.end();
    const { generatedTokens } = served.figures;
    runWithin(within, () => log.info({ model: served.modelName, generated: generatedTokens }, 'request served'));
    metrics.served(served);
  } catch (error) {
    failSpan(span, error);
    metrics.failed(error);
    switcher.onFailure(error);
    if (abort.aborted && !callSignal.aborted) throw stopped();
    throw error;
  } finally {
    await runWithin(within, () => events.return());
    served.close();
    span.end();
  }
}

const requestAttributes = ({ input }: GenerateRequest, maxTokens: number, sampling: SamplerOptions) => ({
  'gen_ai.operation.name': input?.$case === 'chat' ? 'chat' : 'text_completion',
  'gen_ai.provider.name': 'flash-slim',
  'gen_ai.request.max_tokens': maxTokens,
  'gen_ai.request.temperature': sampling.temperature,
  'gen_ai.request.top_k': sampling.topK,
  'gen_ai.request.top_p': sampling.topP,
  'gen_ai.request.seed': sampling.seed,
});

const stopped = () =>
  new RpcError(Status.UNAVAILABLE, 'NODE_STOPPED', 'this node was stopped before the request had ended: ask another');

const nothingLoaded = (reporter: NodeReporter) => {
  const { message } = reporter.describe();
  return new RpcError(
    Status.UNAVAILABLE,
    'NO_MODEL_LOADED',
    `no model is loaded on this node${message ? ` (${message})` : ''}: submit one, or wait for its plan`,
  );
};
