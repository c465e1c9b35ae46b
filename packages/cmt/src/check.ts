// What the schema cannot say: fields of a chunk metadata table that contradict each other.
import type { WeightKind } from '@flash-slim/model';
import { crc32cCombine, formatCrc32c } from './crc32c.ts';
import { CmtError } from './error.ts';
import { validate } from './generated/validate-cmt.ts';
import { findViolation, type Validator } from './schema-violation.ts';
import type { ChunkMetadataTable, CmtRow, CmtUnits, Mode } from './types.ts';

export const pageBytes = 4096;
export const modes: readonly Mode[] = ['PREFILL', 'DECODE'];

/** Bytes of 8 rows x 32 values in layout 8x4. */
export const blockBytes: Record<WeightKind, number> = {
  F32: 1024,
  F16: 512,
  BF16: 512,
  Q8_0: 272,
  Q4_0: 144,
  Q4_1: 160,
  Q5_0: 176,
  Q5_1: 192,
  Q4_K: 144,
  Q5_K: 176,
  Q6_K: 210,
  Q4_N: 160,
  Q4_NZ: 168,
  Q8_N: 288,
  Q8_NZ: 296,
};

/** The table that `value` is. Throws CmtError CMT_INVALID with the path of the first offending field. */
export function checkCmt(value: unknown): ChunkMetadataTable {
  const violation = findViolation(validate as Validator, value);
  if (violation !== null) refuse(violation.path, violation.message);
  const cmt = value as ChunkMetadataTable;
  const units = checkUnits(cmt.units);
  for (const mode of modes) checkRows(cmt, mode, units);
  checkAcrossModes(cmt, units);
  checkTotals(cmt);
  return cmt;
}

function refuse(path: string, message: string): never {
  throw new CmtError('CMT_INVALID', path, `${message}; run \`flash-slim profile\` again`);
}

function expectEqual(
  path: string,
  found: number | string | boolean,
  expected: number | string | boolean,
  why: string,
): void {
  if (found !== expected) refuse(path, `is ${found}, must be ${expected} (${why})`);
}

function checkUnits(list: CmtUnits[]): Map<number, CmtUnits> {
  const byId = new Map<number, CmtUnits>();
  list.forEach((chunk, i) => {
    const at = `/units/${i}`;
    if (byId.has(chunk.weights_id)) refuse(`${at}/weights_id`, `${chunk.weights_id} occurs twice`);
    byId.set(chunk.weights_id, chunk);
    if (chunk.paired && chunk.row_blocks % 2 !== 0)
      refuse(`${at}/row_blocks`, `is ${chunk.row_blocks}, but paired row blocks are even in number`);
    if (chunk.paired && chunk.unit_row_blocks % 2 !== 0) {
      refuse(`${at}/unit_row_blocks`, `is ${chunk.unit_row_blocks}, which would part a pair of row blocks`);
    }
    if (chunk.experts !== undefined)
      expectEqual(
        `${at}/row_blocks`,
        chunk.row_blocks % (chunk.experts * chunk.unit_row_blocks),
        0,
        'modulo experts * unit_row_blocks: an expert is whole units',
      );
    if (chunk.gathered)
      expectEqual(`${at}/unit_row_blocks`, chunk.unit_row_blocks, 1, 'rows are gathered one row block at a time');
    expectEqual(
      `${at}/crc32c`,
      chunk.crc32c.length,
      Math.ceil(chunk.row_blocks / chunk.unit_row_blocks),
      'one sum per unit of row blocks',
    );
  });
  return byId;
}

function checkRows(cmt: ChunkMetadataTable, mode: Mode, units: Map<number, CmtUnits>): void {
  const rows = cmt.weight_chunks[mode];
  const seen = new Set<number>();
  rows.forEach((row, i) => {
    const at = `/weight_chunks/${mode}/${i}`;
    expectEqual(`${at}/chunk_index`, row.chunk_index, i, 'rows are numbered in order of access');
    expectEqual(`${at}/managed_buffer_index`, row.managed_buffer_index, i % 2, 'chunk_index modulo 2');
    expectEqual(`${at}/prefetch_mode_str`, row.prefetch_mode_str, mode, 'the list that the row is in');
    expectEqual(`${at}/prefetch_mode`, row.prefetch_mode, modes.indexOf(mode), mode);
    if (seen.has(row.weights_id)) refuse(`${at}/weights_id`, `${row.weights_id} occurs twice in one pass`);
    seen.add(row.weights_id);
    checkRange(row, at);
    const chunk = units.get(row.weights_id);
    if (chunk === undefined) refuse(`${at}/weights_id`, `${row.weights_id} has no entry in /units`);
    checkShape(row, chunk, at);
  });
  const order = rows
    .map((_, i) => i)
    .sort((a, b) => (rows[a] as CmtRow).origin_offset - (rows[b] as CmtRow).origin_offset);
  for (let k = 1; k < order.length; k++) {
    const [before, index] = [order[k - 1] as number, order[k] as number];
    const end = (rows[before] as CmtRow).origin_offset + (rows[before] as CmtRow).origin_size;
    if ((rows[index] as CmtRow).origin_offset < end) {
      refuse(`/weight_chunks/${mode}/${index}/origin_offset`, `lies within row ${before}, which ends at ${end}`);
    }
  }
}

