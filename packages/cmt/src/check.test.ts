import assert from 'node:assert/strict';
import test from 'node:test';
import { checkCmt } from './check.ts';
import { CmtError } from './error.ts';
import { shapes, syntheticCmt } from './testing.ts';
import type { ChunkMetadataTable, CmtRow, CmtUnits } from './types.ts';

const shape = shapes['SmolLM2-135M'];
const small = { ...shape, config: { ...shape.config, layers: 2, vocabularySize: 1024 } };
const good = JSON.stringify(syntheticCmt(small));

test('what the writer makes is good, at published shapes', () => {
  for (const model of Object.values(shapes)) checkCmt(JSON.parse(JSON.stringify(syntheticCmt(model))));
});

// Chunks 0..7: qkv, attention output, gate_up, down of two layers; 8: the tied head.
const row = (cmt: ChunkMetadataTable, i: number, mode: 'PREFILL' | 'DECODE' = 'DECODE') =>
  cmt.weight_chunks[mode][i] as CmtRow;
const units = (cmt: ChunkMetadataTable, i: number) => cmt.units[i] as CmtUnits;
type Loose = Record<string, unknown>;

/** What is broken, and the field that must be named. */
const cases: [string, string, (cmt: ChunkMetadataTable) => void][] = [
  ['unknown field', '/extra', (c) => Object.assign(c, { extra: 1 })],
  ['unknown field of metadata', '/metadata/a~1b', (c) => Object.assign(c.metadata, { 'a/b': 1 })],
  ['unknown field of a row', '/weight_chunks/DECODE/3/note', (c) => Object.assign(row(c, 3), { note: '' })],
  ['missing list', '/units', (c) => delete (c as unknown as Loose).units],
  ['missing field of a row', '/weight_chunks/DECODE/2/op', (c) => delete (row(c, 2) as unknown as Loose).op],
  ['another version', '/metadata/version', (c) => (c.metadata.version = '2.0')],
  ['digest without its kind', '/metadata/model_digest', (c) => (c.metadata.model_digest = '1'.repeat(64))],
  ['cache name with a directory', '/metadata/weight_cache', (c) => (c.metadata.weight_cache = '../other')],
  ['negative layers', '/metadata/model_config/layers', (c) => (c.metadata.model_config.layers = -1)],
  ['absurd heads', '/metadata/model_config/heads', (c) => (c.metadata.model_config.heads = 1e9)],
  [
    'time as text',
    '/weight_chunks/DECODE/0/avg_compute_time',
    (c) => ((row(c, 0) as unknown as Loose).avg_compute_time = '1'),
  ],
  ['negative time', '/weight_chunks/DECODE/0/avg_compute_time', (c) => (row(c, 0).avg_compute_time = -1)],
  ['offset not a page', '/weight_chunks/DECODE/1/aligned_offset', (c) => (row(c, 1).aligned_offset += 1)],
  ['offset beyond doubles', '/weight_chunks/DECODE/1/origin_offset', (c) => (row(c, 1).origin_offset = 1e300)],
  ['unknown kind', '/weight_chunks/DECODE/1/kind', (c) => ((row(c, 1) as unknown as Loose).kind = 'Q2_K')],
  ['columns not of 32', '/weight_chunks/DECODE/1/columns', (c) => (row(c, 1).columns = 575)],
  ['sum in capitals', '/weight_chunks/DECODE/1/crc32c', (c) => (row(c, 1).crc32c = 'ABCDEF01')],
  ['numbering', '/weight_chunks/DECODE/1/chunk_index', (c) => (row(c, 1).chunk_index = 5)],
  ['buffer index', '/weight_chunks/DECODE/1/managed_buffer_index', (c) => (row(c, 1).managed_buffer_index = 0)],
  [
    'mode text of the other list',
    '/weight_chunks/PREFILL/1/prefetch_mode_str',
    (c) => (row(c, 1, 'PREFILL').prefetch_mode_str = 'DECODE'),
  ],
  ['mode number', '/weight_chunks/DECODE/1/prefetch_mode', (c) => (row(c, 1).prefetch_mode = 0)],
  ['chunk twice', '/weight_chunks/DECODE/1/weights_id', (c) => (row(c, 1).weights_id = 0)],
  ['chunk without units', '/weight_chunks/DECODE/1/weights_id', (c) => (row(c, 1).weights_id = 77)],
  [
    'aligned_offset below its page',
    '/weight_chunks/DECODE/2/aligned_offset',
    (c) => (row(c, 2).aligned_offset -= 4096),
  ],
  ['offset_adjust', '/weight_chunks/DECODE/2/offset_adjust', (c) => (row(c, 2).offset_adjust = 8)],
  ['aligned_size short', '/weight_chunks/DECODE/2/aligned_size', (c) => (row(c, 2).aligned_size -= 4096)],
  [
    'end past any file',
    '/weight_chunks/DECODE/2/origin_size',
    (c) => (row(c, 2).origin_size = Number.MAX_SAFE_INTEGER),
  ],
  [
    'size against the units',
    '/weight_chunks/DECODE/2/origin_size',
    (c) => {
      row(c, 2).origin_size -= 8;
    },
  ],
  ['kind against the units', '/weight_chunks/DECODE/2/columns', (c) => (row(c, 2).kind = 'Q4_0')],
  [
    'a K type with columns not of 256',
    '/weight_chunks/DECODE/2/columns',
    (c) => Object.assign(row(c, 2), { kind: 'Q4_K', columns: 576 }),
  ],
  ['rows against row blocks', '/weight_chunks/DECODE/2/rows', (c) => (row(c, 2).rows += 1)],
  ['rows that are too few', '/weight_chunks/DECODE/2/rows', (c) => (row(c, 2).rows -= 8)],
  ['gathering what is not gathered', '/weight_chunks/DECODE/2/op', (c) => (row(c, 2).op = 'GatherRows')],
  ['sum of the chunk', '/weight_chunks/DECODE/2/crc32c', (c) => (row(c, 2).crc32c = '00000000')],
  ['sum of a unit', '/weight_chunks/PREFILL/2/crc32c', (c) => (units(c, 2).crc32c[3] = '00000000')],
  [
    'overlap',
    '/weight_chunks/DECODE/4/origin_offset',
    (c) => {
      for (const f of ['origin_offset', 'aligned_offset'] as const) row(c, 4)[f] -= 4096;
    },
  ],
  ['units twice', '/units/3/weights_id', (c) => (units(c, 3).weights_id = 2)],
  ['odd pairs', '/units/2/row_blocks', (c) => (units(c, 2).row_blocks -= 1)],
  ['units that part pairs', '/units/2/unit_row_blocks', (c) => (units(c, 2).unit_row_blocks += 1)],
  ['gathered in larger units', '/units/8/unit_row_blocks', (c) => (units(c, 8).unit_row_blocks = 2)],
  ['a unit too few', '/units/1/crc32c', (c) => units(c, 1).crc32c.pop()],
  ['units of an unused chunk', '/units/9/weights_id', (c) => c.units.push({ ...units(c, 1), weights_id: 9 })],
  ['head in the middle', '/weight_chunks/DECODE/3/weights_id', (c) => (units(c, 3).head = true)],
  [
    'prefill uses what decode does not',
    '/weight_chunks/PREFILL/7/weights_id',
    (c) => {
      row(c, 7, 'PREFILL').weights_id = 9;
      c.units.push({ ...units(c, 7), weights_id: 9 });
    },
  ],
  ['modes differ in a sum', '/weight_chunks/PREFILL/1/rows', (c) => (row(c, 1, 'PREFILL').rows -= 1)],
  ['modes differ in tensors', '/weight_chunks/PREFILL/1/tensors', (c) => (row(c, 1, 'PREFILL').tensors = ['x'])],
  ['prefill lacks a chunk', '/weight_chunks/DECODE/7/weights_id', (c) => c.weight_chunks.PREFILL.pop()],
  [
    'no rows',
    '/weight_chunks/DECODE',
    (c) => {
      c.weight_chunks = { PREFILL: [], DECODE: [] };
      c.units = [];
    },
  ],
  ['count of rows', '/metadata/chunk_count_by_mode/DECODE', (c) => (c.metadata.chunk_count_by_mode.DECODE = 3)],
  [
    'total',
    '/metadata/total_aligned_size_by_mode/PREFILL',
    (c) => (c.metadata.total_aligned_size_by_mode.PREFILL += 4096),
  ],
  ['largest', '/metadata/max_aligned_size', (c) => (c.metadata.max_aligned_size += 4096)],
  ['buffer', '/metadata/weight_chunk_buffer_size', (c) => (c.metadata.weight_chunk_buffer_size = 0)],
];

