// What the schema cannot say: a manifest describes one file without gaps, whose sizes follow from the shapes.
import { rebuild, WeightCacheError } from './error.ts';
import { validate as generated } from './generated/validate-manifest.ts';
import { type CacheHeader, headerBytes } from './header.ts';
import { alignUp, kinds, rowBlocksOf } from './layout.ts';
import type { CachedChunk, CacheManifest } from './manifest.ts';

const validate = generated as {
  (data: unknown): boolean;
  errors?: { instancePath: string; message?: string }[] | null;
};

/** The manifest that `value` is. Throws WeightCacheError CACHE_CORRUPT with the path of the first offending field. */
export function checkManifest(value: unknown, header: CacheHeader, path: string): CacheManifest {
  const refuse = (field: string, why: string): never => {
    throw new WeightCacheError('CACHE_CORRUPT', `${path}: manifest${field} ${why}; ${rebuild}`);
  };
  if (!validate(value)) {
    const error = validate.errors?.[0];
    refuse(error?.instancePath ?? '', error?.message ?? 'does not follow the schema');
  }
  const manifest = value as CacheManifest;
  const expect = (field: string, found: number | boolean, expected: number | boolean): void => {
    if (found !== expected) refuse(field, `is ${found}, must be ${expected}`);
  };
  let end = headerBytes;
  manifest.chunks.forEach((chunk, index) => {
    const at = `/chunks/${index}`;
    expect(`${at}/weights_id`, chunk.weights_id, index);
    expect(`${at}/offset`, chunk.offset, end);
    checkShape(chunk, at, expect);
    end = alignUp(end + chunk.bytes);
  });
  expect('/tokenizer/offset', manifest.tokenizer.offset, end);
  end = alignUp(end + manifest.tokenizer.bytes);
  expect('/graph/offset', manifest.graph.offset, end);
  end = alignUp(end + manifest.graph.bytes);
  expect("'s own offset", header.manifestOffset, end);
  expect("'s file size", header.fileBytes, alignUp(end + header.manifestBytes));
  return manifest;
}

function checkShape(chunk: CachedChunk, at: string, expect: (field: string, found: number, expected: number) => void) {
  const alternating = chunk.arrangement === 'row-blocks-alternating';
  if (alternating) {
    expect(`${at}/tensors/length`, chunk.tensors.length, 2);
    expect(`${at}/rows modulo 2`, chunk.rows % 2, 0);
    expect(`${at}/unit_row_blocks modulo 2`, chunk.unit_row_blocks % 2, 0);
  }
  if (chunk.gathered || chunk.op === 'GatherRows') {
    expect(`${at}/gathered`, Number(chunk.gathered), 1);
    expect(`${at}/unit_row_blocks`, chunk.unit_row_blocks, 1);
  }
  if (chunk.experts !== undefined) {
    expect(`${at}/rows modulo 8`, chunk.rows % 8, 0);
    expect(`${at}/row_blocks modulo experts and units`, chunk.row_blocks % (chunk.experts * chunk.unit_row_blocks), 0);
  }
  expect(`${at}/columns modulo ${kinds[chunk.kind].values}`, chunk.columns % kinds[chunk.kind].values, 0);
  expect(`${at}/row_block_bytes`, chunk.row_block_bytes, (chunk.columns / 32) * kinds[chunk.kind].blockBytes);
  expect(`${at}/row_blocks`, chunk.row_blocks, rowBlocksOf(chunk, chunk.tensors.length));
  expect(`${at}/bytes`, chunk.bytes, chunk.row_blocks * chunk.row_block_bytes);
  expect(`${at}/unit_crc32c/length`, chunk.unit_crc32c.length, Math.ceil(chunk.row_blocks / chunk.unit_row_blocks));
}