function checkRange(row: CmtRow, at: string): void {
  const { origin_offset: begin, origin_size: size } = row;
  const alignedBegin = Math.floor(begin / pageBytes) * pageBytes;
  const end = begin + size;
  if (end > Number.MAX_SAFE_INTEGER) refuse(`${at}/origin_size`, `${size} bytes at ${begin} end past any file`);
  expectEqual(`${at}/aligned_offset`, row.aligned_offset, alignedBegin, `origin_offset rounded down to ${pageBytes}`);
  expectEqual(`${at}/offset_adjust`, row.offset_adjust, begin - alignedBegin, 'origin_offset - aligned_offset');
  expectEqual(
    `${at}/aligned_size`,
    row.aligned_size,
    Math.ceil(end / pageBytes) * pageBytes - alignedBegin,
    'pages that the chunk touches',
  );
}

function checkShape(row: CmtRow, chunk: CmtUnits, at: string): void {
  if (row.kind.endsWith('_K') && row.columns % 256 !== 0) {
    refuse(`${at}/columns`, `is ${row.columns}, but ${row.kind} comes in blocks of 256`);
  }
  const rowBlockBytes = (row.columns / 32) * blockBytes[row.kind];
  expectEqual(
    `${at}/columns`,
    rowBlockBytes,
    chunk.row_block_bytes,
    `row_block_bytes of chunk ${row.weights_id} in /units against ${row.kind}`,
  );
  expectEqual(
    `${at}/origin_size`,
    row.origin_size,
    chunk.row_blocks * chunk.row_block_bytes,
    'row_blocks * row_block_bytes',
  );
  // Each tensor may fill its own last row block with zero rows.
  const padding = chunk.row_blocks * 8 - row.rows;
  if (padding < 0 || padding > 7 * row.tensors.length) {
    refuse(`${at}/rows`, `is ${row.rows}, which ${chunk.row_blocks} row blocks of 8 rows do not hold exactly`);
  }
  if (row.op === 'GatherRows' && !chunk.gathered)
    refuse(`${at}/op`, `is GatherRows, but chunk ${row.weights_id} is not marked gathered in /units`);
  const unitBytes = chunk.unit_row_blocks * chunk.row_block_bytes;
  let sum = 0;
  for (let u = 0, left = row.origin_size; u < chunk.crc32c.length; u++, left -= unitBytes) {
    sum = crc32cCombine(sum, Number.parseInt(chunk.crc32c[u] as string, 16), Math.min(unitBytes, left));
  }
  expectEqual(`${at}/crc32c`, row.crc32c, formatCrc32c(sum), 'composed of the unit sums');
}

const sharedFields = ['origin_offset', 'origin_size', 'op', 'kind', 'rows', 'columns', 'crc32c'] as const;

function checkAcrossModes(cmt: ChunkMetadataTable, units: Map<number, CmtUnits>): void {
  const { PREFILL: prefill, DECODE: decode } = cmt.weight_chunks;
  const position = new Map(decode.map((row, i) => [row.weights_id, i]));
  let previous = -1;
  prefill.forEach((row, i) => {
    const at = `/weight_chunks/PREFILL/${i}`;
    const index = position.get(row.weights_id);
    if (index === undefined) refuse(`${at}/weights_id`, `${row.weights_id} is not used in DECODE`);
    if (index <= previous) refuse(`${at}/weights_id`, `${row.weights_id} is used in another order in DECODE`);
    previous = index;
    const twin = decode[index] as CmtRow;
    for (const field of sharedFields)
      expectEqual(`${at}/${field}`, row[field], twin[field], `as in /weight_chunks/DECODE/${index}`);
    if (row.tensors.join('\n') !== twin.tensors.join('\n'))
      refuse(`${at}/tensors`, `differ from /weight_chunks/DECODE/${index}`);
  });
  const inPrefill = new Set(prefill.map((row) => row.weights_id));
  decode.forEach((row, i) => {
    const at = `/weight_chunks/DECODE/${i}/weights_id`;
    const chunk = units.get(row.weights_id) as CmtUnits;
    if (chunk.head && i !== decode.length - 1)
      refuse(at, `${row.weights_id} is the output head, which comes last in a pass`);
    if (!chunk.head && !inPrefill.has(row.weights_id))
      refuse(at, `${row.weights_id} is not used in PREFILL, and is not the output head`);
  });
  cmt.units.forEach((chunk, i) => {
    // An embedding that only gives rows is read outside the pass's order, and may have no row.
    const onlyGathered = chunk.gathered && !chunk.head;
    if (!onlyGathered && !position.has(chunk.weights_id))
      refuse(`/units/${i}/weights_id`, `${chunk.weights_id} is used in no mode`);
  });
  if (decode.length === 0) refuse('/weight_chunks/DECODE', 'has no rows');
}

function checkTotals(cmt: ChunkMetadataTable): void {
  const { metadata, weight_chunks } = cmt;
  let largest = 0;
  for (const mode of modes) {
    const rows = weight_chunks[mode];
    expectEqual(
      `/metadata/chunk_count_by_mode/${mode}`,
      metadata.chunk_count_by_mode[mode],
      rows.length,
      'rows of the mode',
    );
    const total = rows.reduce((sum, row) => sum + row.aligned_size, 0);
    expectEqual(
      `/metadata/total_aligned_size_by_mode/${mode}`,
      metadata.total_aligned_size_by_mode[mode],
      total,
      'sum of aligned_size',
    );
    largest = rows.reduce((most, row) => Math.max(most, row.aligned_size), largest);
  }
  expectEqual('/metadata/max_aligned_size', metadata.max_aligned_size, largest, 'largest aligned_size');
  expectEqual('/metadata/weight_chunk_buffer_size', metadata.weight_chunk_buffer_size, largest, 'max_aligned_size');
}
