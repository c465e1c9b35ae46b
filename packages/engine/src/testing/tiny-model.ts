// Weight caches of small random models, and plans that cut them in any way: for this package's tests.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { importModel } from '@flash-slim/model';
import { type RandomGgufOptions, writeRandomGguf } from '@flash-slim/model/testing';
import type { PlanGroup, PrefetchPlan } from '@flash-slim/plan';
import { buildWeightCache, type CachedChunk, openWeightCache, type WeightCache } from '@flash-slim/weight-cache';
import { profilingPlan } from '../profiling-plan.ts';

/** Chunks of several pages, so that they can be cut; still made in milliseconds. */
export const smallShape = { hiddenSize: 128, feedForwardSize: 352, layers: 2, heads: 4, kvHeads: 2, headSize: 32 };

/** A directory that goes when the test file ends. */
export function testDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'flash-slim-engine-'));
  after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Writes `name`.gguf and `name`.fsw. */
export async function makeCache(
  directory: string,
  name: string,
  options: RandomGgufOptions = {},
): Promise<{ model: string; cache: WeightCache }> {
  const model = join(directory, `${name}.gguf`);
  const path = join(directory, `${name}.fsw`);
  writeRandomGguf(model, { shape: smallShape, ...options });
  await buildWeightCache(await importModel(model), path);
  return { model, cache: await openWeightCache(path) };
}

export interface Cut {
  /** Row blocks of a group; whole chunks by default. */
  rowBlocks?: number | undefined;
  /** Whether a group stays, by its number; none by default. */
  resident?: (group: number) => boolean;
  slotCount?: number;
  kvType?: 'f16' | 'f32';
  contextLength?: number;
  maxSequences?: number;
  maxTokensPerPass?: number;
  maxLogitRows?: number;
}

export const everything = (): boolean => true;

/** A plan cut by hand: finer, and with stranger choices, than the planner's. */
export function cutPlan(cache: WeightCache, cut: Cut = {}): PrefetchPlan {
  const { slotCount = 2, resident = () => false, maxTokensPerPass = 16, maxLogitRows = 16 } = cut;
  const base = profilingPlan(cache, maxTokensPerPass, 1);
  const file = readFileSync(cache.path);
  const groups: PlanGroup[] = [];
  let streamed = 0;
  for (const chunk of cache.manifest.chunks) {
    if (chunk.op !== 'StreamMatMul') continue;
    const step = rowBlockStep(chunk, cut.rowBlocks);
    const ofExpert = chunk.row_blocks / (chunk.experts ?? 1);
    for (let begin = 0, end = 0; begin < chunk.row_blocks; begin = end) {
      end = Math.min(begin + step, (Math.floor(begin / ofExpert) + 1) * ofExpert);
      const offset = chunk.offset + begin * chunk.row_block_bytes;
      const size = (end - begin) * chunk.row_block_bytes;
      const alignedOffset = offset - (offset % 4096);
      const stays = resident(groups.length);
      groups.push({
        io_order: groups.length,
        weights_id: chunk.weights_id,
        row_block_begin: begin,
        row_block_end: end,
        aligned_offset: alignedOffset,
        aligned_size: Math.ceil((offset + size) / 4096) * 4096 - alignedOffset,
        offset_adjust: offset - alignedOffset,
        size,
        resident: stays,
        managed_buffer_index: stays ? -1 : streamed++ % slotCount,
        estimated_io_time_ms: 0,
        crc32c: crc32c(file.subarray(offset, offset + size))
          .toString(16)
          .padStart(8, '0'),
      });
    }
  }
  return {
    metadata: {
      ...base.metadata,
      context_length: cut.contextLength ?? 64,
      kv_type: cut.kvType ?? 'f16',
      max_sequences: cut.maxSequences ?? 1,
      max_tokens_per_pass: maxTokensPerPass,
      max_logit_rows: maxLogitRows,
      slot_count: streamed === 0 ? 0 : slotCount,
      slot_size: groups.reduce((most, g) => (g.resident ? most : Math.max(most, g.aligned_size)), 0),
    },
    groups,
  };
}

function rowBlockStep(chunk: CachedChunk, rowBlocks: number | undefined): number {
  if (rowBlocks === undefined) return chunk.row_blocks;
  // A group must not part gate from up.
  return chunk.arrangement === 'row-blocks-alternating' ? 2 * rowBlocks : rowBlocks;
}

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let sum = byte;
  for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0x82f63b78 : sum >>> 1;
  return sum;
});

function crc32c(bytes: Uint8Array): number {
  let sum = 0xffffffff;
  for (const byte of bytes) sum = (sum >>> 8) ^ (table[(sum ^ byte) & 255] as number);
  return (sum ^ 0xffffffff) >>> 0;
}
