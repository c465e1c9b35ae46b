// What every work queue must do.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Delivery } from '../bus.ts';
import { PermanentError } from '../error.ts';
import { type Buses, consumers, message, quick, text, until } from './under-test.ts';

export function queueConformance(buses: Buses): void {
  test('a queue gives each message to one consumer, with its headers', async () => {
    const queue = await buses.bus.queue('plain');
    const second = await buses.other.queue('plain');
    const seen: Delivery[] = [];
    const { run, signal, end } = consumers();
    for (const each of [queue, second]) run(each.consume(async (delivery) => void seen.push(delivery), { signal }));
    for (let i = 0; i < 20; i++) await queue.publish(message(`m${i}`, `body ${i}`, { traceparent: `trace ${i}` }));
    await until(() => seen.length >= 20, '20 deliveries');
    await end();
    assert.equal(seen.length, 20);
    seen.sort((a, b) => Number(a.id.slice(1)) - Number(b.id.slice(1)));
    for (const [i, { id, body, headers, attempt, subject, published }] of seen.entries()) {
      assert.deepEqual(
        { id, body: text(body), headers, attempt, subject },
        {
          id: `m${i}`,
          body: `body ${i}`,
          headers: { traceparent: `trace ${i}` },
          attempt: 1,
          subject: 'plain',
        },
      );
      assert.ok(Math.abs(published.getTime() - Date.now()) < 60_000);
    }
    assert.equal(await queue.size(), 0);
  });

  test('the same id again is no second message', async () => {
    const queue = await buses.bus.queue('dedupe', { dedupeWindowMs: 1000 });
    assert.deepEqual(await queue.publish(message('a', 'first')), { duplicate: false });
    assert.deepEqual(await queue.publish(message('a', 'second')), { duplicate: true });
    assert.equal(await queue.size(), 1);
    const seen: string[] = [];
    const { run, signal, end } = consumers();
    run(queue.consume(async ({ body }) => void seen.push(text(body)), { signal }));
    await until(() => seen.length > 0, 'the first');
    // Also when it was worked off already, within the window; after it, it is another.
    assert.deepEqual(await queue.publish(message('a', 'third')), { duplicate: true });
    await sleep(1300);
    assert.deepEqual(await queue.publish(message('a', 'fourth')), { duplicate: false });
    await until(() => seen.length > 1, 'the fourth');
    await end();
    assert.deepEqual(seen, ['first', 'fourth']);
  });

  test('a handler that throws gets the message again, later; then it is a dead letter with the reason', async () => {
    const queue = await buses.bus.queue('retries', quick);
    const attempts: [string, number][] = [];
    const { run, signal, end } = consumers();
    run(
      queue.consume(
        async ({ id, attempt }) => {
          attempts.push([id, attempt]);
          if (id === 'second-time' && attempt === 2) return;
          throw Object.assign(new Error(`no\nluck`), { code: 'DISK_FULL' });
        },
        { signal },
      ),
    );
    await queue.publish(message('second-time'));
    await queue.publish(message('never', 'the body', { traceparent: 'trace' }));
    await until(async () => (await queue.deadLetters.list()).length === 1, 'a dead letter');
    await until(async () => (await queue.size()) === 0, 'an empty queue');
    await end();
    const of = (name: string) => attempts.filter(([id]) => id === name).map(([, attempt]) => attempt);
    assert.deepEqual(of('second-time'), [1, 2]);
    assert.deepEqual(of('never'), [1, 2, 3]);
    const [letter] = await queue.deadLetters.list();
    assert.ok(letter);
    assert.equal(letter.id, 'never');
    assert.equal(letter.subject, 'retries');
    assert.equal(letter.code, 'DISK_FULL');
    assert.equal(letter.reason.replace(/\s/, ' '), 'no luck');
    assert.equal(letter.attempts, 3);
    assert.equal(text(letter.body), 'the body');
    assert.deepEqual(letter.headers, { traceparent: 'trace' });
    assert.equal((await queue.deadLetters.take('never'))?.id, 'never');
    assert.equal(await queue.deadLetters.take('never'), null);
    assert.deepEqual(await queue.deadLetters.list(), []);
  });

  test('a PermanentError is not tried again', async () => {
    const queue = await buses.bus.queue('permanent', quick);
    let calls = 0;
    const { run, signal, end } = consumers();
    const handler = async () => {
      calls++;
      throw new PermanentError('NOT_A_MODEL', 'this is a picture');
    };
    run(queue.consume(handler, { signal }));
    await queue.publish(message('picture'));
    await until(async () => (await queue.deadLetters.list()).length === 1, 'a dead letter');
    await end();
    assert.equal(calls, 1);
    const [letter] = await queue.deadLetters.list();
    assert.equal(letter?.code, 'NOT_A_MODEL');
  });

  test('work that takes longer than the ack wait is done once', async () => {
    const queue = await buses.bus.queue('long', { ...quick, ackWaitMs: 1200 });
    let started = 0;
    let ended = 0;
    const { run, signal, end } = consumers();
    const handler = async () => {
      started++;
      await sleep(3000);
      ended++;
    };
    for (const each of [queue, await buses.other.queue('long', { ...quick, ackWaitMs: 1200 })])
      run(each.consume(handler, { signal }));
    await queue.publish(message('a'));
    await until(() => ended > 0, 'the end');
    await until(async () => (await queue.size()) === 0, 'an empty queue');
    await end();
    assert.equal(started, 1);
  });

  test('handlers run at once up to the concurrency, and end before consume does', async () => {
    const queue = await buses.bus.queue('lanes');
    let now = 0;
    let most = 0;
    let ended = 0;
    const { run, signal, end } = consumers();
    const handler = async () => {
      most = Math.max(most, ++now);
      await sleep(150);
      now--;
      ended++;
    };
    run(queue.consume(handler, { signal, concurrency: 3 }));
    for (let i = 0; i < 6; i++) await queue.publish(message(`m${i}`));
    await until(() => most === 3, 'three at once');
    await end();
    assert.equal(now, 0);
    assert.equal(most, 3);
    assert.ok(ended >= 3);
  });

  test('a handler that is aborted gives its message back at once', async () => {
    const queue = await buses.bus.queue('abort', { ...quick, ackWaitMs: 30_000 });
    const stopping = new AbortController();
    const abort = new AbortController();
    let started = false;
    const first = queue.consume(
      async ({ signal }) => {
        started = true;
        await sleep(60_000, undefined, { signal });
      },
      { signal: stopping.signal, abort: abort.signal },
    );
    await queue.publish(message('a'));
    await until(() => started, 'the first consumer');
    stopping.abort();
    abort.abort();
    await first;
    const seen: number[] = [];
    const { run, signal, end } = consumers();
    run(queue.consume(async ({ attempt }) => void seen.push(attempt), { signal }));
    await until(() => seen.length > 0, 'the second consumer');
    await end();
    assert.deepEqual(seen, [2]);
  });
}
