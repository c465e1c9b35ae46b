// The engine's central promise: what a model says does not depend, in any bit, on how its weights come to it.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RandomGgufOptions } from '@flash-slim/model/testing';
import { deviceFacts } from '@flash-slim/native';
import { BudgetBelowFloorError, type PlanRequest, planPrefetch } from '@flash-slim/plan';
import type { WeightCache } from '@flash-slim/weight-cache';
import type { InjectedFault } from './engine.ts';
import { planRequest } from './testing/plan-request.ts';
import { course, logitBytes, runCourse, testTokens, withEngine } from './testing/run.ts';
import { type Cut, cutPlan, everything, makeCache, smallShape, testDirectory } from './testing/tiny-model.ts';

const directory = testDirectory();
const { kernels, ioUring } = deviceFacts();
const readers = ioUring ? (['pread', 'io_uring'] as const) : (['pread'] as const);
const residentCourse = (cache: WeightCache, cut: Cut = {}) =>
  runCourse(cache, { plan: cutPlan(cache, { ...cut, resident: everything }) });

/** For the K types, whose blocks have 256 values. */
const wideShape = { ...smallShape, hiddenSize: 256, feedForwardSize: 512, heads: 8, kvHeads: 2 };

const models: Record<string, RandomGgufOptions> = {
  'Q4_0, tied': { kind: 'Q4_0' },
  'Q4_1, untied, odd vocabulary': { kind: 'Q4_1', tiedHead: false, vocabularySize: 283 },
  'Q8_0, tied, odd vocabulary': { kind: 'Q8_0', vocabularySize: 283 },
  'Q4_K and Q6_K mixed, tied': {
    kind: 'Q4_K',
    shape: wideShape,
    kinds: { 'blk.0.attn_v.weight': 'Q6_K', 'blk.1.ffn_down.weight': 'Q6_K' },
  },
  'Q5_K, embedding Q4_K, untied': { kind: 'Q5_K', embeddingKind: 'Q4_K', tiedHead: false, shape: wideShape },
  'Q5_0, tied': { kind: 'Q5_0', embeddingKind: 'Q5_0' },
  'Q5_1, untied': { kind: 'Q5_1', embeddingKind: 'Q5_1', tiedHead: false },
  'BF16, tied': { kind: 'BF16' },
  'F16, untied': { kind: 'F16', tiedHead: false },
  'F32, tied': { kind: 'F32' },
};

/** Plans from all streamed through the fewest slots to almost all resident. */
const cuts: Record<string, Cut> = {
  'whole chunks, 2 slots': {},
  'whole chunks, 3 slots': { slotCount: 3 },
  'groups of 1 row block, 2 slots': { rowBlocks: 1 },
  'groups of 1 row block, 8 slots': { rowBlocks: 1, slotCount: 8 },
  'groups of 3 row blocks, 5 slots, every third resident': { rowBlocks: 3, slotCount: 5, resident: (g) => g % 3 === 1 },
  'groups of 5 row blocks, 4 slots, first half resident': { rowBlocks: 5, slotCount: 4, resident: (g) => g < 20 },
  'groups of 7 row blocks, 7 slots, all but every ninth resident': {
    rowBlocks: 7,
    slotCount: 7,
    resident: (g) => g % 9 !== 4,
  },
  'one group streamed through 6 slots': { rowBlocks: 16, slotCount: 6, resident: (g) => g !== 3 },
};

for (const [name, options] of Object.entries(models)) {
  describe(name, async () => {
    const { cache } = await makeCache(directory, name, options);
    for (const kvType of ['f16', 'f32'] as const) {
      const expected = await residentCourse(cache, { kvType });
      for (const [cutName, cut] of Object.entries(cuts)) {
        test(`kv ${kvType}: ${cutName}`, async () => {
          const plan = cutPlan(cache, { ...cut, kvType });
          for (const reader of readers)
            for (const threads of [1, 2, 3])
              assert.ok(
                expected.equals(await runCourse(cache, { plan, reader, threads })),
                `${reader}, ${threads} threads`,
              );
        });
      }
    }

    test('every kernel gives the same', async () => {
      for (const activations of ['int8', 'f32'] as const) {
        const plan = cutPlan(cache, { rowBlocks: 3, slotCount: 3 });
        const runs = await Promise.all(kernels.map((kernel) => runCourse(cache, { plan, kernel, activations })));
        for (const [i, run] of runs.entries())
          assert.ok(run.equals(runs[0] as Buffer), `${activations}: ${kernels[i]} and ${kernels[0]}`);
      }
    });
  });
}

