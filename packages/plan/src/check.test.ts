import assert from 'node:assert/strict';
import test from 'node:test';
import type { ChunkMetadataTable, CmtUnits } from '@flash-slim/cmt';
import { checkPlan, checkPlanAgainst, PlanError, planPrefetch } from './index.ts';
import { goldenRequest } from './testing.ts';
import type { PlanGroup, PrefetchPlan } from './types.ts';

const good = JSON.stringify(planPrefetch(goldenRequest()));
const cmtText = JSON.stringify(goldenRequest().cmt);
const parse = (): PrefetchPlan => JSON.parse(good);
const at = (plan: PrefetchPlan, i: number): PlanGroup => plan.groups[i] as PlanGroup;
const streamedIndex = parse().groups.findIndex((group) => !group.resident);
const residentIndex = parse().groups.findIndex((group) => group.resident);
const lastIndex = parse().groups.length - 1;

/** Cuts the groups so that the one before `i` ends `rowBlocks` later, and keeps every sum right. */
function moveBoundary(plan: PrefetchPlan, i: number, rowBlocks: number, rowBlockBytes: number): void {
  const [before, group] = [at(plan, i - 1), at(plan, i)];
  assert.equal(before.weights_id, group.weights_id);
  for (const [one, begin, end] of [
    [before, 0, rowBlocks],
    [group, rowBlocks, 0],
  ] as const) {
    const first = one.aligned_offset + one.offset_adjust + begin * rowBlockBytes;
    one.row_block_begin += begin;
    one.row_block_end += end;
    one.size += (end - begin) * rowBlockBytes;
    one.aligned_offset = Math.floor(first / 4096) * 4096;
    one.offset_adjust = first - one.aligned_offset;
    one.aligned_size = Math.ceil((first + one.size) / 4096) * 4096 - one.aligned_offset;
  }
  settle(plan);
}

/** Makes slots and ledger follow the groups again, so that only what a case breaks is wrong. */
function settle(plan: PrefetchPlan): void {
  const { metadata: m, groups } = plan;
  const up = (bytes: number) => Math.ceil(bytes / 2 ** 21) * 2 ** 21;
  const sum = (list: PlanGroup[]) => list.reduce((bytes, group) => bytes + group.aligned_size, 0);
  const streamed = groups.filter((group) => !group.resident);
  m.slot_size = Math.max(...streamed.map((group) => group.aligned_size));
  m.streamed_bytes_per_pass = sum(streamed);
  m.weights_bytes = groups.reduce((bytes, group) => bytes + group.size, 0);
  groups.forEach((group, i) => {
    group.io_order = i;
  });
  streamed.forEach((group, i) => {
    group.managed_buffer_index = i % m.slot_count;
  });
  m.ledger.slot_bytes = up(m.slot_count * m.slot_size);
  m.ledger.resident_bytes = up(sum(groups.filter((group) => group.resident)));
  const { budget_bytes: _, ...parts } = m.ledger;
  m.ledger.budget_bytes = Object.values(parts).reduce((a, b) => a + b, 0);
}