for (const [what, path, breakIt] of cases) {
  test(`refused: ${what}`, () => {
    const cmt = JSON.parse(good) as ChunkMetadataTable;
    breakIt(cmt);
    assert.throws(
      () => checkCmt(cmt),
      (error: CmtError) => {
        assert.ok(error instanceof CmtError, String(error));
        assert.equal(error.path, path, error.message);
        assert.equal(error.code, 'CMT_INVALID');
        assert.ok(error.message.startsWith(`${path}: `) && error.message.includes('flash-slim profile'), error.message);
        return true;
      },
    );
  });
}

test('no table at all is refused', () => {
  for (const value of [null, 3, 'x', [], {}, { metadata: null }]) {
    assert.throws(() => checkCmt(value), { code: 'CMT_INVALID' });
  }
});

test('orders that differ between modes are refused', () => {
  const cmt = JSON.parse(good) as ChunkMetadataTable;
  const rows = cmt.weight_chunks.PREFILL;
  [rows[2], rows[4]] = [{ ...(rows[4] as CmtRow) }, { ...(rows[2] as CmtRow) }];
  rows.forEach((r, i) => {
    r.chunk_index = i;
    r.managed_buffer_index = i % 2;
  });
  assert.throws(() => checkCmt(cmt), { path: '/weight_chunks/PREFILL/3/weights_id' });
});
