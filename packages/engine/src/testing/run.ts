// Passes over a fixed course of tokens, for tests that compare logits bit by bit.
import type { PrefetchPlan } from '@flash-slim/plan';
import type { WeightCache } from '@flash-slim/weight-cache';
import { Engine, type LoadOptions, type Part } from '../engine.ts';

export const testToken = (position: number): number => (position * 37 + 11) % 280;
export const testTokens = (count: number, from = 0): number[] =>
  Array.from({ length: count }, (_, i) => testToken(from + i));

/** Opens and loads an engine for `use`, and closes it. */
export async function withEngine<T>(
  cache: WeightCache,
  options: Partial<LoadOptions> & { plan: PrefetchPlan },
  use: (engine: Engine) => Promise<T>,
): Promise<T> {
  const engine = await Engine.open(cache);
  try {
    await engine.load({ threads: 1, ...options });
    return await use(engine);
  } finally {
    await engine.close();
  }
}

/** The logits' bytes: equal only where every bit is. */
export async function logitBytes(engine: Engine, parts: Part[], rows: number[]): Promise<Buffer> {
  const { logits } = await engine.pass(parts, rows, [], true);
  return Buffer.from(logits.buffer, logits.byteOffset, logits.byteLength);
}

/** 13 tokens of prefill, four of them in a pass without logits, then 4 decode steps: all their logits. */
export async function course(engine: Engine): Promise<Buffer> {
  const sequence = await engine.allocateKvCache();
  const step = (from: number, count: number, rows: number[]) =>
    logitBytes(engine, [{ sequence, tokens: testTokens(count, from) }], rows);
  const logits = [await step(0, 9, [0, 3, 8]), await step(9, 4, [])];
  for (let position = 13; position < 17; position++) logits.push(await step(position, 1, [0]));
  await engine.freeSequence(sequence);
  return Buffer.concat(logits);
}

export const runCourse = (
  cache: WeightCache,
  options: Partial<LoadOptions> & { plan: PrefetchPlan },
): Promise<Buffer> => withEngine(cache, options, course);
