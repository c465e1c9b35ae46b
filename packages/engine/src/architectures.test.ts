// Every architecture against two independent implementations: llama.cpp, whose results are in testing/golden (made by
// test/reference/make-golden.ts), and the plain ONNX export, run by onnxruntime-node in a process of its own. And against
// itself: the same bits however the weights come, on every kernel.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { exportPlainOnnx } from '@flash-slim/model/export';
import { variants } from '@flash-slim/model/testing';
import { deviceFacts } from '@flash-slim/native';
import type { WeightCache } from '@flash-slim/weight-cache';
import type { Engine, InjectedFault } from './engine.ts';
import { logitBytes, runCourse, withEngine } from './testing/run.ts';
import { cutPlan, everything, makeCache, testDirectory } from './testing/tiny-model.ts';

interface Golden {
  contextLength: number;
  prompt: number[];
  /** Of the last position's logits, every so many are given. */
  stride: number;
  models: Record<string, { greedy: number[]; logits: number[] }>;
}

const golden: Golden = JSON.parse(readFileSync(new URL('testing/golden/architectures.json', import.meta.url), 'utf8'));
const runner = fileURLToPath(new URL('../../../test/reference/run-plain-onnx.mjs', import.meta.url));
const directory = testDirectory();
const { kernels } = deviceFacts();

test('each variant has its golden results', () => {
  assert.deepEqual(Object.keys(golden.models), Object.keys(variants));
});

for (const [name, options] of Object.entries(variants)) {
  describe(name, async () => {
    const { model, cache } = await makeCache(directory, name, options);
    const { greedy, logits: someLogits } = golden.models[name] as Golden['models'][string];
    const { vocabularySize } = cache.manifest.model.config;
    const tokens = [...golden.prompt, ...greedy];
    const { rows, picked } = await forcedPasses(cache, greedy);
    const range = Math.max(...rows) - Math.min(...rows);

    test('continues as llama.cpp does', () => {
      assert.deepEqual(picked, greedy);
      // llama.cpp takes GELU from a table of halves.
      const tolerance = name.startsWith('gemma') ? 1e-3 : 2e-5;
      const last = rows.subarray(-vocabularySize).filter((_, i) => i % golden.stride === 0);
      someLogits.forEach((expected, i) => {
        const error = Math.abs((last[i] as number) - expected) / range;
        assert.ok(error < tolerance, `logit ${i * golden.stride}: ${last[i]} for ${expected}`);
      });
    });

    test('computes what the plain graph does', async () => {
      const off = worstDifference(rows, await plainLogits(model, tokens));
      assert.ok(off < 1e-5 * range, `off by ${off} in a range of ${range}`);
    });

    test('gives the same bits streamed and resident, on every kernel', async () => {
      const { cache: quantized } = await makeCache(directory, `${name}, Q4_0`, { ...options, kind: 'Q4_0' });
      for (const kvType of ['f16', 'f32'] as const) {
        const cut = { kvType, rowBlocks: 1, slotCount: 3 };
        const expected = await runCourse(quantized, { plan: cutPlan(quantized, { ...cut, resident: everything }) });
        const plan = cutPlan(quantized, { ...cut, resident: (group) => group % 3 === 1 });
        for (const kernel of kvType === 'f16' ? kernels : kernels.slice(0, 1))
          assert.ok(expected.equals(await runCourse(quantized, { plan, kernel, threads: 3 })), kernel);
        assert.ok(expected.equals(await runCourse(quantized, { plan, threads: 1 })), 'one thread');
      }
    });
  });
}

for (const family of ['qwen2', 'gemma3'] as const)
  test(`${family} whose gate and up are of two kinds, so that they are chunks of their own`, async () => {
    const options = { ...variants[family], kinds: { 'blk.1.ffn_up.weight': 'F16' } } as const;
    const { model, cache } = await makeCache(directory, `${family}, two kinds`, options);
    const greedy = golden.prompt.slice(0, 8);
    const { rows } = await forcedPasses(cache, greedy);
    const range = Math.max(...rows) - Math.min(...rows);
    const off = worstDifference(rows, await plainLogits(model, [...golden.prompt, ...greedy]));
    assert.ok(off < 1e-5 * range, `off by ${off} in a range of ${range}`);
  });

