import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Conditions, runInterleaved, type Step } from './step.ts';

const conditions: Conditions = { env: process.env, readahead: null, signal: new AbortController().signal };
const shell = (key: string, script: string, timeoutMs = 10_000): Step => ({
  key,
  program: 'sh',
  args: ['-c', script],
  timeoutMs,
});

test('every step runs before any is repeated', async () => {
  const outcomes = await runInterleaved([shell('a', 'echo 1'), shell('b', 'echo 2')], 2, conditions);
  assert.deepEqual(
    outcomes.map(({ key, stdout, failure }) => [key, stdout, failure]),
    [
      ['a', '1\n', null],
      ['b', '2\n', null],
      ['a', '1\n', null],
      ['b', '2\n', null],
    ],
  );
});

test('the first byte is timed by itself', async () => {
  const [outcome] = await runInterleaved([shell('slow end', 'echo 1; sleep 0.5; echo 2')], 1, conditions);
  const { firstByteMs, wallMs } = outcome as { firstByteMs: number; wallMs: number };
  assert.ok(firstByteMs < wallMs - 300, `${firstByteMs} of ${wallMs} ms`);
});

test('a failure says what the program said last, and the other steps go on', async () => {
  const steps = [shell('bad', 'echo first >&2; echo budget too small >&2; exit 2'), shell('good', 'true')];
  const outcomes = await runInterleaved(steps, 1, conditions);
  assert.deepEqual(
    outcomes.map((outcome) => outcome.failure),
    ['budget too small', null],
  );
});

test('a program that does not end is ended, with what it started', async () => {
  // The pipe to stdout closes only when the inner sleep is gone too.
  const [outcome] = await runInterleaved([shell('endless', 'sleep 30 & sleep 30', 200)], 1, conditions);
  assert.equal(outcome?.failure, 'not done after 0.2 s');
  assert.ok((outcome?.wallMs ?? 0) < 5000);
});

test('a stop ends the step under way and puts the readahead back', async () => {
  const stop = new AbortController();
  let restored = 0;
  const readahead = { set: () => {}, restore: () => restored++ } as unknown as Conditions['readahead'];
  setTimeout(() => stop.abort(), 100);
  const run = runInterleaved([shell('endless', 'sleep 30')], 1, { ...conditions, readahead, signal: stop.signal });
  await assert.rejects(run, { name: 'AbortError' });
  assert.ok(restored > 0);
});
