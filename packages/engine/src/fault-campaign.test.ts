// A thousand faults, drawn by kind, chunk and phase from a seed that is printed: never a wrong logit, never a crash or a hang,
// and every error says which chunk and what to do. FLASH_SLIM_FAULT_SEED repeats a run, FLASH_SLIM_FAULTS changes its length.
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import type { RandomGgufOptions } from '@flash-slim/model/testing';
import { deviceFacts } from '@flash-slim/native';
import type { PlanGroup } from '@flash-slim/plan';
import {
  describeTrial,
  fileKinds,
  kinds,
  ownFile,
  type Phase,
  runTrial,
  type Subject,
  type Trial,
} from './testing/fault-trial.ts';
import { courseSteps, runStep, withEngine } from './testing/run.ts';
import { cutPlan, everything, makeCache, testDirectory } from './testing/tiny-model.ts';

const seed = Number(process.env.FLASH_SLIM_FAULT_SEED ?? randomInt(2 ** 31));
const faults = Number(process.env.FLASH_SLIM_FAULTS ?? 1000);
const directory = testDirectory();
const readers = deviceFacts().ioUring ? (['pread', 'io_uring'] as const) : (['pread'] as const);
const shape = { hiddenSize: 256, feedForwardSize: 512, layers: 2, heads: 4, kvHeads: 2, headSize: 64 };

let state = seed >>> 0;
/** An integer below `limit` (mulberry32). */
function below(limit: number): number {
  state = (state + 0x6d2b79f5) >>> 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) % limit;
}
const pick = <T>(from: readonly T[]): T => from[below(from.length)] as T;

async function makeSubject(name: string, options: RandomGgufOptions): Promise<Subject> {
  const { cache } = await makeCache(directory, name, { shape, ...options });
  const { cache: other } = await makeCache(directory, `${name}-other`, { shape, ...options, seed: 77 });
  const plans = [
    cutPlan(cache, { rowBlocks: 8, slotCount: 2 }),
    cutPlan(cache, { rowBlocks: 12, slotCount: 3, resident: (group) => group % 3 === 1 }),
    cutPlan(cache, { rowBlocks: 8, slotCount: 6, resident: (group) => group % 5 !== 2 }),
    cutPlan(cache, { resident: everything }),
  ];
  const expected = await withEngine(cache, { plan: plans[3] as (typeof plans)[0] }, async (engine) => {
    const sequence = await engine.allocateKvCache();
    const logits: Buffer[] = [];
    for (const step of courseSteps) logits.push(await runStep(engine, sequence, step));
    return logits;
  });
  const file = ownFile(cache, join(directory, `${name}-trial.fsw`));
  const others = ownFile(other, join(directory, `${name}-other-trial.fsw`));
  assert.equal(others.bytes.length, file.bytes.length);
  return { cache, ...file, expected, plans, other: { bytes: others.bytes, plan: cutPlan(other) } };
}

function drawPhase(kind: Trial['kind'], group: PlanGroup): Phase {
  if (kind === 'stale plan') return 'load';
  const pass = below(courseSteps.length);
  const passPhase = below(2) === 0 ? { before: pass } : { during: pass };
  const isFile = fileKinds.some((each) => each === kind);
  // What is done to residents shows while they load, and never later.
  if (group.resident || below(4) === 0) return isFile ? pick(['open', 'load', 'loading'] as const) : 'loading';
  return passPhase;
}

function drawTrial(subject: Subject): Trial {
  const plan = pick(subject.plans);
  const group = pick(plan.groups);
  const kind = pick(kinds);
  const phase = drawPhase(kind, group);
  return { kind, phase, group, plan, reader: pick(readers), threads: 1 + below(3), amount: below(1e6) };
}

const codes = new Set(['CHUNK_CORRUPT', 'CHUNK_TRUNCATED', 'CHUNK_READ_FAILED', 'CACHE_TRUNCATED', 'PLAN_STALE']);
const namesChunk = /\(chunk \d+(, row blocks \d+ to \d+)?\)/;
const remedies =
  /rebuild (it|the weight cache) with flash-slim profile|check the storage that holds|plan again with flash-slim plan/;

test(`${faults} faults, seed ${seed}`, { timeout: 1_800_000 }, async (t) => {
  const subjects = [
    await makeSubject('q4-tied', { kind: 'Q4_1' }),
    await makeSubject('q8-untied', { kind: 'Q8_0', tiedHead: false, vocabularySize: 283 }),
    await makeSubject('q4k', { kind: 'Q4_K' }),
  ];
  const told = new Map<string, number>();
  for (let i = 0; i < faults; i++) {
    const subject = pick(subjects);
    const trial = drawTrial(subject);
    const what = `fault ${i} of seed ${seed}: ${describeTrial(trial)}`;
    const { errors, wrong } = await runTrial(subject, trial).catch((error: Error) => {
      throw new Error(`${what}: ${error.message}`, { cause: error });
    });
    assert.equal(wrong, 0, `${what}: passes with wrong logits`);
    for (const { code, message } of errors) {
      assert.ok(codes.has(code), `${what}: ${code}: ${message}`);
      if (code.startsWith('CHUNK_')) assert.match(message, namesChunk, what);
      assert.match(message, remedies, what);
    }
    const outcome = errors.length === 0 ? 'harmless' : (errors[0]?.code as string);
    const key = `${trial.kind}: ${outcome}`;
    told.set(key, (told.get(key) ?? 0) + 1);
  }
  for (const [key, count] of [...told].sort()) t.diagnostic(`${key} ${count}`);
  if (faults < 500) return;
  // The faults did strike: what no error came of would be no proof.
  for (const kind of ['flip', 'eio', 'flip on disk', 'truncate', 'replace'])
    assert.ok(
      [...told.keys()].some((key) => key.startsWith(`${kind}: C`)),
      `${kind} was noticed`,
    );
  assert.ok([...told.keys()].some((key) => key === 'stale plan: PLAN_STALE'));
});
