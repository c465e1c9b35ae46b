// The planner: (CMT, device profile, memory budget, workload) -> prefetch plan. Pure: no I/O, no clock, no randomness.
import type { Mode } from '@flash-slim/cmt';
import { checkDeviceProfile } from './device-profile.ts';
import { PlanError } from './error.ts';
import { belowFloor } from './floor.ts';
import { composeCrc32c } from './groups.ts';
import { reserveBytes, slotMemoryBytes } from './ledger.ts';
import { type Outline, rateOf } from './outline.ts';
import { activationsOf, fixedBytes, kvOf, logitRowsOf, type Problem, readProblem } from './problem.ts';
import { type Choices, chooseFor, rechunk, resident, residentPoolBytes, simple } from './strategies.ts';
import type { BudgetLedger, PlanGroup, PlanRequest, PrefetchPlan } from './types.ts';

/**
 * The plan for a checked CMT (as loadCmt returns it). `auto` takes the strategy with the least predicted time per token
 * generated. Throws BudgetBelowFloorError where no plan fits, PlanError PLAN_REQUEST_INVALID or DEVICE_PROFILE_INVALID.
 */
export function planPrefetch(request: PlanRequest): PrefetchPlan {
  checkRequest(request);
  const problem = readProblem(request);
  const choices = chooseFor(problem);
  const outline = bestOutline(problem, choices);
  if (outline === null) throw belowFloor(problem, choices);
  const groups = placeGroups(outline, rateOf(problem, outline.slotBytes, outline.slotCount));
  const streamed = groups.filter((group) => !group.resident);
  const slotSize = streamed.reduce((most, group) => Math.max(most, group.aligned_size), 0);
  const { metadata } = request.cmt;
  return {
    metadata: {
      version: '1.0',
      model: metadata.model,
      model_digest: metadata.model_digest,
      weight_cache_digest: metadata.weight_cache_digest,
      strategy: outline.strategy,
      context_length: request.contextLength,
      kv_type: request.kvType,
      max_sequences: request.maxSequences,
      max_tokens_per_pass: outline.tokensPerPass,
      max_logit_rows: logitRowsOf(problem, outline.tokensPerPass),
      threads: request.threads,
      head_weights_id: problem.headWeightsId,
      slot_count: outline.slotCount,
      slot_size: slotSize,
      weights_bytes: problem.weightsBytes,
      streamed_bytes_per_pass: streamed.reduce((sum, group) => sum + group.aligned_size, 0),
      predicted_pass_ms_by_mode: {
        PREFILL: milliseconds(outline.predictedMs.PREFILL),
        DECODE: milliseconds(outline.predictedMs.DECODE),
      },
      ledger: ledgerOf(problem, outline, slotSize),
      device: request.device,
    },
    groups,
  };
}

function bestOutline(problem: Problem, choices: Choices): Outline | null {
  switch (problem.request.strategy) {
    case 'simple':
      return simple(problem, choices);
    case 'rechunk':
      return rechunk(problem, choices);
    case 'resident':
      return resident(problem, choices);
    case 'auto': {
      // In order of preference where predictions are equal.
      const outlines = [resident, rechunk, simple].map((strategy) => strategy(problem, choices));
      return outlines.reduce((a, b) => (a === null || (b !== null && isFaster(b, a)) ? b : a), null);
    }
  }
}

function isFaster(a: Outline, b: Outline): boolean {
  const prefillMs = (o: Outline): number => o.predictedMs.PREFILL / o.tokensPerPass;
  const byDecode = a.predictedMs.DECODE - b.predictedMs.DECODE;
  return byDecode === 0 ? prefillMs(a) < prefillMs(b) : byDecode < 0;
}

