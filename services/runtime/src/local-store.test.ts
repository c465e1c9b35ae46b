import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import type { Plan } from '@flash-slim/proto';
import { digestOf } from '@flash-slim/store';
import { LocalStore } from './local-store.ts';

const root = mkdtempSync(join(tmpdir(), 'flash-slim-local-'));
after(() => rmSync(root, { recursive: true, force: true }));

const json = '{"a plan": 1}';
const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
const planOf = (letter: string): Plan =>
  ({
    modelName: `model ${letter}`,
    weightCacheDigest: digest(letter),
    blob: { digest: digestOf(Buffer.from(json)), bytes: json.length },
  }) as Plan;

let count = 0;
let local: LocalStore;
beforeEach(async () => {
  local = new LocalStore(join(root, String(++count)));
  await local.prepare();
});

/** Weights of 1000 bytes, used so long ago. */
function put(letter: string, secondsAgo: number, name = 'weights.fsw'): string {
  const directory = join(local.directory, 'weights', letter.repeat(64));
  mkdirSync(directory, { recursive: true });
  const path = join(directory, name);
  writeFileSync(path, Buffer.alloc(1000));
  const then = Date.now() / 1000 - secondsAgo;
  utimesSync(path, then, then);
  return path;
}

const there = () =>
  readdirSync(join(local.directory, 'weights'))
    .map((name) => name[0])
    .sort()
    .join('');

test('what was used longest ago leaves, and only as much as is needed', async () => {
  put('a', 300);
  put('b', 100);
  put('c', 200);
  await local.makeRoom(planOf('d'), 1000, 3000, []);
  assert.equal(there(), 'bc');
  await local.makeRoom(planOf('d'), 2000, 3000, []);
  assert.equal(there(), 'b');
});

test('what is loaded stays, however old; where that leaves no room it is said', async () => {
  const loaded = put('a', 999);
  put('b', 1);
  await local.makeRoom(planOf('d'), 1000, 2000, [loaded]);
  assert.equal(there(), 'a');
  await assert.rejects(local.makeRoom(planOf('d'), 1001, 2000, [loaded]), {
    code: 'DISK_FULL',
    message: /model d needs 1001 bytes in .*, beside 1000 bytes that are in use: more than 2000 bytes/,
  });
  assert.ok(existsSync(loaded));
});

test('a disk without room is found out before anything is fetched', async () => {
  put('a', 1);
  const all = 2 ** 52;
  await assert.rejects(local.makeRoom(planOf('d'), all, 2 * all, []), { code: 'DISK_FULL', message: /the free space/ });
});

test('a download that was begun stays, and counts', async () => {
  put('a', 1);
  put('d', 2, 'weights.fsw.partial');
  await local.makeRoom(planOf('d'), 1500, 2500, []);
  assert.equal(there(), 'ad');
});

test('found is only what is whole; a plan that came with its announcement is checked and kept', async () => {
  const plan = planOf('a');
  const found = (planJson: string | null) => local.find({ plan, planJson, trace: {} });
  put('a', 1, 'weights.fsw.partial');
  assert.equal(await found(json), null);
  put('a', 1);
  rmSync(local.pathsOf(plan).planPath);
  assert.equal(await found(null), null);
  assert.equal(await found(`${json} `), null, 'other bytes than announced');
  await local.putTrace(plan, { traceparent: 'x' });
  assert.deepEqual(await found(json), { ...local.pathsOf(plan), trace: { traceparent: 'x' } });
  assert.notEqual(await found(null), null);
  writeFileSync(local.pathsOf(plan).planPath, 'damaged on this disk');
  assert.equal(await found(null), null);
  assert.notEqual(await found(json), null, 'and mended by the next announcement');
  await local.discard(local.pathsOf(plan));
  assert.equal(await found(null), null);
});

test('what was served is remembered; a file that somebody spoiled is no obstacle', async () => {
  assert.equal(await local.remembered(), null);
  await local.remember({ plan: planOf('a'), planJson: null, trace: { traceparent: 'x' } });
  const remembered = await local.remembered();
  assert.equal(remembered?.plan.modelName, 'model a');
  assert.deepEqual(remembered?.trace, { traceparent: 'x' });
  writeFileSync(join(local.directory, 'serving.json'), '{"plan": ');
  assert.equal(await local.remembered(), null);
});
