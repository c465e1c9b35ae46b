// What the schema cannot say: fields of a plan that contradict each other, or the CMT it was made from.
import {
  type ChunkMetadataTable,
  type CmtRow,
  type CmtUnits,
  findViolation,
  pageBytes,
  type Validator,
} from '@flash-slim/cmt';
import { PlanError } from './error.ts';
import { validate } from './generated/validate-plan.ts';
import { composeCrc32c } from './groups.ts';
import { hugePageBytes, roundUp, slotMemoryBytes } from './ledger.ts';
import type { BudgetLedger, PlanGroup, PrefetchPlan } from './types.ts';

/** The plan that `value` is, taken for itself. Throws PlanError PLAN_INVALID with the path of the first offending field. */
export function checkPlan(value: unknown): PrefetchPlan {
  const violation = findViolation(validate as Validator, value);
  if (violation !== null) refuse(violation.path, violation.message);
  const plan = value as PrefetchPlan;
  checkGroups(plan);
  checkSlots(plan);
  checkLedger(plan);
  return plan;
}

/**
 * Holds a checked plan against the CMT of the weights that are to be run. Throws PLAN_STALE where it was made for another
 * model or weight cache, PLAN_INVALID where its groups are not a cut of the CMT's chunks.
 */
export function checkPlanAgainst(plan: PrefetchPlan, cmt: ChunkMetadataTable): void {
  for (const field of ['model_digest', 'weight_cache_digest'] as const) {
    const [planned, current] = [plan.metadata[field], cmt.metadata[field]];
    if (planned !== current) {
      const message = `the plan is for ${planned}, the weights are ${current}; run \`flash-slim plan\` again`;
      throw new PlanError('PLAN_STALE', `/metadata/${field}`, message);
    }
  }
  const units = new Map(cmt.units.map((chunk) => [chunk.weights_id, chunk]));
  const head = cmt.units.find((chunk) => chunk.head)?.weights_id ?? null;
  expectEqual('/metadata/head_weights_id', plan.metadata.head_weights_id, head, 'as in the CMT');
  let index = 0;
  let weights = 0;
  for (const row of cmt.weight_chunks.DECODE) {
    if (row.op !== 'StreamMatMul') continue;
    index = checkCover(plan.groups, index, row, units.get(row.weights_id) as CmtUnits);
    weights += row.origin_size;
  }
  if (index < plan.groups.length) refuse(`/groups/${index}/weights_id`, 'comes after the last chunk of the CMT');
  expectEqual(
    '/metadata/weights_bytes',
    plan.metadata.weights_bytes,
    weights,
    'bytes of the streamed chunks of the CMT',
  );
}

function refuse(path: string, message: string): never {
  throw new PlanError('PLAN_INVALID', path, `${message}; run \`flash-slim plan\` again`);
}

function expectEqual(path: string, found: unknown, expected: unknown, why: string): void {
  if (found !== expected) refuse(path, `is ${found}, must be ${expected} (${why})`);
}

/** Every group for itself, and each chunk's groups end to end. */
function checkGroups({ metadata, groups }: PrefetchPlan): void {
  if (groups.length === 0) refuse('/groups', 'is empty');
  const closed = new Set<number>();
  let before: PlanGroup | undefined;
  groups.forEach((group, i) => {
    const at = `/groups/${i}`;
    expectEqual(`${at}/io_order`, group.io_order, i, 'groups are listed in order of use');
    if (group.row_block_end <= group.row_block_begin) {
      refuse(`${at}/row_block_end`, `is ${group.row_block_end}, not above row_block_begin ${group.row_block_begin}`);
    }
    const begin = group.aligned_offset + group.offset_adjust;
    const end = begin + group.size;
    if (end > Number.MAX_SAFE_INTEGER) refuse(`${at}/size`, `${group.size} bytes at ${begin} end past any file`);
    const pages = Math.ceil(end / pageBytes) * pageBytes - group.aligned_offset;
    expectEqual(`${at}/aligned_size`, group.aligned_size, pages, 'pages that the group touches');
    if (before?.weights_id === group.weights_id) {
      expectEqual(
        `${at}/row_block_begin`,
        group.row_block_begin,
        before.row_block_end,
        "where the chunk's group before ends",
      );
      const expected = before.aligned_offset + before.offset_adjust + before.size;
      expectEqual(`${at}/offset_adjust`, begin, expected, "the chunk's group before ends there");
    } else {
      if (before !== undefined) closed.add(before.weights_id);
      if (closed.has(group.weights_id))
        refuse(`${at}/weights_id`, `${group.weights_id} is used a second time in one pass`);
      expectEqual(`${at}/row_block_begin`, group.row_block_begin, 0, 'the first group of its chunk');
    }
    before = group;
  });
  checkOverlap(groups);
  const head = metadata.head_weights_id;
  if (head !== null)
    expectEqual('/metadata/head_weights_id', head, before?.weights_id, 'the head is the last chunk of a pass');
}

function checkOverlap(groups: PlanGroup[]): void {
  const begin = (group: PlanGroup): number => group.aligned_offset + group.offset_adjust;
  const byOffset = [...groups].sort((a, b) => begin(a) - begin(b));
  for (let i = 1; i < byOffset.length; i++) {
    const [before, group] = [byOffset[i - 1] as PlanGroup, byOffset[i] as PlanGroup];
    if (begin(group) < begin(before) + before.size) {
      refuse(`/groups/${group.io_order}/aligned_offset`, `its bytes overlap those of group ${before.io_order}`);
    }
  }
}

