// A plan in the making: a cut into groups, who stays, and the time that follows.
import { type Mode, modes } from '@flash-slim/cmt';
import { type GroupCut, ofExperts } from './groups.ts';
import { type PassWork, predictPassMs, readRate } from './predict.ts';
import { type PassTimes, type Problem, passTimes } from './problem.ts';
import type { PrefetchPlan } from './types.ts';

export interface Outline {
  strategy: PrefetchPlan['metadata']['strategy'];
  groups: GroupCut[];
  /** By group. */
  resident: boolean[];
  /** 0 when everything is resident. */
  slotCount: number;
  /** What the groups were cut for; the plan's slots are as large as the largest streamed read. */
  slotBytes: number;
  tokensPerPass: number;
  predictedMs: Record<Mode, number>;
}

/** Submitting a read, reaping it and handing the slot round the compute threads: milliseconds per streamed group. */
const handoverMs = 0.01;
/** Rate at which crc32c is checked, bytes per second (three sums side by side on one core). */
const checksumRate = 15e9;

export function rateOf(problem: Problem, slotBytes: number, slotCount: number): number {
  // One slot is in use while the others fill.
  return readRate(problem.request.device, slotBytes, Math.max(1, slotCount - 1));
}

export function passWork(
  groups: readonly GroupCut[],
  resident: readonly boolean[],
  times: PassTimes,
  bytesPerSecond: number,
): PassWork {
  const count = groups.filter((group) => group.chunkIndex < times.chunkMs.length).length;
  const computeMs = new Float64Array(count);
  const readMs = new Float64Array(count);
  const waits = new Uint8Array(count);
  const betweenChunksMs = times.otherMs / times.chunkMs.length;
  for (let i = 0; i < count; i++) {
    const group = groups[i] as GroupCut;
    const { chunk, chunkIndex, unitBegin, size, alignedSize } = group;
    const share = size / chunk.row.origin_size;
    computeMs[i] = (times.chunkMs[chunkIndex] as number) * share + (unitBegin === 0 ? betweenChunksMs : 0);
    // A layer's experts are chosen together: gate_up's and down's.
    const before = groups[i - 1];
    waits[i] = Number(ofExperts(group) && before !== undefined && !ofExperts(before));
    if (resident[i]) continue;
    const read = ofExperts(group) ? times.expertShare : 1;
    computeMs[i] = (computeMs[i] as number) + read * (handoverMs + (alignedSize / checksumRate) * 1000);
    readMs[i] = read * (alignedSize / bytesPerSecond) * 1000;
  }
  return { computeMs, readMs, waits, count };
}

export function finishOutline(problem: Problem, draft: Omit<Outline, 'predictedMs'>): Outline {
  const { groups, resident, slotBytes, slotCount, tokensPerPass } = draft;
  const rate = rateOf(problem, slotBytes, slotCount);
  const predictedMs = { PREFILL: 0, DECODE: 0 };
  for (const mode of modes) {
    const times = passTimes(problem, mode, mode === 'DECODE' ? 1 : tokensPerPass);
    const work = passWork(groups, resident, times, rate);
    predictedMs[mode] = predictPassMs(work, slotCount, problem.request.device.storage.latency_ms);
  }
  return { ...draft, predictedMs };
}