const inItself: [string, string, (plan: PrefetchPlan) => void][] = [
  ['unknown field', '/groups/2/comment', (p) => Object.assign(at(p, 2), { comment: '' })],
  [
    'unknown field of the ledger',
    '/metadata/ledger/other_bytes',
    (p) => Object.assign(p.metadata.ledger, { other_bytes: 0 }),
  ],
  ['missing field', '/groups/2/size', (p) => delete (at(p, 2) as Partial<PlanGroup>).size],
  [
    'missing device field',
    '/metadata/device/storage',
    (p) => delete (p.metadata.device as { storage?: unknown }).storage,
  ],
  ['auto is no strategy of a plan', '/metadata/strategy', (p) => Object.assign(p.metadata, { strategy: 'auto' })],
  ['another version', '/metadata/version', (p) => (p.metadata.version = '9')],
  ['kv type', '/metadata/kv_type', (p) => Object.assign(p.metadata, { kv_type: 'q8' })],
  ['no context', '/metadata/context_length', (p) => (p.metadata.context_length = 0)],
  ['slot size not a page', '/metadata/slot_size', (p) => (p.metadata.slot_size += 1)],
  ['absurd slot count', '/metadata/slot_count', (p) => (p.metadata.slot_count = 1e9)],
  ['negative unused', '/metadata/ledger/unused_bytes', (p) => (p.metadata.ledger.unused_bytes = -1)],
  ['fractional size', '/groups/1/size', (p) => (at(p, 1).size += 0.5)],
  ['offset beyond doubles', '/groups/1/aligned_offset', (p) => (at(p, 1).aligned_offset = 2 ** 60)],
  ['sum too short', '/groups/1/crc32c', (p) => (at(p, 1).crc32c = 'abc')],
  ['no groups', '/groups', (p) => (p.groups = [])],
  ['gap in io_order', '/groups/3/io_order', (p) => (at(p, 3).io_order = 4)],
  ['group taken out', '/groups/3/io_order', (p) => p.groups.splice(3, 1)],
  [
    'group twice',
    '/groups/4/row_block_begin',
    (p) => {
      p.groups.splice(4, 0, { ...at(p, 3) });
      settle(p);
    },
  ],
  ['empty run of row blocks', '/groups/1/row_block_end', (p) => (at(p, 1).row_block_end = at(p, 1).row_block_begin)],
  ['gap between row blocks', '/groups/1/row_block_begin', (p) => (at(p, 1).row_block_begin += 1)],
  ['chunk that starts late', '/groups/0/row_block_begin', (p) => (at(p, 0).row_block_begin = 1)],
  [
    'chunk used twice',
    `/groups/${lastIndex + 1}/weights_id`,
    (p) => {
      p.groups.push({ ...at(p, 0) });
      settle(p);
    },
  ],
  [
    'offset_adjust',
    '/groups/1/offset_adjust',
    (p) => {
      at(p, 1).offset_adjust += 8;
      at(p, 1).size -= 8;
    },
  ],
  ['read too short', '/groups/1/aligned_size', (p) => (at(p, 1).aligned_size -= 4096)],
  ['read too long', '/groups/1/aligned_size', (p) => (at(p, 1).aligned_size += 4096)],
  ['end past any file', '/groups/0/size', (p) => (at(p, 0).size = Number.MAX_SAFE_INTEGER)],
  [
    'bytes of another chunk',
    '/groups/2/aligned_offset',
    (p) => {
      const g = at(p, 2);
      g.aligned_offset = at(p, 0).aligned_offset;
      settle(p);
    },
  ],
  [
    'slot of a resident',
    `/groups/${residentIndex}/managed_buffer_index`,
    (p) => (at(p, residentIndex).managed_buffer_index = 0),
  ],
  [
    'reading time of a resident',
    `/groups/${residentIndex}/estimated_io_time_ms`,
    (p) => (at(p, residentIndex).estimated_io_time_ms = 1),
  ],
  [
    'wrong slot',
    `/groups/${streamedIndex}/managed_buffer_index`,
    (p) => (at(p, streamedIndex).managed_buffer_index = 1),
  ],
  ['streamed without slots', `/groups/${streamedIndex}/resident`, (p) => (p.metadata.slot_count = 0)],
  [
    'a single slot',
    '/metadata/slot_count',
    (p) => {
      p.metadata.slot_count = 1;
      settle(p);
    },
  ],
  [
    'slots without a stream',
    '/metadata/slot_count',
    (p) => p.groups.map((g) => Object.assign(g, { resident: true, managed_buffer_index: -1, estimated_io_time_ms: 0 })),
  ],
  ['slot larger than any read', '/metadata/slot_size', (p) => (p.metadata.slot_size += 4096)],
  ['streamed bytes', '/metadata/streamed_bytes_per_pass', (p) => (p.metadata.streamed_bytes_per_pass -= 4096)],
  ['weights bytes', '/metadata/weights_bytes', (p) => (p.metadata.weights_bytes += 1)],
  ['residents counted wrong', '/metadata/ledger/resident_bytes', (p) => (p.metadata.ledger.resident_bytes += 4096)],
  ['slots counted wrong', '/metadata/ledger/slot_bytes', (p) => (p.metadata.ledger.slot_bytes -= 4096)],
  ['sum above the budget', '/metadata/ledger/budget_bytes', (p) => (p.metadata.ledger.kv_bytes += 10e6)],
  ['sum below the budget', '/metadata/ledger/budget_bytes', (p) => (p.metadata.ledger.budget_bytes += 1)],
  ['head that is not last', '/metadata/head_weights_id', (p) => (p.metadata.head_weights_id = 2)],
];
for (const [what, path, breakIt] of inItself) {
  test(`refused in itself: ${what}`, () => {
    const plan = parse();
    breakIt(plan);
    assert.throws(() => checkPlan(plan), named('PLAN_INVALID', path));
  });
}