function checkSlots({ metadata, groups }: PrefetchPlan): void {
  const { slot_count: slotCount, slot_size: slotSize } = metadata;
  let streamed = 0;
  let largest = 0;
  let bytes = 0;
  let weights = 0;
  groups.forEach((group, i) => {
    const at = `/groups/${i}`;
    weights += group.size;
    if (group.resident) {
      expectEqual(`${at}/managed_buffer_index`, group.managed_buffer_index, -1, 'a resident has no slot');
      expectEqual(`${at}/estimated_io_time_ms`, group.estimated_io_time_ms, 0, 'a resident is not read again');
      return;
    }
    if (slotCount === 0) refuse(`${at}/resident`, 'is false, but the plan has no slots');
    const slot = streamed++ % slotCount;
    expectEqual(
      `${at}/managed_buffer_index`,
      group.managed_buffer_index,
      slot,
      'position among the streamed groups modulo slot_count',
    );
    if (group.aligned_size > slotSize)
      refuse(`${at}/aligned_size`, `is ${group.aligned_size}, larger than a slot (${slotSize})`);
    largest = Math.max(largest, group.aligned_size);
    bytes += group.aligned_size;
  });
  if (streamed === 0) expectEqual('/metadata/slot_count', slotCount, 0, 'everything is resident');
  if (slotCount === 1) refuse('/metadata/slot_count', 'is 1: reading and computing need at least two slots');
  expectEqual('/metadata/slot_size', slotSize, largest, 'largest read of a streamed group');
  expectEqual(
    '/metadata/streamed_bytes_per_pass',
    metadata.streamed_bytes_per_pass,
    bytes,
    'sum of aligned_size over streamed groups',
  );
  expectEqual('/metadata/weights_bytes', metadata.weights_bytes, weights, 'sum of size over all groups');
}

function checkLedger({ metadata, groups }: PrefetchPlan): void {
  const { budget_bytes: budget, ...parts }: BudgetLedger = metadata.ledger;
  const residents = groups.reduce((sum, group) => (group.resident ? sum + group.aligned_size : sum), 0);
  const at = '/metadata/ledger';
  expectEqual(
    `${at}/resident_bytes`,
    parts.resident_bytes,
    roundUp(residents, hugePageBytes),
    'aligned_size of the residents in whole huge pages',
  );
  const slots = slotMemoryBytes(metadata.slot_count, metadata.slot_size);
  expectEqual(`${at}/slot_bytes`, parts.slot_bytes, slots, 'slot_count * slot_size in whole huge pages');
  const sum = Object.values(parts).reduce((total, part) => total + part, 0);
  expectEqual(`${at}/budget_bytes`, budget, sum, 'sum of the parts');
}

/** The groups of one chunk, from `first` on: returns the index after its last. */
function checkCover(groups: PlanGroup[], first: number, row: CmtRow, units: CmtUnits): number {
  let index = first;
  let covered = 0;
  while (covered < units.row_blocks) {
    const group = groups[index];
    const at = `/groups/${index}`;
    if (group === undefined)
      refuse('/groups', `end before chunk ${row.weights_id} is covered (${covered} of ${units.row_blocks} row blocks)`);
    if (group.weights_id !== row.weights_id) {
      const message = `is ${group.weights_id}, but chunk ${row.weights_id} is covered only to row block ${covered} of ${units.row_blocks}`;
      refuse(`${at}/weights_id`, message);
    }
    expectEqual(`${at}/row_block_begin`, group.row_block_begin, covered, "where the chunk's group before ends");
    const end = group.row_block_end;
    if (end > units.row_blocks)
      refuse(`${at}/row_block_end`, `is ${end}, past the chunk's ${units.row_blocks} row blocks`);
    if (end % units.unit_row_blocks !== 0 && end !== units.row_blocks) {
      const what = units.paired && end % 2 !== 0 ? 'parts a gate from its up' : 'lies within a checksum unit';
      refuse(`${at}/row_block_end`, `is ${end}, which ${what} (units of ${units.unit_row_blocks} row blocks)`);
    }
    const ofExpert = units.row_blocks / (units.experts ?? 1);
    if (Math.floor(covered / ofExpert) !== Math.floor((end - 1) / ofExpert))
      refuse(`${at}/row_block_end`, `is ${end}, past its expert's row blocks (${ofExpert} of each)`);
    const begin = row.origin_offset + covered * units.row_block_bytes;
    const aligned = Math.floor(begin / pageBytes) * pageBytes;
    expectEqual(`${at}/aligned_offset`, group.aligned_offset, aligned, 'where its row blocks lie in the weight cache');
    expectEqual(
      `${at}/offset_adjust`,
      group.offset_adjust,
      begin - aligned,
      'where its row blocks lie in the weight cache',
    );
    expectEqual(`${at}/size`, group.size, (end - covered) * units.row_block_bytes, 'row blocks * row_block_bytes');
    const firstUnit = covered / units.unit_row_blocks;
    const sum = composeCrc32c(units, firstUnit, Math.ceil(end / units.unit_row_blocks));
    expectEqual(`${at}/crc32c`, group.crc32c, sum, "composed of the CMT's unit sums");
    covered = end;
    index++;
  }
  return index;
}
