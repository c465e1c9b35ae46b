// Calls that must fail: plans of other weights, aborts at any moment, requests that make no sense. Nothing is left behind.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PlanGroup } from '@flash-slim/plan';
import { Engine, type InjectedFault, type LoadOptions } from './engine.ts';
import { assertNothingLoaded, cache, expected, failureOf, other, plan, planOf } from './testing/faulty.ts';
import { course, courseSteps, logitBytes, runStep, testTokens, withEngine } from './testing/run.ts';
import { cutPlan } from './testing/tiny-model.ts';

describe('plans that do not fit', () => {
  test('made for another weight cache', async () => {
    const engine = await Engine.open(cache);
    try {
      const failure = await failureOf(engine.load({ plan: cutPlan(other), threads: 1 }));
      assert.equal(failure.code, 'PLAN_STALE');
      assert.match(failure.message, /plan again with flash-slim plan/);
      await assertNothingLoaded(engine);
    } finally {
      await engine.close();
    }
  });

  const groups = plan.groups;
  const damages: Record<string, PlanGroup[]> = {
    'a group left out': groups.filter((_, i) => i !== 5),
    'a group twice': groups.flatMap((group, i) => (i === 5 ? [group, group] : [group])),
    'groups out of order': [groups[1] as PlanGroup, groups[0] as PlanGroup, ...groups.slice(2)],
    'past the chunk': groups.map((group, i) => (i === groups.length - 1 ? { ...group, row_block_end: 1e6 } : group)),
    'an unknown chunk': groups.map((group, i) => (i === groups.length - 1 ? { ...group, weights_id: 1000 } : group)),
    'no groups': [],
  };
  for (const [name, damaged] of Object.entries(damages))
    test(name, async () => {
      const engine = await Engine.open(cache);
      try {
        const failure = await failureOf(engine.load({ plan: { ...plan, groups: damaged }, threads: 1 }));
        assert.equal(failure.code, 'PLAN_INVALID');
        assert.match(failure.message, /plan again with flash-slim plan/);
        await assertNothingLoaded(engine);
        await engine.load({ plan, threads: 1 });
        assert.ok(expected.equals(await course(engine)));
      } finally {
        await engine.close();
      }
    });

  test('checksums of other bytes', async () => {
    const wrong = plan.groups.map((group) => ({ ...group, crc32c: group.resident ? group.crc32c : '00000000' }));
    await withEngine(cache, { plan: { ...plan, groups: wrong }, threads: 1 }, async (engine) => {
      const sequence = await engine.allocateKvCache();
      const failure = await failureOf(logitBytes(engine, [{ sequence, tokens: testTokens(1) }], [0]));
      assert.equal(failure.code, 'CHUNK_CORRUPT');
    });
  });
});

describe('aborted', () => {
  const late: InjectedFault = { kind: 'delay', read: 0, count: 1e9, amount: 20 };
  const options = (signal: AbortSignal, faults: InjectedFault[] = []): LoadOptions => ({
    plan,
    threads: 2,
    signal,
    faults,
  });

  test('while loading, at once and later; then loaded again', async () => {
    const engine = await Engine.open(cache);
    try {
      for (const afterMs of [null, 0, 30]) {
        const abort = new AbortController();
        const load = engine.load(options(abort.signal, [{ ...late, residents: true }]));
        if (afterMs === null) abort.abort();
        else setTimeout(() => abort.abort(), afterMs);
        assert.equal((await failureOf(load)).code, 'CANCELLED');
        assert.deepEqual(await failureOf(engine.allocateKvCache()), {
          code: 'INVALID_REQUEST',
          message: 'no plan is loaded',
        });
      }
      await engine.load({ plan, threads: 2 });
      assert.ok(expected.equals(await course(engine)));
    } finally {
      await engine.close();
    }
  });

  test('before a pass has begun, and while it runs; then the engine is loaded with another signal', async () => {
    const engine = await Engine.open(cache);
    try {
      for (const afterMs of [null, 0, 30]) {
        const abort = new AbortController();
        await engine.load(options(abort.signal, [late]));
        const sequence = await engine.allocateKvCache();
        const pass = engine.pass([{ sequence, tokens: testTokens(9) }], [8], [], true);
        if (afterMs === null) abort.abort();
        else setTimeout(() => abort.abort(), afterMs);
        assert.equal((await failureOf(pass)).code, 'CANCELLED');
        assert.equal((await failureOf(engine.pass([{ sequence, tokens: [1] }], [0], [], true))).code, '20');
        await engine.load({ plan, threads: 2 });
        assert.ok(expected.equals(await course(engine)), `${afterMs} ms`);
      }
    } finally {
      await engine.close();
    }
  });

  test('cancelled and closed at the same time', async () => {
    for (let i = 0; i < 10; i++) {
      const engine = await Engine.open(cache);
      const abort = new AbortController();
      await engine.load(options(abort.signal, [{ ...late, amount: 2 }]));
      const sequence = await engine.allocateKvCache();
      const pass = failureOf(engine.pass([{ sequence, tokens: testTokens(3) }], [0], [], true));
      const closed = engine.close();
      abort.abort();
      assert.equal((await pass).code, 'CANCELLED');
      await closed;
      assert.equal(engine.dumpStatus(), 'closed\n');
      assert.equal((await failureOf(engine.allocateKvCache())).code, 'CLOSED');
    }
  });
});

