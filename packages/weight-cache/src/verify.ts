import { verifyCacheChunks } from '@flash-slim/native';
import { fromNative, rebuild, WeightCacheError } from './error.ts';
import { decodeHeader, headerBytes } from './header.ts';
import { type CacheOptions, withJob } from './job.ts';
import { alignUp } from './layout.ts';
import { openWeightCache, withReader } from './open.ts';

/**
 * Holds every byte of the file against its checksum. Throws WeightCacheError CACHE_CORRUPT naming the first weight that
 * differs, and what openWeightCache throws; rejects with the signal's reason.
 */
export async function verifyWeightCache(path: string, options: CacheOptions = {}): Promise<void> {
  const cache = await openWeightCache(path);
  const { chunks, tokenizer, graph } = cache.manifest;
  await cache.readTokenizer();
  await cache.readGraph();
  await withReader(path, async (reader) => {
    const header = decodeHeader(await reader.read(0, headerBytes), path);
    const manifest = { offset: header.manifestOffset, bytes: header.manifestBytes };
    for (const { offset, bytes } of [tokenizer, graph, manifest]) {
      const end = offset + bytes;
      const padding = await reader.read(end, alignUp(end) - end);
      if (padding.some((byte) => byte !== 0)) {
        throw new WeightCacheError('CACHE_CORRUPT', `${path}: the padding at byte ${end} is not zeros; ${rebuild}`);
      }
    }
  });
  const total = chunks.reduce((sum, chunk) => sum + chunk.bytes, 0);
  const toVerify = chunks.map((chunk) => ({
    name: chunk.name,
    offset: chunk.offset,
    rowBlocks: chunk.row_blocks,
    rowBlockBytes: chunk.row_block_bytes,
    unitRowBlocks: chunk.unit_row_blocks,
    unitCrc32c: chunk.unit_crc32c,
  }));
  try {
    await withJob(
      options,
      total,
      () => 0,
      (job) => verifyCacheChunks(path, toVerify, job),
    );
  } catch (error) {
    throw fromNative(error, 'CACHE_UNREADABLE');
  }
}
