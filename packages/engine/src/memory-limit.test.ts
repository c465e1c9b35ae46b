import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { BudgetBelowFloorError, planPrefetch } from '@flash-slim/plan';
import type { MemoryWatch } from './engine.ts';
import { MemoryLimit, planForBudget } from './memory-limit.ts';
import { planRequest } from './testing/plan-request.ts';
import { courseSteps, runCourse, runStep, withEngine } from './testing/run.ts';
import { cutPlan, everything, makeCache, testDirectory } from './testing/tiny-model.ts';

const directory = testDirectory();

test('the least limit, read anew at each look', () => {
  const paths = ['a', 'b', 'c'].map((name) => join(directory, name));
  const [a, b, c] = paths as [string, string, string];
  writeFileSync(a, 'max\n');
  writeFileSync(b, '9223372036854771712\n');
  writeFileSync(c, '500000000\n');
  const limit = new MemoryLimit(paths);
  assert.equal(limit.bytes(), 500_000_000);
  writeFileSync(b, '4096\n');
  assert.equal(limit.bytes(), 4096);
  writeFileSync(b, 'max\n');
  writeFileSync(c, 'max\n');
  assert.equal(limit.bytes(), null);
  limit.close();
});

test('this process has limits to look at, or none', () => {
  const limit = new MemoryLimit();
  const bytes = limit.bytes();
  assert.ok(bytes === null || bytes > 1e6, String(bytes));
  limit.close();
});

function floorOf(plan: () => unknown): number {
  try {
    plan();
  } catch (error) {
    if (error instanceof BudgetBelowFloorError) return error.floorBytes;
  }
  throw new Error('a budget of one byte was planned for');
}

describe('a limit that falls while the engine runs', async () => {
  // 20 MB: slots come in huge pages, so a smaller model would stay resident under every budget.
  const shape = { hiddenSize: 256, feedForwardSize: 1024, layers: 4, heads: 4, kvHeads: 2, headSize: 64 };
  const { cache } = await makeCache(directory, 'shed', { kind: 'F32', shape });
  const request = planRequest(cache, 40e6);
  const expected = await runCourse(cache, { plan: cutPlan(cache, { resident: everything }) });
  const plan = planPrefetch(request);
  assert.equal(plan.metadata.streamed_bytes_per_pass, 0);
  const floor = floorOf(() => planForBudget(request.cmt, plan, 1));
  const between = (share: number): number => Math.round(floor + share * plan.metadata.weights_bytes);
  const watch = (limitBytes: () => number | null): MemoryWatch => ({
    limitBytes,
    replan: (budgetBytes, current) => planForBudget(request.cmt, current, budgetBytes),
  });

  for (const threads of [1, 2])
    test(`residents are shed between passes, sequences stay, ${threads} threads`, async () => {
      let limit: number | null = null;
      await withEngine(cache, { plan, threads, memory: watch(() => limit) }, async (engine) => {
        const limits = [null, 40e6, between(0.95), between(0.8), between(0.7), floor];
        const streamed: number[] = [];
        const logits: Buffer[] = [];
        const sequence = await engine.allocateKvCache();
        for (const [i, step] of courseSteps.entries()) {
          limit = limits[i] as number | null;
          logits.push(await runStep(engine, sequence, step));
          const { metadata } = engine.plan;
          assert.ok(limit === null || metadata.ledger.budget_bytes <= limit, `budget under ${limit}`);
          streamed.push(metadata.streamed_bytes_per_pass);
        }
        assert.ok(expected.equals(Buffer.concat(logits)));
        assert.ok(new Set(streamed).size >= 3, streamed.join());
        assert.deepEqual(
          streamed,
          streamed.toSorted((a, b) => a - b),
        );
      });
    });

  test('below the floor a typed error comes, until the limit rises again', async () => {
    let limit: number | null = null;
    await withEngine(cache, { plan, threads: 2, memory: watch(() => limit) }, async (engine) => {
      const sequence = await engine.allocateKvCache();
      const logits: Buffer[] = [];
      for (const step of courseSteps) {
        limit = 2e6;
        await assert.rejects(runStep(engine, sequence, step), {
          code: 'MEMORY_LIMIT_LOWERED',
          message:
            /^the memory limit fell to 2000000 bytes, and the plan holds \d+: .*; raise the limit, or start again/,
        });
        limit = floor;
        logits.push(await runStep(engine, sequence, step));
      }
      assert.ok(expected.equals(Buffer.concat(logits)));
    });
  });

  test('a limit of the budget, which the kernel keeps in whole pages, changes nothing', async () => {
    const { budget_bytes: budget } = plan.metadata.ledger;
    const limits = watch(() => budget - (budget % 4096));
    const course = runCourse(cache, { plan, memory: { ...limits, replan: () => assert.fail('replanned') } });
    assert.ok(expected.equals(await course));
  });
});
