// The strategies, each a pure function of the problem; null where the budget is below the strategy's floor.
//
// More budget is never slower, in either mode, by construction: the ring of slots and the tokens per pass are chosen
// without regard to the budget, and a budget that does not hold them steps down a fixed ladder (fewer tokens a pass, then
// fewer slots), on which nothing is resident. Above the ladder, residents are a prefix of one fixed order. Every step
// up thus only adds tokens, slots or residents, and predict.ts is monotone in each. Docs: adr/0003-planner.md.
import { cutGroups, type GroupCut, ofExperts } from './groups.ts';
import { hugePageBytes, roundUp, slotMemoryBytes } from './ledger.ts';
import { finishOutline, type Outline } from './outline.ts';
import { activationsOf, type Problem, roomForWeights } from './problem.ts';
import { residencyOrder } from './residency.ts';
import { chooseRing, fewestSlots, type Ring } from './ring.ts';
import { tokensPerPassChoices } from './tokens-per-pass.ts';

/** Shared by the strategies of one request. */
export interface Choices {
  ring: Ring;
  /** Best first. */
  tokens: number[];
}

export function chooseFor(problem: Problem): Choices {
  return { ring: chooseRing(problem), tokens: tokensPerPassChoices(problem) };
}

export function largestRead(groups: readonly GroupCut[]): number {
  return groups.reduce((most, group) => Math.max(most, group.alignedSize), 0);
}

/** Bytes of residents, as their page-aligned reads lie in memory, rounded up to whole huge pages. */
export function residentPoolBytes(groups: readonly GroupCut[], resident: readonly boolean[]): number {
  return roundUp(
    groups.reduce((sum, group, i) => (resident[i] ? sum + group.alignedSize : sum), 0),
    hugePageBytes,
  );
}

/** Steps down from the ring and tokens that are best, for budgets that do not hold them. */
export function ladder({ ring, tokens }: Choices): { tokensPerPass: number; slotCount: number }[] {
  const steps = tokens.map((tokensPerPass) => ({ tokensPerPass, slotCount: ring.slotCount }));
  const least = tokens.at(-1) as number;
  for (let slotCount = ring.slotCount - 1; slotCount >= fewestSlots; slotCount--) {
    steps.push({ tokensPerPass: least, slotCount });
  }
  return steps;
}

/** Even groups through several slots, nothing kept. */
export function rechunk(problem: Problem, choices: Choices): Outline | null {
  const { groups, slotBytes } = choices.ring;
  const step = ladder(choices).find((s) =>
    fits(problem, s.tokensPerPass, slotMemoryBytes(s.slotCount, largestRead(groups))),
  );
  if (step === undefined) return null;
  return finishOutline(problem, { strategy: 'rechunk', groups, resident: groups.map(() => false), slotBytes, ...step });
}

/** What fits stays in memory, spread over the pass; the rest is streamed as by `rechunk`. */
export function resident(problem: Problem, choices: Choices): Outline | null {
  const { ring, tokens } = choices;
  const { groups } = ring;
  const all = groups.map(() => true);
  const allBytes = residentPoolBytes(groups, all);
  const everything = (tokensPerPass: number): Outline =>
    finishOutline(problem, { strategy: 'resident', groups, resident: all, slotBytes: 0, slotCount: 0, tokensPerPass });
  const most = tokens[0] as number;
  if (fits(problem, most, allBytes)) return everything(most);

  const slots = slotMemoryBytes(ring.slotCount, largestRead(groups));
  const atLeast = allBytes + activationsOf(problem, tokens.at(-1) as number);
  if (atLeast <= slots + activationsOf(problem, most)) {
    // A model no larger than the ring: whole with fewer tokens a pass is better than streamed.
    const fewer = tokens.find((tokensPerPass) => fits(problem, tokensPerPass, allBytes));
    if (fewer !== undefined) return everything(fewer);
  }
  const streamed = rechunk(problem, choices);
  if (streamed === null) return null;
  const full = streamed.slotCount === ring.slotCount && streamed.tokensPerPass === most;
  if (!full) return { ...streamed, strategy: 'resident' };
  const order = inOrderOfPreference(groups);
  const kept = groups.map(() => false);
  for (const index of order.slice(0, mostResidents(groups, order, ring.slotCount, roomForWeights(problem, most))))
    kept[index] = true;
  return finishOutline(problem, { ...streamed, strategy: 'resident', resident: kept });
}

