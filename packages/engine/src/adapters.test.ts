// Low-rank adapters: beside the streamed weight they give what merging them into it gives, each sequence its own.
import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { importModel } from '@flash-slim/model';
import { readLoraAdapter } from '@flash-slim/model/lora';
import {
  mergeAdapter,
  type RandomAdapterOptions,
  writeFolderFromGguf,
  writeRandomAdapter,
} from '@flash-slim/model/testing';
import { buildWeightCache, openWeightCache, type WeightCache } from '@flash-slim/weight-cache';
import type { AdapterUse, Engine } from './engine.ts';
import { logitBytes, testTokens, withEngine } from './testing/run.ts';
import { cutPlan, everything, makeCache, smallShape, testDirectory } from './testing/tiny-model.ts';

const directory = testDirectory();
const { model, cache } = await makeCache(directory, 'base', { kind: 'F32' });
const floats = { kvType: 'f32', resident: everything, maxSequences: 4 } as const;

async function adapterOf(of: WeightCache, path: string) {
  const chunks = of.manifest.chunks.map((chunk) => ({
    weightsId: chunk.weights_id,
    name: chunk.name,
    rows: chunk.rows,
    columns: chunk.columns,
    paired: chunk.arrangement === 'row-blocks-alternating',
  }));
  return readLoraAdapter(path, { config: of.manifest.model.config, chunks, graph: await of.readGraph() });
}

const written = (name: string, options: RandomAdapterOptions = {}) => {
  const path = join(directory, name);
  return { path, adapter: writeRandomAdapter(path, smallShape, options) };
};

/** Logits of a prefill and three decode steps of one sequence. */
async function logitsOf(engine: Engine, adapters: AdapterUse[] = []): Promise<Float32Array> {
  const sequence = await engine.allocateKvCache();
  const passes = [testTokens(9), testTokens(1, 9), testTokens(1, 10), testTokens(1, 11)];
  const bytes: Buffer[] = [];
  for (const tokens of passes)
    bytes.push(await logitBytes(engine, [{ sequence, tokens, adapters }], [tokens.length - 1]));
  await engine.freeSequence(sequence);
  return new Float32Array(Uint8Array.from(Buffer.concat(bytes)).buffer);
}

async function merged(name: string, options: RandomAdapterOptions[], times: number[]): Promise<Float32Array> {
  const path = join(directory, `${name}.gguf`);
  copyFileSync(model, path);
  for (const [i, one] of options.entries()) {
    await mergeAdapter(path, written(`${name}-${i}`, one).adapter, smallShape.headSize, times[i]);
  }
  await buildWeightCache(await importModel(path), `${path}.fsw`);
  const of = await openWeightCache(`${path}.fsw`);
  return withEngine(of, { plan: cutPlan(of, floats), activations: 'f32' }, (engine) => logitsOf(engine));
}

function assertClose(actual: Float32Array, expected: Float32Array): void {
  const [least, most] = [Math.min(...expected), Math.max(...expected)];
  const worst = actual.reduce((far, value, i) => Math.max(far, Math.abs(value - (expected[i] as number))), 0);
  assert.equal(actual.length, expected.length);
  assert.ok(worst < 2e-5 * (most - least), `${worst} of a range of ${most - least}`);
}

const plain = await withEngine(cache, { plan: cutPlan(cache, floats), activations: 'f32' }, (engine) =>
  logitsOf(engine),
);