describe('of a mixture of experts', async () => {
  const { cache } = await makeCache(directory, 'experts', { ...variants.qwen2moe, kind: 'Q8_0' });
  const plan = cutPlan(cache, { rowBlocks: 2, slotCount: 3 });
  const ofExperts = new Map(
    cache.manifest.chunks.map(({ weights_id, experts }) => [weights_id, experts !== undefined]),
  );
  const streamed = (experts: boolean) =>
    plan.groups.reduce((sum, g) => (ofExperts.get(g.weights_id) === experts ? sum + g.aligned_size : sum), 0);
  const { count, used } = variants.qwen2moe.experts;

  test('only the chosen ones are read', async () => {
    await withEngine(cache, { plan }, async (engine) => {
      const sequence = await engine.allocateKvCache();
      const decodes = 12;
      for (const token of golden.prompt.slice(0, decodes))
        await engine.pass([{ sequence, tokens: [token] }], [0], [], false);
      const { bytesRead } = engine.totals.DECODE;
      // Groups of an expert differ in the pages they touch, by one each at most; the ring is read ahead.
      const expected = decodes * (streamed(false) + (streamed(true) * used) / count);
      const slack = 0.1 * expected;
      assert.ok(Math.abs(bytesRead - expected) < slack, `${bytesRead} bytes for ${expected}`);
      assert.ok(bytesRead + slack < decodes * (streamed(false) + streamed(true)), 'which is fewer than all');
    });
  });

  test('a flipped bit in one is never computed with', async () => {
    const tokens = golden.prompt.slice(0, 16);
    const logits = async (engine: Engine) => {
      const sequence = await engine.allocateKvCache();
      const bytes = await logitBytes(engine, [{ sequence, tokens }], [15]).catch(
        (error: { code: string }) => error.code,
      );
      await engine.freeSequence(sequence);
      return bytes;
    };
    const expected = await withEngine(cache, { plan: cutPlan(cache, { resident: everything }) }, logits);
    const outcomes = new Set<string>();
    for (let read = 0; read < plan.groups.length; read += 29) {
      const faults: InjectedFault[] = [{ kind: 'flip', read, count: 1, amount: 0 }];
      await withEngine(cache, { plan, faults }, async (engine) => {
        const struck = await logits(engine);
        if (typeof struck === 'string') assert.equal(struck, 'CHUNK_CORRUPT');
        else assert.deepEqual(struck, expected, `read ${read}`);
        outcomes.add(typeof struck === 'string' ? 'refused' : 'right');
        if (typeof struck === 'string') assert.deepEqual(await logits(engine), expected, `after read ${read}`);
      });
    }
    // The last reads are not reached: some experts are not chosen.
    assert.deepEqual([...outcomes].sort(), ['refused', 'right']);
  });
});

/** By onnxruntime-node, in a process of its own: [tokens][vocabulary]. */
async function plainLogits(model: string, tokens: number[]): Promise<Float32Array> {
  const exported = await exportPlainOnnx(model, join(directory, 'plain'));
  const out = join(directory, 'plain.f32');
  execFileSync(process.execPath, [runner, exported.model, '--out', out], { input: JSON.stringify(tokens) });
  const bytes = readFileSync(out);
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
}

function worstDifference(rows: Float32Array, expected: Float32Array): number {
  assert.equal(rows.length, expected.length);
  return rows.reduce((most, value, i) => Math.max(most, Math.abs(value - (expected[i] as number))), 0);
}

/** Logits of prompt and answer, [tokens][vocabulary], and the token picked after the prompt and after each answer. */
async function forcedPasses(cache: WeightCache, greedy: number[]): Promise<{ rows: Float32Array; picked: number[] }> {
  const { vocabularySize } = cache.manifest.model.config;
  const passes = [golden.prompt, ...greedy.map((token) => [token])];
  const plan = cutPlan(cache, {
    kvType: 'f32',
    contextLength: golden.contextLength,
    maxTokensPerPass: golden.prompt.length,
    maxLogitRows: golden.prompt.length,
  });
  return withEngine(cache, { plan, activations: 'f32' }, async (engine) => {
    const sequence = await engine.allocateKvCache();
    const rows = new Float32Array((golden.prompt.length + greedy.length) * vocabularySize);
    const picked: number[] = [];
    let end = 0;
    for (const tokens of passes) {
      const every = tokens.map((_, row) => row);
      const { logits } = await engine.pass([{ sequence, tokens }], every, [], true);
      rows.set(logits, end);
      end += logits.length;
      const last = logits.subarray(-vocabularySize);
      picked.push(last.indexOf(Math.max(...last)));
    }
    return { rows, picked: picked.slice(0, -1) };
  });
}