test('the comparisons compare something', async () => {
  const { cache } = await makeCache(directory, 'lively');
  const half = await residentCourse(cache, { kvType: 'f16' });
  const logits = new Float32Array(half.buffer, half.byteOffset, half.length / 4);
  assert.equal(logits.length, 7 * cache.manifest.model.config.vocabularySize);
  assert.ok(logits.every(Number.isFinite));
  assert.ok(new Set(logits).size > logits.length / 2, 'logits differ from one another');
  assert.ok(!half.equals(await residentCourse(cache, { kvType: 'f32' })), 'the KV type shows in the logits');
});

describe('under any budget', async () => {
  // 20 MB: slots come in huge pages, so a smaller model would stay resident under every budget.
  const shape = { hiddenSize: 256, feedForwardSize: 1024, layers: 4, heads: 4, kvHeads: 2, headSize: 64 };
  const { cache } = await makeCache(directory, 'budgets', { kind: 'F32', shape });
  const request = (memoryBudgetBytes: number, strategy: PlanRequest['strategy'] = 'resident'): PlanRequest => ({
    ...planRequest(cache, memoryBudgetBytes),
    strategy,
  });
  const floorOf = (strategy: PlanRequest['strategy']): number => {
    try {
      planPrefetch(request(1, strategy));
    } catch (error) {
      if (error instanceof BudgetBelowFloorError) return error.floorBytes;
      throw error;
    }
    throw new Error('a budget of one byte was planned for');
  };
  const expected = await residentCourse(cache);
  const floor = floorOf('resident');
  const most = 24e6;
  const residentShares = new Set<number>();
  const points = 10;
  for (let i = 0; i <= points; i++) {
    const budget = Math.ceil(floor + ((most - floor) * i) / points);
    test(`${Math.round(budget / 1e6)} MB`, async () => {
      const plan = planPrefetch(request(budget));
      residentShares.add(plan.metadata.streamed_bytes_per_pass);
      if (i === 0) assert.ok(plan.metadata.streamed_bytes_per_pass > 0, 'the floor streams');
      if (i === points) assert.equal(plan.metadata.streamed_bytes_per_pass, 0, 'the most streams nothing');
      for (const reader of readers)
        assert.ok(expected.equals(await runCourse(cache, { plan, reader, threads: 2 })), reader);
    });
  }
  test('these were different plans', () => assert.ok(residentShares.size >= 5, [...residentShares].join()));
  for (const strategy of ['simple', 'rechunk'] as const)
    test(`the floor of strategy ${strategy}`, async () => {
      const plan = planPrefetch(request(floorOf(strategy), strategy));
      assert.ok(expected.equals(await runCourse(cache, { plan, threads: 2 })));
    });
});

describe('however short the reads', async () => {
  const { cache } = await makeCache(directory, 'short', { kind: 'F32' });
  const expected = await residentCourse(cache);
  const always = 1e9;
  const patterns: Record<string, InjectedFault[]> = {
    'a page at a time': [{ kind: 'short', read: 0, count: always, amount: 4096 }],
    'no whole number of pages': [{ kind: 'short', read: 0, count: always, amount: 5000 }],
    'five pages at a time': [{ kind: 'short', read: 0, count: always, amount: 20480 }],
    'less than a page, once': [{ kind: 'short', read: 4, count: 1, amount: 100 }],
    'nothing, once': [{ kind: 'eof', read: 7, count: 1, amount: 0 }],
    'now long, now short': Array.from({ length: 40 }, (_, i) => ({
      kind: 'short',
      read: 3 * i,
      count: 1,
      amount: 4096 + 1777 * i,
    })),
    'late and out of order': [{ kind: 'delay', read: 2, count: 3, amount: 5 }],
  };
  for (const [name, faults] of Object.entries(patterns))
    test(name, async () => {
      for (const reader of readers)
        for (const slotCount of [2, 5]) {
          const plan = cutPlan(cache, { slotCount, rowBlocks: slotCount === 2 ? undefined : 13 });
          const run = await runCourse(cache, { plan, reader, faults, threads: 2 });
          assert.ok(expected.equals(run), `${reader}, ${slotCount} slots`);
        }
    });
});

