// How many slots of what size: enough that reading never waits for compute, and no more, since every byte of a slot is a
// byte less of residents. Chosen from model and device alone (see tokens-per-pass.ts).
import { cutGroups, type GroupCut } from './groups.ts';
import { slotMemoryBytes } from './ledger.ts';
import { passWork, rateOf } from './outline.ts';
import { type PassWork, predictPassMs } from './predict.ts';
import { computeMsOf, type Problem, passTimes } from './problem.ts';

export interface Ring {
  groups: GroupCut[];
  slotBytes: number;
  slotCount: number;
}

const KiB = 1024;
const slotSizes = [64 * KiB, 128 * KiB, 256 * KiB, 512 * KiB, 1024 * KiB, 2048 * KiB];
export const fewestSlots = 3;
const mostSlots = 16;
/**
 * As few as are chosen where memory allows. The simulation's device finishes one read after the other; a virtio disk finishes
 * all it was given at once, and 4 slots of 2 MB took 397 ms for a pass of 64 tokens where 7 took 356 and 10 took 336.
 */
const usualSlots = 8;
/** A choice this close to the best is as good: then the count nearest the usual one is taken. */
const indifference = 1.02;
/** So that there are groups to spread residents over. */
const leastGroups = 8;
/** More groups than this spread no better, and cost time to plan and to hand round. */
const mostGroups = 4096;
/**
 * What the simulation cannot know: compute threads are interrupted now and then, and reading must go on meanwhile. Two
 * milliseconds in every 25 stand for it here; predicted times leave it out.
 */
const pauseMs = 2;
const pauseEveryMs = 25;

export function chooseRing(problem: Problem): Ring {
  const times = passTimes(problem, 'DECODE', 1);
  const readMs = (problem.weightsBytes / problem.bestRate) * 1000;
  const pauses = Math.max(1, Math.round(Math.max(readMs, computeMsOf(times)) / pauseEveryMs));
  const choices: (Ring & { cost: number })[] = [];
  for (const slotBytes of slotSizesFor(problem.weightsBytes)) {
    const groups = cutGroups(problem.chunks, slotBytes, 'even');
    const none = groups.map(() => false);
    const largest = groups.reduce((most, group) => Math.max(most, group.alignedSize), 0);
    for (let slotCount = usualSlots; slotCount <= mostSlots; slotCount++) {
      const work = withPauses(passWork(groups, none, times, rateOf(problem, slotBytes, slotCount)), pauses);
      const passMs = predictPassMs(work, slotCount, problem.request.device.storage.latency_ms);
      // A slot's memory costs what reading as many bytes of would-be residents takes.
      const priceMs = (slotMemoryBytes(slotCount, largest) / problem.bestRate) * 1000;
      choices.push({ groups, slotBytes, slotCount, cost: passMs + priceMs });
    }
  }
  const best = Math.min(...choices.map((choice) => choice.cost));
  const good = choices.filter((choice) => choice.cost <= best * indifference);
  const far = (choice: Ring): number => Math.abs(choice.slotCount - usualSlots);
  const { groups, slotBytes, slotCount } = good.reduce((a, b) =>
    far(b) < far(a) || (far(b) === far(a) && b.cost < a.cost) ? b : a,
  );
  return { groups, slotBytes, slotCount };
}

function slotSizesFor(weightsBytes: number): number[] {
  const [smallest, largest] = [slotSizes[0] as number, slotSizes.at(-1) as number];
  const most = Math.max(smallest, weightsBytes / leastGroups);
  const least = Math.min(largest, weightsBytes / mostGroups);
  return slotSizes.filter((slotBytes) => slotBytes >= least && slotBytes <= most);
}

function withPauses(work: PassWork, pauses: number): PassWork {
  const computeMs = work.computeMs.slice();
  for (let k = 0; k < pauses; k++) {
    const i = Math.floor(((k + 0.5) * work.count) / pauses);
    computeMs[i] = (computeMs[i] as number) + pauseMs;
  }
  return { ...work, computeMs };
}
