// Folders made by transformers and onnxruntime-genai themselves, against what these programs compute of them. Skipped
// unless FLASH_SLIM_REFERENCE_FOLDERS names what test/reference/make-folders.py made.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { importModel } from '@flash-slim/model';
import { Tokenizer } from '@flash-slim/model/tokenizer';
import { buildWeightCache, openWeightCache, type WeightCache } from '@flash-slim/weight-cache';
import { generate } from './generate.ts';
import { runCourse, testTokens, withEngine } from './testing/run.ts';
import { cutPlan, testDirectory } from './testing/tiny-model.ts';

const made = process.env.FLASH_SLIM_REFERENCE_FOLDERS ?? '';
const skip =
  made === '' ? 'make them with test/reference/make-folders.py, name them in FLASH_SLIM_REFERENCE_FOLDERS' : false;
const directory = testDirectory();
const runner = fileURLToPath(new URL('../../../test/reference/run-plain-onnx.mjs', import.meta.url));
/** Of the logits in testing/run.ts. */
const positions = [0, 3, 8, 13, 14, 15, 16];
const contextLength = 64;

const foldersIn = (kind: string) => (existsSync(join(made, kind)) ? readdirSync(join(made, kind)) : []);

async function openFolder(folder: string, name: string): Promise<WeightCache> {
  const path = join(directory, `${name}.fsw`);
  await buildWeightCache(await importModel(folder, { quantize: 'none' }), path);
  return openWeightCache(path);
}

const floatsOf = (bytes: Buffer) => new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);

async function streamedLogits(cache: WeightCache): Promise<Float32Array> {
  const plan = cutPlan(cache, { rowBlocks: 3, slotCount: 3, kvType: 'f32', contextLength });
  return floatsOf(await runCourse(cache, { plan, activations: 'f32' }));
}

function plainLogits(model: string, tokens: number[], headSize: number): Float32Array {
  const out = join(directory, 'plain.logits');
  const args = [runner, model, '--out', out, '--head-size', String(headSize)];
  const run = spawnSync(process.execPath, args, { input: JSON.stringify(tokens), encoding: 'utf8' });
  assert.equal(run.status, 0, run.stderr);
  return floatsOf(readFileSync(out));
}

const rangeOf = (row: Float32Array) =>
  row.reduce((most, x) => Math.max(most, x)) - row.reduce((least, x) => Math.min(least, x));

/** The largest difference, as a share of the range. */
function difference(ours: Float32Array, expected: Float32Array, vocabulary: number): number {
  return Math.max(
    ...positions.map((position, i) => {
      const row = expected.subarray(position * vocabulary, (position + 1) * vocabulary);
      const off = row.reduce((most, x, k) => Math.max(most, Math.abs((ours[i * vocabulary + k] as number) - x)), 0);
      return off / rangeOf(row);
    }),
  );
}

describe('reference folders', { skip }, () => {
  for (const name of foldersIn('transformers')) {
    test(`transformers' ${name}`, async () => {
      const folder = join(made, 'transformers', name);
      const cache = await openFolder(folder, name);
      const expected = floatsOf(readFileSync(join(folder, 'logits.f32')));
      const off = difference(await streamedLogits(cache), expected, cache.manifest.model.config.vocabularySize);
      assert.ok(off < 1e-5, `off by ${off} of the range`);
    });
  }

  for (const name of foldersIn('genai')) {
    test(`onnxruntime-genai's ${name}`, async () => {
      const folder = join(made, 'genai', name);
      const cache = await openFolder(folder, `genai-${name}`);
      const { headSize, vocabularySize } = cache.manifest.model.config;
      const expected = plainLogits(join(folder, 'reference.onnx'), testTokens(17), headSize);
      const off = difference(await streamedLogits(cache), expected, vocabularySize);
      assert.ok(off < 1e-5, `off by ${off} of the range`);
    });
  }

  const modelFolder = join(made, 'genai-model');
  test("genai's greedy tokens of a real model", {
    skip: existsSync(modelFolder) ? false : 'no MODEL was given',
  }, async (t) => {
    const golden: { prompt: string; ids: number[]; tokens: number[] }[] = JSON.parse(
      readFileSync(join(modelFolder, 'golden.json'), 'utf8'),
    );
    const cache = await openFolder(modelFolder, 'genai-model');
    const { headSize, vocabularySize } = cache.manifest.model.config;
    const tokenizer = Tokenizer.fromBytes(await cache.readTokenizer());
    const sampling = { temperature: 0, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1, seed: 0 };
    const plan = cutPlan(cache, { slotCount: 3, kvType: 'f32', contextLength });
    const agreed = await withEngine(cache, { plan, threads: 2 }, async (engine) => {
      const counts: number[] = [];
      for (const { prompt, ids, tokens } of golden) {
        assert.deepEqual([...tokenizer.encode(prompt, { parseSpecial: true })], ids, prompt);
        const ours: number[] = [];
        const steps = generate(engine, {
          promptTokens: ids,
          maxDecodeSteps: tokens.length,
          sampling,
          isEnd: () => false,
        });
        for await (const token of steps) ours.push(token);
        const same = tokens.findIndex((token, i) => token !== ours[i]);
        counts.push(same < 0 ? tokens.length : same);
      }
      return counts;
    });
    for (const [i, count] of agreed.entries()) {
      const { prompt, ids, tokens } = golden[i] as (typeof golden)[0];
      if (count === tokens.length) continue;
      // Both round activations to int8, each in its own way: where they part the two best tokens were that close.
      const logits = plainLogits(join(modelFolder, 'model.onnx'), [...ids, ...tokens], headSize);
      const row = logits.slice((ids.length + count - 1) * vocabularySize, (ids.length + count) * vocabularySize);
      const [best = 0, second = 0] = row.toSorted((a, b) => b - a);
      const margin = (best - second) / rangeOf(row);
      t.diagnostic(
        `${JSON.stringify(prompt)}: ${count} tokens agree, then a margin of ${(100 * margin).toFixed(2)}% decides`,
      );
      assert.ok(margin < 0.015, `${JSON.stringify(prompt)}: parts after ${count} tokens at a margin of ${margin}`);
    }
    t.diagnostic(`tokens that agree: ${agreed.join(', ')}`);
    assert.ok(agreed.filter((count) => count >= 24).length >= 3, `tokens that agree: ${agreed.join(', ')}`);
  });
});
