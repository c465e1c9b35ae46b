// A Hugging Face folder says what the GGUF of the same model says: rows of q and k lie in another order and rotate in
// other pairs, which only changes the order of sums.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { importModel } from '@flash-slim/model';
import { writeFolderFromGguf } from '@flash-slim/model/testing';
import { buildWeightCache, openWeightCache, type WeightCache } from '@flash-slim/weight-cache';
import { runCourse } from './testing/run.ts';
import { cutPlan, everything, makeCache, testDirectory } from './testing/tiny-model.ts';

const directory = testDirectory();

async function logitsOf(cache: WeightCache): Promise<Float32Array> {
  const plan = cutPlan(cache, { rowBlocks: 3, slotCount: 3, kvType: 'f32' });
  const streamed = await runCourse(cache, { plan, activations: 'f32' });
  const resident = cutPlan(cache, { resident: everything, kvType: 'f32' });
  assert.ok(streamed.equals(await runCourse(cache, { plan: resident, activations: 'f32' })));
  return new Float32Array(streamed.buffer, streamed.byteOffset, streamed.length / 4);
}

/** The largest difference, as a share of the range of `expected`. */
function difference(logits: Float32Array, expected: Float32Array): number {
  const most = logits.reduce((max, value, i) => Math.max(max, Math.abs(value - (expected[i] as number))), 0);
  return most / (Math.max(...expected) - Math.min(...expected));
}

test('a folder of several files of floats, and what quantizing it changes', async () => {
  const { model, cache } = await makeCache(directory, 'gguf', { kind: 'F32' });
  const folder = join(directory, 'folder');
  await writeFolderFromGguf(model, folder, { dtype: 'F32', shards: 2 });
  const expected = await logitsOf(cache);
  const error: Record<string, number> = {};
  for (const quantize of ['none', 'q8_0', 'q4_1', 'q4_0'] as const) {
    const path = join(directory, `${quantize}.fsw`);
    await buildWeightCache(await importModel(folder, { quantize }), path);
    error[quantize] = difference(await logitsOf(await openWeightCache(path)), expected);
  }
  const { none = 1, q8_0: eight = 1, q4_1: four1 = 1, q4_0: four0 = 1 } = error;
  assert.ok(none < 1e-5, `none: ${none}`);
  assert.ok(eight > none && eight < 0.02, `q8_0: ${eight}`);
  for (const four of [four1, four0]) assert.ok(four > eight && four < 0.3, `4 bits: ${four1}, ${four0}`);
});