/**
 * How many of `order` fit beside the slots that the rest is read through: where large groups stay, slots are smaller. What
 * fits in less room fits in more, so that the count never falls.
 */
function mostResidents(groups: readonly GroupCut[], order: number[], slotCount: number, room: number): number {
  const sizes = order.map((index) => (groups[index] as GroupCut).alignedSize);
  let residents = sizes.reduce((sum, size) => sum + size, 0);
  let largestStreamed = 0;
  for (let count = sizes.length - 1; count > 0; count--) {
    const size = sizes[count] as number;
    residents -= size;
    largestStreamed = Math.max(largestStreamed, size);
    if (roundUp(residents, hugePageBytes) + slotMemoryBytes(slotCount, largestStreamed) <= room) return count;
  }
  return 0;
}

/** What every pass reads first, then experts, which only some do. */
function inOrderOfPreference(groups: readonly GroupCut[]): number[] {
  return [false, true].flatMap((experts) => {
    const indices = groups.flatMap((group, i) => (ofExperts(group) === experts ? [i] : []));
    const order = residencyOrder(indices.map((i) => (groups[i] as GroupCut).alignedSize));
    return order.map((at) => indices[at] as number);
  });
}

const smallestSimpleSlot = 512 * 1024;

/** Two slots, A and B, chunk after chunk in pieces as large as the slot. The classic double buffer, to compare with. */
export function simple(problem: Problem, { tokens }: Choices): Outline | null {
  const wholeChunk = wholeChunkBytes(problem);
  const outline = (slotBytes: number, tokensPerPass: number): Outline | null => {
    const groups = cutGroups(problem.chunks, slotBytes, 'full');
    if (!fits(problem, tokensPerPass, slotMemoryBytes(2, largestRead(groups)))) return null;
    const none = groups.map(() => false);
    return finishOutline(problem, {
      strategy: 'simple',
      groups,
      resident: none,
      slotBytes,
      slotCount: 2,
      tokensPerPass,
    });
  };
  const most = tokens[0] as number;
  let best: Outline | null = null;
  for (const slotBytes of simpleSlotSizes(wholeChunk)) {
    const larger = outline(slotBytes, most);
    // Larger slots only where they help in both modes: then what a larger budget chooses is never slower.
    if (larger !== null && (best === null || notSlower(larger, best))) best = larger;
  }
  if (best !== null) return best;
  const smallest = simpleSlotSizes(wholeChunk)[0] as number;
  for (const tokensPerPass of tokens) best ??= outline(smallest, tokensPerPass);
  return best;
}

/** The largest chunk but for the head, which is many times larger than the others. */
export function wholeChunkBytes({ chunks }: Problem): number {
  const bodies = chunks.filter((chunk) => !chunk.units.head);
  return (bodies.length > 0 ? bodies : chunks).reduce((most, chunk) => Math.max(most, chunk.row.aligned_size), 0);
}

export function simpleSlotSizes(wholeChunk: number): number[] {
  const sizes: number[] = [];
  for (let size = smallestSimpleSlot; size < wholeChunk; size *= 2) sizes.push(size);
  return [...sizes, wholeChunk];
}

function notSlower(a: Outline, b: Outline): boolean {
  return a.predictedMs.DECODE <= b.predictedMs.DECODE && a.predictedMs.PREFILL <= b.predictedMs.PREFILL;
}

function fits(problem: Problem, tokensPerPass: number, weightBytes: number): boolean {
  return weightBytes <= roomForWeights(problem, tokensPerPass);
}