function placeGroups({ groups, resident: kept, slotCount }: Outline, bytesPerSecond: number): PlanGroup[] {
  let streamed = 0;
  return groups.map(({ chunk: { units }, unitBegin, unitEnd, ...cut }, i) => {
    const stays = kept[i] as boolean;
    return {
      io_order: i,
      weights_id: units.weights_id,
      row_block_begin: unitBegin * units.unit_row_blocks,
      row_block_end: Math.min(unitEnd * units.unit_row_blocks, units.row_blocks),
      aligned_offset: cut.alignedOffset,
      aligned_size: cut.alignedSize,
      offset_adjust: cut.offsetAdjust,
      size: cut.size,
      resident: stays,
      managed_buffer_index: stays ? -1 : streamed++ % slotCount,
      estimated_io_time_ms: stays ? 0 : milliseconds((cut.alignedSize / bytesPerSecond) * 1000),
      crc32c: composeCrc32c(units, unitBegin, unitEnd),
    };
  });
}

function ledgerOf(problem: Problem, outline: Outline, slotSize: number): BudgetLedger {
  const { request } = problem;
  const budget = request.memoryBudgetBytes;
  const activations = activationsOf(problem, outline.tokensPerPass);
  const slots = slotMemoryBytes(outline.slotCount, slotSize);
  const residents = residentPoolBytes(outline.groups, outline.resident);
  const reserve = reserveBytes(budget);
  return {
    budget_bytes: budget,
    baseline_bytes: request.baselineBytes,
    tokenizer_bytes: request.cmt.metadata.tokenizer_bytes,
    kv_bytes: kvOf(problem),
    activation_bytes: activations,
    ...(request.adapterBytes ? { adapter_bytes: request.adapterBytes } : {}),
    slot_bytes: slots,
    resident_bytes: residents,
    reserve_bytes: reserve,
    unused_bytes: budget - fixedBytes(problem) - activations - slots - residents - reserve,
  };
}

/** Microseconds are enough; monotone, so that rounding keeps "never slower". */
function milliseconds(value: number): number {
  return Math.round(value * 1000) / 1000;
}

const limits: [keyof PlanRequest, number, number][] = [
  ['memoryBudgetBytes', 1, Number.MAX_SAFE_INTEGER],
  ['contextLength', 1, 2 ** 24],
  ['threads', 1, 4096],
  ['maxSequences', 1, 65536],
  ['maxLogitRows', 1, 2 ** 20],
  ['baselineBytes', 0, Number.MAX_SAFE_INTEGER],
];

function checkRequest(request: PlanRequest): void {
  const refuse = (field: string, value: unknown, must: string): never => {
    throw new PlanError('PLAN_REQUEST_INVALID', `/${field}`, `is ${value}, must be ${must}`);
  };
  for (const [field, least, most] of limits) {
    const value = request[field] as number;
    if (!Number.isSafeInteger(value) || value < least || value > most) {
      refuse(field, value, `a whole number from ${least} to ${most}`);
    }
  }
  const tokens = request.maxTokensPerPass;
  if (tokens !== null && (!Number.isSafeInteger(tokens) || tokens < request.maxSequences || tokens > 2 ** 20)) {
    refuse(
      'maxTokensPerPass',
      tokens,
      `null or a whole number from maxSequences (${request.maxSequences}) to ${2 ** 20}`,
    );
  }
  if (!['f16', 'f32'].includes(request.kvType)) refuse('kvType', request.kvType, 'f16 or f32');
  if (!['simple', 'rechunk', 'resident', 'auto'].includes(request.strategy)) {
    refuse('strategy', request.strategy, 'simple, rechunk, resident or auto');
  }
  const { adapterBytes = 0 } = request;
  if (!Number.isSafeInteger(adapterBytes) || adapterBytes < 0)
    refuse('adapterBytes', adapterBytes, 'a number of bytes');
  checkDeviceProfile(request.device);
  const modes: Mode[] = ['PREFILL', 'DECODE'];
  for (const mode of modes) {
    if (!request.cmt.weight_chunks[mode].some((row) => row.op === 'StreamMatMul')) {
      refuse(
        `cmt/weight_chunks/${mode}`,
        'without a streamed product',
        'the record of a whole pass; run `flash-slim profile` again',
      );
    }
  }
}
