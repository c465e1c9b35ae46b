// Cutting chunks into groups: runs of whole checksum units, in equal shares, so that reading and computing alternate
// evenly however uneven the matrices are.
import { type CmtRow, type CmtUnits, crc32cCombine, formatCrc32c, pageBytes } from '@flash-slim/cmt';

/** A streamed chunk, as the planner sees it. */
export interface StreamedChunk {
  row: CmtRow;
  units: CmtUnits;
}

/** A group before it is decided where it lives. */
export interface GroupCut {
  chunk: StreamedChunk;
  /** Its chunk's position in the order of use. */
  chunkIndex: number;
  unitBegin: number;
  unitEnd: number;
  alignedOffset: number;
  /** Bytes of the page-aligned read. */
  alignedSize: number;
  offsetAdjust: number;
  size: number;
}

/** `even`: equal shares; `full`: as much as a slot holds, then the rest. */
export type Cut = 'even' | 'full';

/** Groups whose reads fit into `slotBytes`, except where a single unit is larger than that. None spans two experts. */
export function cutGroups(chunks: readonly StreamedChunk[], slotBytes: number, cut: Cut): GroupCut[] {
  return chunks.flatMap((chunk, chunkIndex) => {
    const { experts = 1, crc32c } = chunk.units;
    const share = crc32c.length / experts;
    return Array.from({ length: experts }, (_, expert) =>
      cutUnits(chunk, chunkIndex, { first: expert * share, count: share }, slotBytes, cut),
    ).flat();
  });
}

/** Whether groups of a chunk are read only in passes that choose their expert. */
export const ofExperts = (group: GroupCut): boolean => group.chunk.units.experts !== undefined;

function cutUnits(
  chunk: StreamedChunk,
  chunkIndex: number,
  { first, count: unitCount }: { first: number; count: number },
  slotBytes: number,
  cut: Cut,
): GroupCut[] {
  const { units, row } = chunk;
  const unitBytes = units.unit_row_blocks * units.row_block_bytes;
  const wholeBytes = Math.min((first + unitCount) * unitBytes, row.origin_size) - first * unitBytes;
  // A read touches at most one page more than its bytes fill, at either end.
  const fitsWhole = (units.experts === undefined ? row.aligned_size : wholeBytes + 2 * pageBytes) <= slotBytes;
  const perSlot = Math.max(1, Math.floor((slotBytes - 2 * pageBytes) / unitBytes));
  const count = fitsWhole ? 1 : Math.ceil(unitCount / perSlot);
  const share = cut === 'even' || fitsWhole ? unitCount / count : perSlot;
  const groups: GroupCut[] = [];
  for (let i = 0; i < count; i++) {
    const unitBegin = first + Math.floor(i * share);
    const unitEnd = first + (i === count - 1 ? unitCount : Math.floor((i + 1) * share));
    const begin = row.origin_offset + unitBegin * unitBytes;
    const size = Math.min(unitEnd * unitBytes, row.origin_size) - unitBegin * unitBytes;
    const alignedOffset = Math.floor(begin / pageBytes) * pageBytes;
    groups.push({
      chunk,
      chunkIndex,
      unitBegin,
      unitEnd,
      alignedOffset,
      alignedSize: Math.ceil((begin + size) / pageBytes) * pageBytes - alignedOffset,
      offsetAdjust: begin - alignedOffset,
      size,
    });
  }
  return groups;
}

/** crc32c of the units [begin, end) as 8 hex digits, without reading them. */
export function composeCrc32c(units: CmtUnits, begin: number, end: number): string {
  const total = units.row_blocks * units.row_block_bytes;
  const unitBytes = units.unit_row_blocks * units.row_block_bytes;
  let sum = 0;
  for (let u = begin; u < end; u++) {
    const bytes = Math.min(unitBytes, total - u * unitBytes);
    sum = crc32cCombine(sum, Number.parseInt(units.crc32c[u] as string, 16), bytes);
  }
  return formatCrc32c(sum);
}
