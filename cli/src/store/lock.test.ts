import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { withLock } from './lock.ts';

const path = `/lock-test-${process.pid}`;

test('one at a time; the others wait and are told', async () => {
  let inside = 0;
  let most = 0;
  let waits = 0;
  const work = async () => {
    most = Math.max(most, ++inside);
    await sleep(50);
    inside--;
  };
  const onWait = () => void waits++;
  await Promise.all([1, 2, 3].map(() => withLock(path, { onWait }, work)));
  assert.equal(most, 1);
  assert.equal(waits, 2);
});

test('a failure frees the lock, and waiting can be interrupted', async () => {
  const onWait = () => {};
  await assert.rejects(
    withLock(path, { onWait }, async () => {
      throw new Error('no');
    }),
  );
  await withLock(path, { onWait }, async () => {
    const impatient = withLock(path, { onWait, signal: AbortSignal.timeout(30) }, async () => assert.fail());
    await assert.rejects(impatient, { name: 'AbortError' });
  });
});
