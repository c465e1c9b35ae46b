// From the manifest and the plan to what the native engine takes.

import type { WeightKind } from '@flash-slim/model';
import type { NativeChunk, NativePlan } from '@flash-slim/native';
import type { PrefetchPlan } from '@flash-slim/plan';
import type { CacheManifest } from '@flash-slim/weight-cache';

/** WeightKind's numbers in kernels/layout.h. */
const kindNumbers: Record<WeightKind, number> = {
  F32: 0,
  F16: 1,
  Q8_0: 2,
  Q4_0: 3,
  Q4_1: 4,
  Q4_K: 5,
  Q6_K: 6,
  Q5_K: 7,
  Q5_0: 8,
  Q5_1: 9,
  BF16: 10,
  Q4_N: 11,
  Q4_NZ: 12,
  Q8_N: 13,
  Q8_NZ: 14,
};

export function nativeChunks(manifest: CacheManifest): NativeChunk[] {
  return manifest.chunks.map((chunk) => ({
    weightsId: chunk.weights_id,
    name: chunk.name,
    kind: kindNumbers[chunk.kind],
    rows: chunk.rows,
    columns: chunk.columns,
    offset: chunk.offset,
    rowBlocks: chunk.row_blocks,
    rowBlockBytes: chunk.row_block_bytes,
    head: chunk.head,
    gathered: chunk.gathered,
    paired: chunk.arrangement === 'row-blocks-alternating',
    experts: chunk.experts ?? 0,
    rowBlockCrc32c: Uint32Array.from(chunk.gathered ? chunk.unit_crc32c : []),
  }));
}

export function nativePlan({ groups, metadata }: PrefetchPlan): NativePlan {
  const native = groups.map((group) => ({
    weightsId: group.weights_id,
    rowBlockBegin: group.row_block_begin,
    rowBlockEnd: group.row_block_end,
    resident: group.resident,
    crc32c: Number.parseInt(group.crc32c, 16),
  }));
  return { groups: native, slotCount: metadata.slot_count, slotBytes: metadata.slot_size };
}

/** Bytes of all weights that a pass uses. */
export function weightsBytes(manifest: CacheManifest): number {
  return manifest.chunks.filter((chunk) => chunk.op === 'StreamMatMul').reduce((sum, chunk) => sum + chunk.bytes, 0);
}
