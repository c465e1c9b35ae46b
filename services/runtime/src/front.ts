// RuntimeService.
import type { GenerateRequest, GenerateResult, RuntimeServiceImplementation } from '@flash-slim/proto';
import { notFound, RpcError, Status } from '@flash-slim/rpc';
import { addLinks, currentTraceId, type Logger, openSpan, pastSpan, runWithin } from '@flash-slim/telemetry';
import type { Changes } from './changes.ts';
import { type GenerationResult, runGeneration } from './generation.ts';
import type { EngineHost, Loaded } from './host.ts';
import type { Measurements } from './measurements.ts';
import type { NodeReporter } from './node-state.ts';
import type { Scheduler } from './scheduler.ts';

export interface FrontOptions {
  host: EngineHost;
  scheduler: Scheduler;
  changes: Changes;
  reporter: NodeReporter;
  measurements: Measurements;
  log: Logger;
  /** Aborted when running requests shall end too. */
  abort: AbortSignal;
  /** Called by Drain, once everything has ended. */
  onDrained(): void;
}

const maxTokens = 1 << 20;

export function createFront(options: FrontOptions): RuntimeServiceImplementation {
  const { host, scheduler, changes, reporter, measurements, log } = options;
  return {
    generate: async function* generate(request, context) {
      if (request.maxTokens > maxTokens)
        throw new RpcError(
          Status.INVALID_ARGUMENT,
          'INVALID_REQUEST',
          `max_tokens: is ${request.maxTokens}, must be at most ${maxTokens}`,
          'max_tokens',
        );
      if (request.model !== '' && changes.known.find(request.model) === null && host.loaded === null)
        throw unknownModel(request, changes);
      const signal = AbortSignal.any([context.signal, options.abort]);
      const arrived = Date.now();
      const { span, within } = openSpan('generate', {});
      let result: GenerationResult | null = null;
      try {
        const events = scheduler.run(signal, async function* work() {
          const begun = Date.now();
          runWithin(within, () => pastSpan('queue', arrived, begun));
          let linked: Loaded | null = null;
          const current = async (): Promise<Loaded> => {
            const loaded = await runWithin(within, () => changes.ensure(request.model));
            if (loaded === null) throw request.model === '' ? nothingLoaded(reporter) : unknownModel(request, changes);
            if (linked !== loaded) addLinks(span, loaded.traces);
            linked = loaded;
            return loaded;
          };
          for await (const event of runGeneration({ request, signal, current, wanted: () => changes.wanted })) {
            if ('token' in event) yield { event: { $case: 'token' as const, value: event.token } };
            else {
              result = event.result;
              yield { event: { $case: 'result' as const, value: resultOf(event.result, begun - arrived) } };
            }
          }
        });
        for (;;) {
          const step = await runWithin(within, () => events.next());
          if (step.done) break;
          yield step.value;
        }
      } finally {
        const done = result as GenerationResult | null;
        if (done !== null) {
          measurements.add(done);
          span.setAttributes({
            'gen_ai.operation.name': 'text_completion',
            'gen_ai.provider.name': 'flash-slim',
            'gen_ai.request.model': done.loaded.plan.modelName,
            'gen_ai.usage.input_tokens': done.prompt_tokens,
            'gen_ai.usage.output_tokens': done.generated_tokens,
            'flash_slim.read_ms': done.io_busy_ms,
            'flash_slim.stall_ms': done.stall_ms,
            'flash_slim.compute_ms': done.compute_ms,
            'flash_slim.bytes_read': done.bytes_read,
          });
          log.info(
            { model: done.loaded.plan.modelName, prompt: done.prompt_tokens, generated: done.generated_tokens },
            'request served',
          );
        }
        span.end();
      }
    },

    getNode: async () => ({ node: reporter.describe() }),
    listLoaded: async () => ({ models: host.describe() }),

    drain: async () => {
      const before = scheduler.completed;
      log.info('draining: asked to');
      const drained = scheduler.drain();
      reporter.announceNow();
      await drained;
      options.onDrained();
      return { completed: scheduler.completed - before };
    },
  };
}

function resultOf(result: GenerationResult, queueMs: number): GenerateResult {
  const { loaded, finish, seed } = result;
  return {
    finishReason: finish,
    promptTokens: result.prompt_tokens,
    generatedTokens: result.generated_tokens,
    queueMs,
    timeToFirstTokenMs: result.time_to_first_token_ms,
    prefillTokensPerSecond: result.prefill_tokens_per_second,
    decodeTokensPerSecond: result.decode_tokens_per_second,
    bytesRead: result.bytes_read,
    computeMs: result.compute_ms,
    stallMs: result.stall_ms,
    predictedPassMs: loaded.prefetchPlan.metadata.predicted_pass_ms_by_mode.DECODE,
    measuredPassMs: result.measured_pass_ms,
    planId: loaded.plan.id,
    planVersion: loaded.plan.version,
    modelDigest: loaded.plan.modelDigest,
    seed,
    traceId: currentTraceId(),
  };
}

const unknownModel = ({ model }: GenerateRequest, changes: Changes) =>
  notFound(
    'UNKNOWN_MODEL',
    `there is no plan for ${JSON.stringify(model.slice(0, 100))} on this node; there are plans for: ${changes.known.modelNames().join(', ') || 'none'}`,
  );

const nothingLoaded = (reporter: NodeReporter) =>
  new RpcError(
    Status.UNAVAILABLE,
    'NO_MODEL_LOADED',
    `no model is loaded on this node${reporter.describe().message ? ` (${reporter.describe().message})` : ''}: submit one, or wait for its plan`,
  );