describe('merged and unmerged agree', () => {
  const cases: Record<string, RandomAdapterOptions> = {
    'every linear module': {},
    'q and k alone, whose rows lie otherwise in GGUF': { targets: ['q_proj', 'k_proj'], rank: 7 },
    'gate and up, before their activation': { targets: ['gate_proj', 'up_proj'], rank: 3 },
    'rank-stabilized, bf16': { rank: 16, alpha: 4, dtype: 'BF16', config: { use_rslora: true } },
  };
  for (const [name, options] of Object.entries(cases)) {
    test(name, async () => {
      const slug = name.replaceAll(/\W+/g, '-');
      const expected = await merged(slug, [options], [1]);
      const { path } = written(`${slug}-own`, options);
      const adapter = await adapterOf(cache, path);
      const count = smallShape.layers * (options.targets?.length ?? 7);
      assert.equal(adapter.modules.length, count);
      for (const threads of [1, 3]) {
        await withEngine(cache, { plan: cutPlan(cache, floats), activations: 'f32', threads }, async (engine) => {
          const id = await engine.addAdapter(adapter.read());
          const actual = await logitsOf(engine, [{ adapter: id, scale: 1 }]);
          assertClose(actual, expected);
          assert.ok(
            actual.some((value, i) => Math.abs(value - (plain[i] as number)) > 0.01),
            'it changes something',
          );
        });
      }
    });
  }

  test('two at once, scaled', async () => {
    const options = [{ seed: 5 }, { seed: 6, targets: ['down_proj', 'v_proj'] }];
    const expected = await merged('two', options, [0.5, -1.5]);
    await withEngine(cache, { plan: cutPlan(cache, floats), activations: 'f32' }, async (engine) => {
      const uses: AdapterUse[] = [];
      for (const [i, scale] of [0.5, -1.5].entries()) {
        const { path } = written(`two-own-${i}`, options[i]);
        uses.push({ adapter: await engine.addAdapter((await adapterOf(cache, path)).read()), scale });
      }
      assertClose(await logitsOf(engine, uses), expected);
    });
  });

  test('on a folder of the same weights, whose rows are in the authors’ order', async () => {
    const folder = join(directory, 'folder');
    await writeFolderFromGguf(model, folder, { dtype: 'F32' });
    await buildWeightCache(await importModel(folder, { quantize: 'none' }), join(directory, 'folder.fsw'));
    const of = await openWeightCache(join(directory, 'folder.fsw'));
    const { path } = written('for-both');
    const both = await Promise.all(
      [cache, of].map((one) =>
        withEngine(one, { plan: cutPlan(one, floats), activations: 'f32' }, async (engine) => {
          const id = await engine.addAdapter((await adapterOf(one, path)).read());
          return logitsOf(engine, [{ adapter: id, scale: 1 }]);
        }),
      ),
    );
    assertClose(both[1] as Float32Array, both[0] as Float32Array);
  });
});

test('each sequence of a pass has its own adapter, or none, to the bit', async () => {
  const paths = [written('first', { seed: 8 }).path, written('second', { seed: 9, rank: 2 }).path];
  await withEngine(cache, { plan: cutPlan(cache, { ...floats, maxTokensPerPass: 32 }), threads: 2 }, async (engine) => {
    const uses: AdapterUse[][] = [[]];
    for (const path of paths) {
      uses.push([{ adapter: await engine.addAdapter((await adapterOf(cache, path)).read()), scale: 1 }]);
    }
    const alone: Buffer[] = [];
    for (const [i, adapters] of uses.entries()) {
      const sequence = await engine.allocateKvCache();
      alone.push(await logitBytes(engine, [{ sequence, tokens: testTokens(5 + i, i), adapters }], [4 + i]));
      await engine.freeSequence(sequence);
    }
    const parts = [];
    for (const [i, adapters] of uses.entries()) {
      parts.push({ sequence: await engine.allocateKvCache(), tokens: testTokens(5 + i, i), adapters });
    }
    assert.ok(Buffer.concat(alone).equals(await logitBytes(engine, parts, [4, 10, 17])));
    assert.ok(!(alone[0] as Buffer).equals(alone[1] as Buffer));
  });
});

test('streamed is resident, to the bit, and a freed adapter is gone', async () => {
  const { path } = written('streamed', { seed: 4 });
  const quantized = await makeCache(directory, 'quantized', { kind: 'Q4_0' });
  const run = (cut: Parameters<typeof cutPlan>[1]) =>
    withEngine(quantized.cache, { plan: cutPlan(quantized.cache, cut), threads: 2 }, async (engine) => {
      const id = await engine.addAdapter((await adapterOf(quantized.cache, path)).read());
      const logits = await logitsOf(engine, [{ adapter: id, scale: 1 }]);
      await engine.freeAdapter(id);
      await assert.rejects(logitsOf(engine, [{ adapter: id, scale: 1 }]), { code: 'INVALID_REQUEST' });
      return logits;
    });
  const expected = await run({ resident: everything });
  for (const rowBlocks of [1, 3, 5]) assert.deepEqual(await run({ rowBlocks, slotCount: 3 }), expected);
});

test('a module that does not fit is refused', async () => {
  await withEngine(cache, { plan: cutPlan(cache, floats) }, async (engine) => {
    const module = {
      weightsId: 0,
      rowBegin: 0,
      pairSide: -1,
      rows: 8,
      columns: 128,
      rank: 1,
      scale: 1,
      interleavedHead: 0,
    };
    const add = (change: object) =>
      engine.addAdapter(
        (async function* () {
          yield { ...module, a: new Float32Array(128), b: new Float32Array(8), ...change };
        })(),
      );
    const head = cache.manifest.chunks.findIndex((chunk) => chunk.head);
    await add({});
    for (const change of [
      { weightsId: 99 },
      { weightsId: head },
      { rowBegin: 100_000 },
      { pairSide: 0 },
      { columns: 64 },
      { rank: 0 },
      { b: new Float32Array(7) },
      { interleavedHead: 3 },
    ])
      await assert.rejects(add(change), { code: 'INVALID_REQUEST' }, JSON.stringify(change));
  });
});
