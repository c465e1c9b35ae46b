// An ONNX folder gives through our streamed operators what its own graph gives in ONNX Runtime, for each way in which
// such folders are made: the same weights, not approximations of them.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { importModel } from '@flash-slim/model';
import { type OnnxFolderOptions, onnxShape, writeOnnxFolder } from '@flash-slim/model/testing';
import { buildWeightCache, openWeightCache, type WeightCache } from '@flash-slim/weight-cache';
import { runCourse, testTokens } from './testing/run.ts';
import { cutPlan, everything, testDirectory } from './testing/tiny-model.ts';

const directory = testDirectory();
const runner = fileURLToPath(new URL('../../../test/reference/run-plain-onnx.mjs', import.meta.url));

const variants: Record<string, OnnxFolderOptions> = {
  'packed qkv, tied, 4 bits': {},
  'weights within model.onnx': { embedded: true },
  'blocks of 64, zero points': { blockSize: 64, zeroPoints: true },
  'blocks of 128, 8 bits': { blockSize: 128, bits: 8 },
  '8 bits, zero points, an embedding of its own': { bits: 8, zeroPoints: true, tied: false },
  'q, k and v apart': { separate: true },
  'q, k and v apart with biases, window and softcap': { separate: true, bias: true, window: 5, softcap: 20 },
  'packed qkv with a bias': { bias: true },
  'rotations in nodes of their own': { separate: true, rotaryOutside: true },
  'norms by head': { separate: true, headNorms: true },
  'f16, 4 bits': { halves: true },
  'f16, 8 bits, zero points, q, k and v apart': { halves: true, bits: 8, zeroPoints: true, separate: true },
};

/** The model's own graph, in a process of its own: all rows' logits. */
function originalLogits(model: string, tokens: number[]): Float32Array {
  const out = `${model}.logits`;
  const run = spawnSync(process.execPath, [runner, model, '--out', out], {
    input: JSON.stringify(tokens),
    encoding: 'utf8',
  });
  assert.equal(run.status, 0, run.stderr);
  const bytes = readFileSync(out);
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
}

/** Of positions 0, 3, 8 and 13 to 16 (testing/run.ts). */
async function streamedLogits(cache: WeightCache): Promise<Float32Array> {
  const plan = cutPlan(cache, { rowBlocks: 3, slotCount: 3, kvType: 'f32', contextLength: onnxShape.positions });
  const streamed = await runCourse(cache, { plan, activations: 'f32' });
  const resident = cutPlan(cache, { resident: everything, kvType: 'f32', contextLength: onnxShape.positions });
  assert.ok(streamed.equals(await runCourse(cache, { plan: resident, activations: 'f32' })), 'streamed as resident');
  return new Float32Array(streamed.buffer, streamed.byteOffset, streamed.length / 4);
}

const greatest = (row: Float32Array) => row.reduce((best, value, i) => (value > (row[best] as number) ? i : best), 0);

describe('an ONNX folder', () => {
  for (const [name, options] of Object.entries(variants)) {
    test(name, async () => {
      const folder = join(directory, name.replaceAll(/\W+/g, '-'));
      const model = writeOnnxFolder(folder, options);
      await buildWeightCache(await importModel(folder), `${folder}.fsw`);
      const cache = await openWeightCache(`${folder}.fsw`);
      const ours = await streamedLogits(cache);
      const original = originalLogits(model, testTokens(17));
      const { vocabulary } = onnxShape;
      [0, 3, 8, 13, 14, 15, 16].forEach((position, i) => {
        const row = ours.subarray(i * vocabulary, (i + 1) * vocabulary);
        const expected = original.subarray(position * vocabulary, (position + 1) * vocabulary);
        const range = Math.max(...expected) - Math.min(...expected);
        assert.ok(range > 1, `${range}: the logits say something`);
        const off = row.reduce((most, value, k) => Math.max(most, Math.abs(value - (expected[k] as number))), 0);
        // Activations of f16 are rounded at every node, by its own order of sums.
        assert.ok(off < (options.halves ? 0.02 : 1e-4) * range, `position ${position}: off by ${off} of ${range}`);
        if (!options.halves) assert.equal(greatest(row), greatest(expected));
      });
    });
  }
});
