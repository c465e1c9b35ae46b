// A child process of its own: times passes of several numbers of tokens under a plan that keeps a share of the weights in
// memory, or (resident) under the same plan's groups all kept. One JSON object on stdout.
//   node bench/pass-times.ts '{"model": ..., "resident": false, ...}'   (fields: PassTimesRequest)
import { dirname, join } from 'node:path';
import { loadCmt } from '@flash-slim/cmt';
import { Engine } from '@flash-slim/engine';
import { BudgetBelowFloorError, loadDeviceProfile, type PrefetchPlan, planPrefetch } from '@flash-slim/plan';
import { cacheKey, openWeightCache, weightCachePath } from '@flash-slim/weight-cache';
import { median } from './harness/programs.ts';

export interface PassTimesRequest {
  model: string;
  /** The local store, where the model's weight cache is. */
  store: string;
  deviceProfile: string;
  threads: number;
  tokensPerPass: number[];
  residentShare: number;
  contextLength: number;
  passes: number;
  /** Every group in memory: computing alone. */
  resident: boolean;
}

export interface PassTimesReport {
  kernel: string;
  reader: string;
  resident_bytes: number;
  weights_bytes: number;
  slot_bytes: number;
  passes: { tokens: number; wall_ms: number; stall_ms: number; bytes_read: number }[];
}

const warmUpPasses = 2;

async function measure(request: PassTimesRequest): Promise<PassTimesReport> {
  const path = weightCachePath(request.store, await cacheKey(request.model));
  const cache = await openWeightCache(path);
  const cmt = await loadCmt(join(dirname(path), 'weight_chunks_metadata_table.json'));
  const device = await loadDeviceProfile(request.deviceProfile);
  const partial = planOfShare(request, cmt, device);
  const plan = request.resident ? allResident(partial) : partial;
  const engine = await Engine.open(cache);
  try {
    const load = await engine.load({ plan, threads: request.threads });
    const passes: PassTimesReport['passes'] = [];
    for (const tokens of request.tokensPerPass) passes.push(await timePasses(engine, tokens, request.passes));
    return {
      kernel: load.kernel,
      reader: load.reader,
      resident_bytes: load.residentBytes,
      weights_bytes: plan.metadata.weights_bytes,
      slot_bytes: plan.metadata.ledger.slot_bytes,
      passes,
    };
  } finally {
    await engine.close();
  }
}

type Cmt = Awaited<ReturnType<typeof loadCmt>>;
type Device = Awaited<ReturnType<typeof loadDeviceProfile>>;

/** The plan of the least budget that keeps the share: found by halving, since more budget never keeps less. */
function planOfShare(request: PassTimesRequest, cmt: Cmt, device: Device): PrefetchPlan {
  const planFor = (memoryBudgetBytes: number): PrefetchPlan | null => {
    try {
      return planPrefetch({
        cmt,
        device,
        memoryBudgetBytes,
        contextLength: request.contextLength,
        kvType: 'f16',
        strategy: 'resident',
        threads: request.threads,
        maxSequences: 1,
        maxTokensPerPass: Math.max(...request.tokensPerPass),
        maxLogitRows: 1,
        baselineBytes: 0,
      });
    } catch (error) {
      if (error instanceof BudgetBelowFloorError) return null;
      throw error;
    }
  };
  let low = 1;
  let high = 2 ** 40;
  let plan = planFor(high);
  if (plan === null) throw new Error('no plan fits in a budget of 1 TB');
  while (high - low > 1 << 20) {
    const middle = Math.floor((low + high) / 2);
    const tried = planFor(middle);
    const kept = tried?.groups.reduce((sum, group) => sum + (group.resident ? group.size : 0), 0) ?? -1;
    if (tried !== null && kept >= request.residentShare * tried.metadata.weights_bytes) {
      plan = tried;
      high = middle;
    } else low = middle;
  }
  return plan;
}

function allResident(plan: PrefetchPlan): PrefetchPlan {
  return {
    metadata: { ...plan.metadata, slot_count: 0, slot_size: 0, streamed_bytes_per_pass: 0 },
    groups: plan.groups.map((group) => ({ ...group, resident: true, managed_buffer_index: -1 })),
  };
}

/** Medians over passes that each start an empty sequence and want the logits of their last token. */
async function timePasses(engine: Engine, tokens: number, count: number): Promise<PassTimesReport['passes'][number]> {
  const sequence = await engine.allocateKvCache();
  const wallMs: number[] = [];
  const stallMs: number[] = [];
  let bytesRead = 0;
  try {
    for (let pass = 0; pass < warmUpPasses + count; pass++) {
      const part = { sequence, tokens: Array.from({ length: tokens }, (_, i) => 100 + i) };
      const result = await engine.pass([part], [tokens - 1], [], false);
      await engine.truncateSequence(sequence, 0);
      if (pass < warmUpPasses) continue;
      wallMs.push(result.wallNs / 1e6);
      stallMs.push(result.stallNs / 1e6);
      bytesRead = result.bytesRead;
    }
  } finally {
    await engine.freeSequence(sequence);
  }
  return { tokens, wall_ms: median(wallMs) ?? 0, stall_ms: median(stallMs) ?? 0, bytes_read: bytesRead };
}

const argument = process.argv[2];
if (argument === undefined) throw new Error('one argument: the request as JSON');
process.stdout.write(`${JSON.stringify(await measure(JSON.parse(argument) as PassTimesRequest))}\n`);
