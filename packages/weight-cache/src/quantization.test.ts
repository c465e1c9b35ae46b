import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ChunkSpec, ImportedModel } from '@flash-slim/model';
import { buildWeightCache } from './build.ts';
import { openWeightCache } from './open.ts';
import { makeModel, testDirectory } from './testing.ts';
import { verifyWeightCache } from './verify.ts';

/** Two F32 tensors in two files, to become one Q8_0 chunk. */
function floatModel(directory: string, values: Float32Array[]): ImportedModel {
  const base = makeModel(join(directory, 'base'));
  const files = values.map((floats, i) => {
    const path = join(directory, `part${i}`);
    writeFileSync(path, floats);
    return { path, bytes: floats.byteLength };
  });
  const tensors = values.map(({ byteLength, length }, file) => ({
    name: `t${file}`,
    file,
    offset: 0,
    bytes: byteLength,
    rows: length / 64,
    form: 'F32' as const,
  }));
  const rows = tensors.reduce((sum, tensor) => sum + tensor.rows, 0);
  const chunk: ChunkSpec = {
    ...(base.chunks[0] as ChunkSpec),
    kind: 'Q8_0',
    columns: 64,
    rows,
    tensors,
    gathered: false,
  };
  return { ...base, files, fileBytes: files.reduce((sum, { bytes }) => sum + bytes, 0), chunks: [chunk] };
}

test('a cache of floats is quantized, and its manifest says what that lost', async (t) => {
  const directory = testDirectory(t);
  const wave = (rows: number, size: number) =>
    Float32Array.from({ length: rows * 64 }, (_, i) => size * Math.sin(i * i));
  const values = [wave(13, 1), wave(7, 100)];
  const path = join(directory, 'weights.fsw');
  const manifest = await buildWeightCache(floatModel(directory, values), path);
  const { quantization } = (await openWeightCache(path)).manifest;
  assert.deepEqual(quantization, manifest.quantization);
  await verifyWeightCache(path);

  // Block of 8 rows x 32 columns: 8 scales (fp16), then steps of 4 columns in which byte 4r + j is row r, column j.
  const file = readFileSync(path);
  const chunk = manifest.chunks[0];
  assert.ok(chunk && quantization);
  const half = (bits: number) => {
    const [exponent, mantissa] = [(bits >> 10) & 31, bits & 1023];
    return exponent === 0 ? mantissa * 2 ** -24 : (1024 + mantissa) * 2 ** (exponent - 25);
  };
  const stored = (row: number, column: number) => {
    const block = chunk.offset + Math.floor(row / 8) * chunk.row_block_bytes + Math.floor(column / 32) * 272;
    const step = block + 16 + Math.floor((column % 32) / 4) * 32;
    return half(file.readUInt16LE(block + 2 * (row % 8))) * file.readInt8(step + 4 * (row % 8) + (column % 4));
  };
  let before = 0;
  values.forEach((floats, t) => {
    let [squared, size, most] = [0, 0, 0];
    floats.forEach((value, i) => {
      const lost = Math.abs(stored(before + Math.floor(i / 64), i % 64) - value);
      squared += lost ** 2;
      size += value ** 2;
      most = Math.max(most, lost);
    });
    before += floats.length / 64;
    const { name, from, to, ...figures } = quantization.tensors[t] ?? assert.fail();
    assert.deepEqual([name, from, to], [`t${t}`, 'F32', 'Q8_0']);
    assert.ok(Math.abs(figures.relative_rms_error / Math.sqrt(squared / size) - 1) < 1e-5);
    assert.ok(Math.abs(figures.max_error / most - 1) < 1e-5);
    assert.ok(figures.relative_rms_error > 1e-4 && figures.relative_rms_error < 0.01);
  });
  assert.equal(quantization.max_error, quantization.tensors[1]?.max_error);
});

test('weights that are no numbers, or too large, are refused', async (t) => {
  const directory = testDirectory(t);
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, 1e6]) {
    const floats = new Float32Array(64 * 16);
    floats[64 * 11 + 5] = bad;
    await assert.rejects(buildWeightCache(floatModel(directory, [floats]), join(directory, 'weights.fsw')), {
      code: 'SOURCE_INVALID',
      message: /row 11 of its tensor 0/,
    });
  }
});
