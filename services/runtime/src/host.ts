// The engine and what is loaded into it. It changes only between passes, in a turn of its own or by a request that gives
// way; nobody keeps an engine across that.
import { Engine, type LoadReport, peakMemory, residentSetBytes } from '@flash-slim/engine';
import { Tokenizer } from '@flash-slim/model/tokenizer';
import { releaseBinaryPages } from '@flash-slim/native';
import { JsonPrefetchPlanLoader, type PrefetchPlan } from '@flash-slim/plan';
import type { LoadedModel, Plan } from '@flash-slim/proto';
import { inSpan, type Logger } from '@flash-slim/telemetry';
import { openWeightCache } from '@flash-slim/weight-cache';

/**
 * What a serving process grows by once tokens flow: JavaScript's heap, buffers of gRPC and telemetry. Measured over 2,000
 * tokens with a collector: 6 MB.
 */
export const servingGrowthBytes = 8e6;

export interface Loaded {
  engine: Engine;
  tokenizer: Tokenizer;
  chatTemplate: string | null;
  plan: Plan;
  prefetchPlan: PrefetchPlan;
  report: LoadReport;
  weightsPath: string;
  /** What the ready process held, and will grow by. */
  baselineBytes: number;
  /** Headers of the job that made the weights, and of what made the plan: requests link to them. */
  traces: Record<string, string>[];
}

export interface LoadRequest {
  plan: Plan;
  planPath: string;
  weightsPath: string;
  traces: Record<string, string>[];
}

export class BaselineTooSmallError extends Error {
  override readonly name = 'BaselineTooSmallError';
  readonly code = 'PLAN_BASELINE_TOO_SMALL';
  readonly baselineBytes: number;

  constructor(plan: Plan, planned: number, baselineBytes: number) {
    super(
      `plan ${plan.id} version ${plan.version} leaves ${planned} bytes to the ready process, which holds ${baselineBytes}; ` +
        'the planner is told, and will plan again',
    );
    this.baselineBytes = baselineBytes;
  }
}

export interface HostOptions {
  threads: number;
  kernel: string;
  reader: 'auto' | 'io_uring' | 'pread';
  log: Logger;
}

export class EngineHost {
  readonly #options: HostOptions;
  #loaded: Loaded | null = null;

  constructor(options: HostOptions) {
    this.#options = options;
  }

  get loaded(): Loaded | null {
    return this.#loaded;
  }

  /** Puts a plan in the place of what is loaded. On an error nothing is loaded. */
  async load({ plan, planPath, weightsPath, traces }: LoadRequest): Promise<Loaded> {
    await this.unload();
    const { log, threads, kernel, reader } = this.#options;
    return await inSpan('load', { links: traces, attributes: { 'flash_slim.plan.id': plan.id } }, async () => {
      const cache = await openWeightCache(weightsPath);
      const prefetchPlan = await new JsonPrefetchPlanLoader().loadFromFile(planPath);
      const engine = await Engine.open(cache);
      try {
        releaseBinaryPages();
        const tokenizer = Tokenizer.fromBytes(await cache.readTokenizer());
        const { ledger } = prefetchPlan.metadata;
        const baselineBytes = residentSetBytes() + servingGrowthBytes;
        if (baselineBytes > ledger.baseline_bytes + ledger.tokenizer_bytes + ledger.unused_bytes)
          throw new BaselineTooSmallError(plan, ledger.baseline_bytes, baselineBytes - ledger.tokenizer_bytes);
        const report = await engine.load({
          plan: prefetchPlan,
          threads: Math.min(threads, prefetchPlan.metadata.threads),
          kernel,
          reader,
        });
        this.#loaded = {
          engine,
          tokenizer,
          chatTemplate: cache.manifest.chat_template,
          plan,
          prefetchPlan,
          report,
          weightsPath,
          baselineBytes: baselineBytes - ledger.tokenizer_bytes,
          traces,
        };
      } catch (error) {
        await engine.close();
        throw error;
      }
      const { residentBytes, streamedBytes } = this.#loaded.report;
      log.info(
        {
          model: plan.modelName,
          plan: plan.id,
          version: plan.version,
          residentBytes,
          streamedBytes,
          baselineBytes: this.#loaded.baselineBytes,
        },
        'model is loaded',
      );
      return this.#loaded;
    });
  }

  async unload(): Promise<void> {
    const loaded = this.#loaded;
    this.#loaded = null;
    if (loaded === null) return;
    await loaded.engine.close();
    releaseBinaryPages();
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