describe('requests that make no sense change nothing', async () => {
  const roomy = planOf({ maxSequences: 2, contextLength: 40 });
  const requests: [string, string, (engine: Engine, sequence: number, second: number) => Promise<unknown>][] = [
    ['no tokens', 'INVALID_REQUEST', (engine) => engine.pass([], [], [], false)],
    [
      'a part of none',
      'INVALID_REQUEST',
      (e, s, t) =>
        e.pass(
          [
            { sequence: s, tokens: [1] },
            { sequence: t, tokens: [] },
          ],
          [],
          [],
          false,
        ),
    ],
    [
      'more tokens than the plan has room for',
      'INVALID_REQUEST',
      (e, s) => e.pass([{ sequence: s, tokens: testTokens(17) }], [], [], false),
    ],
    [
      'more logits than the plan has room for',
      'INVALID_REQUEST',
      (e, s) => e.pass([{ sequence: s, tokens: [1] }], new Array(17).fill(0), [], false),
    ],
    ['a row outside the pass', 'INVALID_REQUEST', (e, s) => e.pass([{ sequence: s, tokens: [1] }], [1], [], false)],
    [
      'a sequence twice',
      'INVALID_REQUEST',
      (e, s) =>
        e.pass(
          [
            { sequence: s, tokens: [1] },
            { sequence: s, tokens: [2] },
          ],
          [],
          [],
          false,
        ),
    ],
    ['a token below the vocabulary', 'INVALID_TOKEN', (e, s) => e.pass([{ sequence: s, tokens: [-1] }], [], [], false)],
    [
      'a token above the vocabulary',
      'INVALID_TOKEN',
      (e, s) => e.pass([{ sequence: s, tokens: [1, 1e6] }], [], [], false),
    ],
    [
      'an unknown sequence after a known one',
      'UNKNOWN_SEQUENCE',
      (e, s) =>
        e.pass(
          [
            { sequence: s, tokens: [1] },
            { sequence: 99, tokens: [1] },
          ],
          [],
          [],
          false,
        ),
    ],
    ['an unknown sampler', 'INVALID_REQUEST', (e, s) => e.pass([{ sequence: s, tokens: [1] }], [0], [99], false)],
    [
      'samplers for some of the rows',
      'INVALID_REQUEST',
      (e, s) => e.pass([{ sequence: s, tokens: [1, 2] }], [0, 1], [0], false),
    ],
    ['one sequence too many', 'TOO_MANY_SEQUENCES', (engine) => engine.allocateKvCache()],
    [
      'a context that is full, of the second sequence',
      'CONTEXT_FULL',
      async (e, s, t) => {
        for (let i = 0; i < 3; i++) await e.pass([{ sequence: t, tokens: testTokens(13) }], [], [], false);
        return e.pass(
          [
            { sequence: s, tokens: [1] },
            { sequence: t, tokens: [1, 2] },
          ],
          [],
          [],
          false,
        );
      },
    ],
  ];
  for (const [name, code, request] of requests)
    test(name, async () => {
      await withEngine(cache, { plan: roomy, threads: 2 }, async (engine) => {
        const sequence = await engine.allocateKvCache();
        const second = await engine.allocateKvCache();
        const logits: Buffer[] = [];
        for (const step of courseSteps) {
          assert.equal((await failureOf(request(engine, sequence, second))).code, code);
          await engine.truncateSequence(second, 0);
          logits.push(await runStep(engine, sequence, step));
        }
        assert.ok(expected.equals(Buffer.concat(logits)));
      });
    });

  test('a plan for no threads', async () => {
    const engine = await Engine.open(cache);
    try {
      assert.equal((await failureOf(engine.load({ plan, threads: 0 }))).code, 'INVALID_REQUEST');
    } finally {
      await engine.close();
    }
  });
});
