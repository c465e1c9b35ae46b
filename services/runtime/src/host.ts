// The engine and what is loaded into it. It changes only between passes (scheduler.ts); nobody keeps an engine across that.
import { Engine, type LoadReport, peakMemory } from '@flash-slim/engine';
import { Tokenizer } from '@flash-slim/model/tokenizer';
import { JsonPrefetchPlanLoader, type PrefetchPlan } from '@flash-slim/plan';
import type { LoadedModel, Plan } from '@flash-slim/proto';
import { inSpan, type Logger } from '@flash-slim/telemetry';
import { openWeightCache } from '@flash-slim/weight-cache';
import { sameWeights } from './known-plans.ts';
import type { LocalFiles } from './local-store.ts';
import { readyMemoryBytes, releaseMemory } from './memory.ts';

/**
 * What still comes once tokens flow: constants that were given back and code that runs for the first time (as in generate),
 * JavaScript's heap, buffers of gRPC and telemetry. test/services/node-memory holds the whole to its budget.
 */
export const servingGrowthBytes = 20e6;

export interface Loaded {
  engine: Engine;
  tokenizer: Tokenizer;
  chatTemplate: string | null;
  plan: Plan;
  prefetchPlan: PrefetchPlan;
  report: LoadReport;
  /** Of the process, before weights, KV and slots. */
  readyBytes: number;
  files: LocalFiles;
  /** Headers of what made weights and plan: requests link to them. */
  traces: Record<string, string>[];
}

export interface LoadRequest {
  plan: Plan;
  files: LocalFiles;
  traces: Record<string, string>[];
}

export class BaselineTooSmallError extends Error {
  override readonly name = 'BaselineTooSmallError';
  readonly code = 'PLAN_BASELINE_TOO_SMALL';

  constructor(plan: Plan, planned: number, baselineBytes: number) {
    super(
      `plan ${plan.id} version ${plan.version} leaves ${planned} bytes to the ready process, which holds ${baselineBytes}; ` +
        'the planner is told, and will plan again',
    );
  }
}

export interface HostOptions {
  /** What plans leave to the process until it is measured with an engine in it. */
  expectedBaselineBytes: number;
  threads: number;
  kernel: string;
  reader: 'auto' | 'io_uring' | 'pread';
  log: Logger;
}

export class EngineHost {
  readonly #options: HostOptions;
  #loaded: Loaded | null = null;
  #baselineBytes: number;

  constructor(options: HostOptions) {
    this.#options = options;
    this.#baselineBytes = options.expectedBaselineBytes;
  }

  /** What plans should leave to the process: ready and grown, before weights, KV and slots. */
  get baselineBytes(): number {
    return this.#baselineBytes;
  }

  get loaded(): Loaded | null {
    return this.#loaded;
  }

  /** Puts a plan in the place of what is loaded. On an error nothing is loaded. */
  async load({ plan, files, traces }: LoadRequest): Promise<Loaded> {
    const before = this.#loaded;
    await this.unload();
    return await inSpan('load', { links: traces, attributes: planAttributes(plan) }, async (span) => {
      const { log, threads, kernel, reader } = this.#options;
      const cache = await openWeightCache(files.weightsPath);
      const prefetchPlan = await new JsonPrefetchPlanLoader().loadFromFile(files.planPath);
      const engine = await Engine.open(cache);
      try {
        // A request that goes on under this plan holds the tokenizer anyway.
        const tokenizer =
          before !== null && sameWeights(before.plan, plan)
            ? before.tokenizer
            : Tokenizer.fromBytes(await cache.readTokenizer());
        const readyBytes = readyMemoryBytes();
        this.#checkBaseline(plan, prefetchPlan, readyBytes);
        const report = await engine.load({
          plan: prefetchPlan,
          threads: Math.min(threads, prefetchPlan.metadata.threads),
          kernel,
          reader,
        });
        const { chat_template: chatTemplate } = cache.manifest;
        this.#loaded = { engine, tokenizer, chatTemplate, plan, prefetchPlan, report, files, traces, readyBytes };
      } catch (error) {
        await engine.close();
        throw error;
      }
      const { readyBytes, report } = this.#loaded;
      const { residentBytes, streamedBytes } = report;
      const facts = { residentBytes, streamedBytes, readyBytes };
      span.setAttributes({ 'flash_slim.resident_bytes': residentBytes, 'flash_slim.streamed_bytes': streamedBytes });
      log.info({ model: plan.modelName, plan: plan.id, version: plan.version, ...facts }, 'model is loaded');
      return this.#loaded;
    });
  }

  async unload(): Promise<void> {
    const loaded = this.#loaded;
    this.#loaded = null;
    if (loaded === null) return;
    await loaded.engine.close();
    releaseMemory();
  }

  /** The plan was made for a process of some size: in a larger one it would exceed the budget. */
  #checkBaseline(plan: Plan, { metadata: { ledger } }: PrefetchPlan, ready: number): void {
    const grown = ready + servingGrowthBytes;
    const measured = grown - ledger.tokenizer_bytes;
    // With a margin, and changed only for a reason: each change may be a new plan.
    if (measured > this.#baselineBytes || measured * 1.08 < this.#baselineBytes)
      this.#baselineBytes = Math.ceil(measured * 1.05);
    if (grown > ledger.baseline_bytes + ledger.tokenizer_bytes + ledger.unused_bytes)
      throw new BaselineTooSmallError(plan, ledger.baseline_bytes, measured);
  }

  describe(): LoadedModel[] {
    if (this.#loaded === null) return [];
    const { plan, report } = this.#loaded;
    return [
      {
        modelName: plan.modelName,
        modelDigest: plan.modelDigest,
        planId: plan.id,
        planVersion: plan.version,
        residentBytes: report.residentBytes,
        streamedBytesPerPass: report.streamedBytes,
        kernel: report.kernel,
        reader: report.reader,
        peakMemoryBytes: peakMemory().bytes,
      },
    ];
  }
}

export const planAttributes = (plan: Plan) => ({
  'flash_slim.plan.id': plan.id,
  'flash_slim.plan.version': plan.version,
  'gen_ai.request.model': plan.modelName,
});
