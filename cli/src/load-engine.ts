// From flags to an engine that is ready: prepare, open, measure what the ready process holds, plan for the rest, load.
import {
  Engine,
  type LoadReport,
  MemoryLimit,
  type MemoryWatch,
  planForBudget,
  residentSetBytes,
} from '@flash-slim/engine';
import { deviceFacts, dropUnusedBinaryPages, releaseBinaryPages } from '@flash-slim/native';
import {
  formatBytes,
  JsonPrefetchPlanLoader,
  type PlanRequest,
  type PrefetchPlan,
  parseBytes,
  planPrefetch,
} from '@flash-slim/plan';
import type { Context } from './context.ts';
import { usageError } from './errors.ts';
import { type EngineFlags, threadsOf } from './options.ts';
import { deviceProfile, type PreparedModel } from './prepare.ts';

/**
 * What still comes once tokens flow: constants that were given back and are needed after all, 1 MB of JavaScript's heap over
 * 2,000 tokens, and a readahead window of code that ran for the first time. test/budget holds the whole to it.
 */
const baselineGrowthBytes = 15_000_000;

export interface LoadedEngine {
  engine: Engine;
  plan: PrefetchPlan;
  report: LoadReport;
  budgetBytes: number;
  /** Process ready: before weights, KV and slots. */
  baselineBytes: number;
}

export interface LoadRequest {
  prepared: PreparedModel;
  flags: EngineFlags;
  maxTokensPerPass: number | null;
  maxLogitRows: number;
  activations: 'int8' | 'f32';
  /** With operator timing: where its trace goes, and what the ledger counts for it. */
  profilePrefix?: string;
  profileBytes?: number;
  /** Of adapters that are loaded next. */
  adapterBytes?: number;
}

export async function loadEngine(context: Context, request: LoadRequest): Promise<LoadedEngine> {
  const { prepared, flags } = request;
  // Before the engine is open: a child that measures must not find our memory beside its own.
  const device = await deviceProfile(context, flags.device);
  dropUnusedBinaryPages();
  const engine = await Engine.open(prepared.cache, { profilePrefix: request.profilePrefix ?? '' });
  try {
    releaseBinaryPages();
    const baselineBytes = residentSetBytes();
    const budgetBytes = budgetOf(flags);
    const plan = await planFor(request, device, budgetBytes, baselineBytes);
    dropUnusedBinaryPages();
    const { predicted_pass_ms_by_mode: predicted, ledger } = plan.metadata;
    const { experts } = prepared.cache.manifest.model.config;
    context.log(
      `plan (${plan.metadata.strategy}): ${formatBytes(ledger.resident_bytes)} of the weights stay, ` +
        `${experts ? 'at most ' : ''}${formatBytes(plan.metadata.streamed_bytes_per_pass)} are read each pass; it predicts ` +
        `${(1000 / predicted.DECODE).toFixed(1)} tokens/s`,
    );
    const report = await engine.load({
      plan,
      threads: threadsOf(flags),
      kernel: flags.kernel,
      reader: flags.reader,
      activations: request.activations,
      signal: context.signal,
      memory: flags.weightStreaming === 'off' ? undefined : watchMemory(context, prepared),
    });
    dropUnusedBinaryPages();
    if (plan.metadata.streamed_bytes_per_pass > 0)
      context.log(
        `kernel ${report.kernel}; reader ${report.reader}, ${report.direct ? 'O_DIRECT' : 'buffered (no O_DIRECT here)'}, ` +
          `${report.slotHugeBytes > 0 ? 'slots on huge pages' : 'slots on 4 KB pages'}` +
          `${report.residentBytes > 0 ? `; residents ${report.residentsLocked ? 'locked' : 'not locked'} in memory` : ''}`,
      );
    return { engine, plan, report, budgetBytes, baselineBytes };
  } catch (error) {
    await engine.close();
    throw error;
  }
}

/** For whoever lowers this process's memory limit while it runs. */
function watchMemory(context: Context, { cmt }: PreparedModel): MemoryWatch {
  const limit = new MemoryLimit();
  return {
    limitBytes: () => limit.bytes(),
    replan: (budgetBytes, current) => {
      const plan = planForBudget(cmt, current, budgetBytes);
      context.log(
        `the memory limit fell to ${formatBytes(budgetBytes)}: ${formatBytes(plan.metadata.ledger.resident_bytes)} of the weights ` +
          `stay, ${formatBytes(plan.metadata.streamed_bytes_per_pass)} are read each pass`,
      );
      return plan;
    },
  };
}

function budgetOf(flags: EngineFlags): number {
  const facts = deviceFacts();
  if (flags.weightStreaming === 'off') return facts.memoryTotalBytes;
  if (flags.memoryBudget !== undefined) return parseBytes(flags.memoryBudget);
  return facts.memoryLimitBytes ?? Math.floor(facts.memoryTotalBytes * 0.8);
}

async function planFor(
  request: LoadRequest,
  device: PlanRequest['device'],
  budgetBytes: number,
  baselineBytes: number,
): Promise<PrefetchPlan> {
  const { flags, prepared } = request;
  if (flags.plan !== undefined) {
    if (flags.memoryBudget !== undefined) throw usageError('--plan has its own budget: leave --memory-budget away');
    return new JsonPrefetchPlanLoader().loadFromFile(flags.plan, prepared.cmt);
  }
  return planPrefetch({
    cmt: prepared.cmt,
    device,
    memoryBudgetBytes: budgetBytes,
    contextLength: flags.contextLength,
    kvType: flags.kvType,
    strategy: 'auto',
    threads: threadsOf(flags),
    maxSequences: 1,
    maxTokensPerPass: request.maxTokensPerPass,
    maxLogitRows: request.maxLogitRows,
    baselineBytes: baselineBytes + baselineGrowthBytes + (request.profileBytes ?? 0),
    adapterBytes: request.adapterBytes ?? 0,
  });
}