test('a slot too small for a read is refused at the read', () => {
  const plan = parse();
  plan.metadata.slot_size = 4096;
  assert.throws(() => checkPlan(plan), named('PLAN_INVALID', `/groups/${streamedIndex}/aligned_size`));
});

// Chunk 2 is gate_up: paired row blocks; groups of it lie side by side.
const pairedIndex = parse().groups.findIndex((group, i, all) => group.weights_id === 2 && all[i - 1]?.weights_id === 2);
const units = (cmt: ChunkMetadataTable, i: number): CmtUnits => cmt.units[i] as CmtUnits;

const againstCmt: [string, string, (plan: PrefetchPlan, cmt: ChunkMetadataTable) => void][] = [
  [
    'boundary that parts a gate from its up',
    `/groups/${pairedIndex - 1}/row_block_end`,
    (p, c) => moveBoundary(p, pairedIndex, -1, units(c, 2).row_block_bytes),
  ],
  [
    'boundary within a unit',
    `/groups/${pairedIndex - 1}/row_block_end`,
    (p, c) => moveBoundary(p, pairedIndex, 2, units(c, 2).row_block_bytes),
  ],
  ["sum that is not the units'", '/groups/3/crc32c', (p) => (at(p, 3).crc32c = '00000000')],
  [
    'chunk cut short',
    `/groups/${pairedIndex + 1}/weights_id`,
    (p) => {
      p.groups.splice(pairedIndex + 1, p.groups.filter((g) => g.weights_id === 2).length - 2);
      settle(p);
    },
  ],
  [
    'last chunk cut short',
    '/groups',
    (p) => {
      p.groups.pop();
      settle(p);
    },
  ],
  [
    'chunk left out',
    '/groups/0/weights_id',
    (p) => {
      p.groups = p.groups.filter((g) => g.weights_id !== 0);
      settle(p);
    },
  ],
  [
    'chunk too many',
    `/groups/${lastIndex + 1}/weights_id`,
    (p, c) => {
      // Without a head, which would have to be last.
      units(c, 8).head = false;
      p.metadata.head_weights_id = null;
      p.groups.push({ ...at(p, 0), weights_id: 50, aligned_offset: 2 ** 40 });
      settle(p);
    },
  ],
  [
    'row blocks past the end',
    `/groups/${lastIndex}/row_block_end`,
    (p) => {
      const g = at(p, lastIndex);
      g.row_block_end += 1;
    },
  ],
  [
    'offset in another place',
    '/groups/0/aligned_offset',
    (p) => {
      for (const g of p.groups) g.aligned_offset += 8192;
    },
  ],
  [
    "size that is not the row blocks'",
    `/groups/${lastIndex}/size`,
    (p) => {
      at(p, lastIndex).size -= 1;
      settle(p);
    },
  ],
  ['no head', '/metadata/head_weights_id', (p) => (p.metadata.head_weights_id = null)],
];
for (const [what, path, breakIt] of againstCmt) {
  test(`refused against the CMT: ${what}`, () => {
    const [plan, cmt] = [parse(), JSON.parse(cmtText) as ChunkMetadataTable];
    breakIt(plan, cmt);
    // Nothing but the CMT can tell.
    checkPlan(plan);
    assert.throws(() => checkPlanAgainst(plan, cmt), named('PLAN_INVALID', path));
  });
}

test('a plan for other weights is stale', () => {
  for (const field of ['model_digest', 'weight_cache_digest'] as const) {
    const cmt = JSON.parse(cmtText) as ChunkMetadataTable;
    cmt.metadata[field] = `sha256:${'f'.repeat(64)}`;
    assert.throws(() => checkPlanAgainst(parse(), cmt), named('PLAN_STALE', `/metadata/${field}`));
  }
});

function named(code: string, path: string): (error: PlanError) => boolean {
  return (error) => {
    assert.ok(error instanceof PlanError, String(error));
    assert.deepEqual([error.code, error.path], [code, path], error.message);
    assert.match(error.message, /run `flash-slim plan` again/);
    return true;
  };
}
