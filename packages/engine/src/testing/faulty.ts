// A model and a plan that partly streams, what the course gives without faults, and how a call fails: for the tests of
// faults, plans and calls.
import assert from 'node:assert/strict';
import type { PrefetchPlan } from '@flash-slim/plan';
import type { WeightCache } from '@flash-slim/weight-cache';
import type { Engine } from '../engine.ts';
import { runCourse, testTokens } from './run.ts';
import { type Cut, cutPlan, everything, makeCache, testDirectory } from './tiny-model.ts';

export const directory = testDirectory();
// Groups of some pages: a fault is told by its bytes, and reads of neighbours share a page.
export const shape = { hiddenSize: 256, feedForwardSize: 512, layers: 2, heads: 4, kvHeads: 2, headSize: 64 };
const made = await makeCache(directory, 'faulty', { kind: 'Q4_1', shape });
export const cache: WeightCache = made.cache;
const another = await makeCache(directory, 'other', { kind: 'Q4_1', shape, seed: 99 });
export const other: WeightCache = another.cache;
export const some = (group: number): boolean => group % 3 === 1;
export const planOf = (cut: Cut = {}): PrefetchPlan =>
  cutPlan(cache, { rowBlocks: 8, slotCount: 3, resident: some, ...cut });
export const expected = await runCourse(cache, { plan: cutPlan(cache, { resident: everything }) });
export const plan = planOf();

export async function failureOf(work: Promise<unknown>): Promise<{ code: string; message: string }> {
  try {
    await work;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { code: String(code), message };
  }
  throw new assert.AssertionError({ message: 'no error came' });
}

export async function assertNothingLoaded(engine: Engine): Promise<void> {
  const pass = () => engine.pass([{ sequence: 0, tokens: testTokens(1) }], [0], [], true);
  for (const work of [pass, () => engine.allocateKvCache(), () => engine.truncateSequence(0, 0)])
    assert.deepEqual(await failureOf(work()), { code: 'INVALID_REQUEST', message: 'no plan is loaded' });
}
