import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planId } from '@flash-slim/messages';
import type { Plan } from '@flash-slim/proto';
import { KnownPlans } from './known-plans.ts';
import { Retries } from './retries.ts';

const facts = { deviceClass: 'board', target: { memoryBudgetBytes: 1e8, contextLength: 512, kvType: 'f16' } };
const digest = (letter: string) => `sha256:${letter.repeat(64)}`;

const plan = (letter: string, version: number, more: Partial<Plan> = {}): Plan => ({
  id: planId(digest(letter), facts.deviceClass, facts.target),
  version,
  modelDigest: digest(letter),
  modelName: `model ${letter}`,
  weightCacheDigest: digest('e'),
  deviceClass: facts.deviceClass,
  target: facts.target,
  blob: { digest: digest('f'), bytes: 10 },
  summary: undefined,
  explanation: '',
  reason: '',
  createTime: undefined,
  ...more,
});

const known = (plans: Plan[]): KnownPlans => {
  const all = new KnownPlans(facts);
  for (const each of plans) all.add({ plan: each, planJson: null, trace: {} });
  return all;
};
const add = (all: KnownPlans, each: Plan) => all.add({ plan: each, planJson: null, trace: {} });

test('a newer version is news, the same and an older one are not', () => {
  const all = known([plan('a', 4)]);
  assert.equal(add(all, plan('a', 4)), false);
  assert.equal(add(all, plan('a', 3)), false);
  assert.equal(add(all, plan('a', 10)), true);
  assert.equal(all.wanted('')?.plan.version, 10);
});

test('in whatever order versions come, the newest stays', () => {
  const versions = [1, 2, 3, 4, 5, 6];
  for (let round = 0; round < 50; round++) {
    const shuffled = versions.toSorted((a, b) => ((a * 7 + round * 13) % 11) - ((b * 7 + round * 13) % 11));
    assert.equal(known(shuffled.map((version) => plan('a', version))).wanted('')?.plan.version, 6);
  }
});

test("other nodes' plans, and what is no plan, are left alone", () => {
  const all = known([]);
  assert.equal(add(all, plan('a', 1, { id: planId(digest('a'), 'other board', facts.target) })), false);
  assert.equal(add(all, plan('a', 1, { id: '../../x' })), false);
  assert.equal(add(all, plan('a', 1, { weightCacheDigest: 'sha256:../x' })), false);
  assert.equal(add(all, plan('a', 1, { blob: undefined })), false);
  assert.equal(all.wanted(''), null);
});

test('without a model of its own a node wants the one that came, or was asked for, last', () => {
  const all = known([plan('a', 1), plan('b', 1)]);
  assert.equal(all.wanted('')?.plan.modelName, 'model b');
  // A new version of an old model is no new model.
  add(all, plan('a', 2));
  assert.equal(all.wanted('')?.plan.modelName, 'model b');
  const a = all.find('model a');
  assert.equal(a?.plan.version, 2);
  all.prefer(a as NonNullable<typeof a>);
  assert.equal(all.wanted('')?.plan.modelName, 'model a');
  assert.equal(all.wanted('model b')?.plan.modelName, 'model b');
  assert.equal(all.wanted(digest('b'))?.plan.modelName, 'model b');
  assert.equal(all.wanted('model c'), null);
  assert.deepEqual(all.modelNames(), ['model a', 'model b']);
});

test('a plan that failed is tried later and later; damaged ones much later; another version at once', () => {
  const retries = new Retries({ soon: [10, 20], late: [1000] });
  const away = Object.assign(new Error(), { code: 'STORE_UNAVAILABLE' });
  const damaged = Object.assign(new Error(), { code: 'DIGEST_MISMATCH' });
  assert.equal(retries.wait(plan('a', 1), 0), 0);
  retries.failed(plan('a', 1), away, 0);
  assert.equal(retries.wait(plan('a', 1), 0), 10);
  retries.failed(plan('a', 1), away, 10);
  retries.failed(plan('a', 1), away, 30);
  assert.equal(retries.wait(plan('a', 1), 30), 20);
  retries.failed(plan('a', 1), damaged, 50);
  assert.equal(retries.wait(plan('a', 1), 50), 1000);
  assert.equal(retries.tooEarly(plan('a', 1), 50), damaged);
  assert.equal(retries.tooEarly(plan('a', 1), 1050), null);
  assert.equal(retries.wait(plan('a', 2), 50), 0);
  retries.succeeded(plan('a', 1));
  assert.equal(retries.wait(plan('a', 1), 50), 0);
});
