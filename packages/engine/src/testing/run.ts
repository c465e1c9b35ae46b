// Passes over a fixed course of tokens, for tests that compare logits bit by bit.
import type { PrefetchPlan } from '@flash-slim/plan';
import type { WeightCache } from '@flash-slim/weight-cache';
import { Engine, type LoadOptions, type Part, type SamplerOptions } from '../engine.ts';

export const testToken = (position: number): number => (position * 37 + 11) % 280;
export const testTokens = (count: number, from = 0): number[] =>
  Array.from({ length: count }, (_, i) => testToken(from + i));

export const greedy: SamplerOptions = { temperature: 0, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1, seed: 1 };

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

export interface Step {
  from: number;
  count: number;
  rows: number[];
}

/** 13 tokens of prefill, four of them in a pass without logits, then 4 decode steps. */
export const courseSteps: Step[] = [
  { from: 0, count: 9, rows: [0, 3, 8] },
  { from: 9, count: 4, rows: [] },
  ...[13, 14, 15, 16].map((from) => ({ from, count: 1, rows: [0] })),
];

export const runStep = (engine: Engine, sequence: number, { from, count, rows }: Step): Promise<Buffer> =>
  logitBytes(engine, [{ sequence, tokens: testTokens(count, from) }], rows);

/** All logits of the course's steps. */
export async function course(engine: Engine): Promise<Buffer> {
  const sequence = await engine.allocateKvCache();
  const logits: Buffer[] = [];
  for (const step of courseSteps) logits.push(await runStep(engine, sequence, step));
  await engine.freeSequence(sequence);
  return Buffer.concat(logits);
}

export const runCourse = (
  cache: WeightCache,
  options: Partial<LoadOptions> & { plan: PrefetchPlan },
): Promise<Buffer> => withEngine(cache, options, course);