describe('however tokens are laid into passes', async () => {
  const { cache } = await makeCache(directory, 'passes', { kind: 'Q4_1' });
  const streamedPlan = (cut: Cut = {}) => cutPlan(cache, { rowBlocks: 4, slotCount: 3, ...cut });
  const tokens = testTokens(21);

  /** Logits after each of the tokens, in passes of `most`. */
  const inPassesOf = (most: number): Promise<Buffer> =>
    withEngine(cache, { plan: streamedPlan({ maxTokensPerPass: most, maxLogitRows: most }) }, async (engine) => {
      const sequence = await engine.allocateKvCache();
      const logits: Buffer[] = [];
      for (let begin = 0; begin < tokens.length; begin += most) {
        const part = tokens.slice(begin, begin + most);
        logits.push(await logitBytes(engine, [{ sequence, tokens: part }], [...part.keys()]));
      }
      return Buffer.concat(logits);
    });

  test('a prompt in passes of 1, 3, 7 tokens is as at once', async () => {
    const atOnce = await inPassesOf(tokens.length);
    for (const most of [1, 3, 7]) assert.ok(atOnce.equals(await inPassesOf(most)), `${most} tokens a pass`);
  });

  test('sequences in one pass are as each alone', async () => {
    const starts = [0, 50, 100];
    // Rounds of a ragged mixture: how many tokens each sequence adds, prefill and decode side by side.
    const rounds = [
      [5, 0, 1],
      [1, 7, 3],
      [1, 1, 0],
      [40, 1, 1],
      [1, 1, 1],
    ];
    const plan = streamedPlan({ maxSequences: 3, maxTokensPerPass: 48, maxLogitRows: 48 });
    const run = (who: number[]): Promise<Buffer[]> =>
      withEngine(cache, { plan, threads: 2 }, async (engine) => {
        const sequences = new Map<number, number>();
        for (const i of who) sequences.set(i, await engine.allocateKvCache());
        const logits = starts.map((): Buffer[] => []);
        const lengths = starts.map(() => 0);
        for (const round of rounds) {
          const parts = who.filter((i) => round[i] !== 0);
          if (parts.length === 0) continue;
          const counts = parts.map((i) => round[i] as number);
          const total = counts.reduce((a, b) => a + b);
          const bytes = await logitBytes(
            engine,
            parts.map((i) => ({
              sequence: sequences.get(i) as number,
              tokens: testTokens(round[i] as number, (starts[i] as number) + (lengths[i] as number)),
            })),
            Array.from({ length: total }, (_, row) => row),
          );
          let at = 0;
          parts.forEach((i, p) => {
            const size = ((counts[p] as number) * bytes.length) / total;
            logits[i]?.push(bytes.subarray(at, at + size));
            at += size;
            lengths[i] = (lengths[i] as number) + (counts[p] as number);
          });
        }
        return logits.map((l) => Buffer.concat(l));
      });
    const together = await run([0, 1, 2]);
    for (const i of [0, 1, 2]) {
      const alone = (await run([i]))[i] as Buffer;
      assert.ok(alone.length > 0 && alone.equals(together[i] as Buffer), `sequence ${i}`);
    }
  });

  test('tokens taken back and decoded again', async () => {
    await withEngine(cache, { plan: streamedPlan({ maxTokensPerPass: 48 }) }, async (engine) => {
      const fresh = await course(engine);
      const sequence = await engine.allocateKvCache();
      // Past a KV block of 32 positions, so that blocks are given back too.
      await engine.pass([{ sequence, tokens: testTokens(9) }], [], [], false);
      await engine.pass([{ sequence, tokens: testTokens(40, 200) }], [], [], false);
      await engine.truncateSequence(sequence, 9);
      const logits = [await logitBytes(engine, [{ sequence, tokens: testTokens(4, 9) }], [])];
      for (let position = 13; position < 17; position++)
        logits.push(await logitBytes(engine, [{ sequence, tokens: testTokens(1, position) }], [0]));
      assert.ok(fresh.subarray(-4 * 4 * cache.manifest.model.config.vocabularySize).equals(Buffer.concat(logits)));
      await engine.truncateSequence(sequence, 0);
      await engine.freeSequence(sequence);
      assert.ok(fresh.equals(await course(engine)), 'another sequence after it');
    });
  });
});
