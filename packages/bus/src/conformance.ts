// What every Bus must do. conformance.test.ts runs it in one process and on a real NATS server.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bus, Change, Delivery, Message, TopicMessage } from './bus.ts';
import { type BusErrorCode, PermanentError } from './error.ts';

export interface BusUnderTest {
  bus: Bus;
  /** A second client of the same server; where there is none, the same bus. */
  other: Bus;
  /** Kills what holds the data and starts it again. A bus in one process is another object afterwards. */
  crash(): Promise<{ bus: Bus; other: Bus }>;
  stop(): Promise<void>;
}

const text = (body: Uint8Array): string => Buffer.from(body).toString();
const message = (id: string, body = id, headers = {}): Message => ({ id, body: Buffer.from(body), headers });
const throwsCode = (work: () => Promise<unknown>, code: BusErrorCode) =>
  assert.rejects(work, { name: 'BusError', code });

/** Until `ready`, at most 20 s. */
async function until(ready: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (const deadline = Date.now() + 20_000; !(await ready()); await sleep(10))
    assert.ok(Date.now() < deadline, `waited in vain: ${what}`);
}

/** Runs consumers and ends them with the test. */
function consumers() {
  const ending = new AbortController();
  const running: Promise<unknown>[] = [];
  return {
    signal: ending.signal,
    run: (work: Promise<unknown>) => void running.push(work),
    end: async () => {
      ending.abort();
      await Promise.all(running);
    },
  };
}

/** Collects what an iteration yields. */
function gather<T>(items: AsyncIterable<T>): { seen: T[]; done: Promise<void> } {
  const seen: T[] = [];
  const done = (async () => {
    for await (const item of items) seen.push(item);
  })();
  return { seen, done };
}

const quick = { ackWaitMs: 1500, backoffMs: [20, 40], maxAttempts: 3 };

export function busConformance(open: () => Promise<BusUnderTest>): void {
  let under: BusUnderTest;
  let bus: Bus;
  let other: Bus;

  before(async () => {
    under = await open();
    ({ bus, other } = under);
  });
  after(() => under?.stop());

  test('a queue gives each message to one consumer, with its headers', async () => {
    const queue = await bus.queue('plain');
    const second = await other.queue('plain');
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
    const queue = await bus.queue('dedupe', { dedupeWindowMs: 1000 });
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
    const queue = await bus.queue('retries', quick);
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
    const queue = await bus.queue('permanent', quick);
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
    const queue = await bus.queue('long', { ...quick, ackWaitMs: 1200 });
    let started = 0;
    let ended = 0;
    const { run, signal, end } = consumers();
    const handler = async () => {
      started++;
      await sleep(3000);
      ended++;
    };
    for (const each of [queue, await other.queue('long', { ...quick, ackWaitMs: 1200 })])
      run(each.consume(handler, { signal }));
    await queue.publish(message('a'));
    await until(() => ended > 0, 'the end');
    await until(async () => (await queue.size()) === 0, 'an empty queue');
    await end();
    assert.equal(started, 1);
  });

  test('handlers run at once up to the concurrency, and end before consume does', async () => {
    const queue = await bus.queue('lanes');
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
    const queue = await bus.queue('abort', { ...quick, ackWaitMs: 30_000 });
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

  test('names and keys that are none, and messages that are too large', async () => {
    const queue = await bus.queue('names');
    const topic = await bus.topic('names');
    const bucket = await bus.keyValue('names');
    for (const name of ['', 'a b', 'a*', '>', '../a', 'ä', 'x'.repeat(300)]) {
      await throwsCode(async () => bus.queue(name), 'BUS_NAME_INVALID');
      await throwsCode(async () => queue.publish(message(name)), 'BUS_NAME_INVALID');
      await throwsCode(async () => topic.publish(name, message('a')), 'BUS_NAME_INVALID');
      await throwsCode(async () => bucket.put(name, Buffer.from('')), 'BUS_NAME_INVALID');
      await throwsCode(async () => bucket.get(name), 'BUS_NAME_INVALID');
    }
    const large = { id: 'large', body: new Uint8Array(bus.maxMessageBytes + 1) };
    await throwsCode(() => queue.publish(large), 'MESSAGE_TOO_LARGE');
    await throwsCode(() => topic.publish('a', large), 'MESSAGE_TOO_LARGE');
    await throwsCode(() => bucket.put('a', large.body), 'MESSAGE_TOO_LARGE');
    await queue.publish({ id: 'fits', body: new Uint8Array(bus.maxMessageBytes) });
  });

  test('a durable consumer of a topic: in order, one at a time, and on from where it was', async () => {
    const topic = await bus.topic('ordered', quick);
    const seen: string[] = [];
    const wait = new Map([['m1', 1]]);
    let now = 0;
    const handler = async ({ id, attempt, subject }: Delivery) => {
      assert.equal(++now, 1);
      await sleep(5);
      now--;
      if ((wait.get(id) ?? 0) >= attempt) throw new Error('not yet');
      seen.push(`${subject} ${id}`);
    };
    const publish = (i: number) => topic.publish(`plans.p${i % 2}`, message(`m${i}`));
    for (let i = 0; i < 4; i++) await publish(i);
    await topic.publish('others.x', message('x'));
    const first = consumers();
    const filter = 'plans.';
    first.run(topic.consume('planner', handler, { signal: first.signal, filter }));
    await until(() => seen.length === 4, 'four');
    await first.end();
    for (let i = 4; i < 6; i++) await publish(i);
    const second = consumers();
    second.run(topic.consume('planner', handler, { signal: second.signal, filter }));
    second.run((await other.topic('ordered', quick)).consume('planner', handler, { signal: second.signal, filter }));
    await until(() => seen.length === 6, 'six');
    await second.end();
    assert.deepEqual(
      seen,
      [0, 1, 2, 3, 4, 5].map((i) => `plans.p${i % 2} m${i}`),
    );
  });

  test('what a durable consumer cannot handle becomes a dead letter, and the next one follows', async () => {
    const topic = await bus.topic('poison', quick);
    const seen: string[] = [];
    const { run, signal, end } = consumers();
    const handler = async ({ id }: Delivery) => {
      if (id === 'bad') throw new Error('cannot');
      seen.push(id);
    };
    await topic.publish('a.b', message('bad'));
    await topic.publish('a.b', message('good'));
    run(topic.consume('reader', handler, { signal }));
    await until(() => seen.length === 1, 'the good one');
    await end();
    assert.deepEqual(seen, ['good']);
    const [letter] = await topic.deadLetters.list();
    assert.equal(letter?.id, 'bad');
    assert.equal(letter?.subject, 'a.b');
    assert.equal(letter?.attempts, 3);
  });

  test('a topic tells the newest of a subject, keeps as many as it should, and knows duplicates', async () => {
    const topic = await bus.topic('kept', { maxPerSubject: 1 });
    assert.equal(await topic.latest('a'), null);
    const first = await topic.publish('a', message('a1'));
    assert.equal(first.duplicate, false);
    const again = await topic.publish('a', message('a1', 'other'));
    assert.deepEqual(again, { duplicate: true, sequence: first.sequence });
    const { sequence } = await topic.publish('a', message('a2', 'the newest', { one: '1' }));
    await topic.publish('b.c', message('b1'));
    assert.ok(sequence > first.sequence);
    const latest = await topic.latest('a');
    assert.equal(latest && text(latest.body), 'the newest');
    assert.equal(latest?.id, 'a2');
    assert.equal(latest?.sequence, sequence);
    assert.deepEqual(latest?.headers, { one: '1' });
    const { signal, run, end } = consumers();
    const { seen, done } = gather<TopicMessage>(topic.follow({ signal, from: 'all' }));
    run(done);
    await until(() => seen.length === 2, 'what is kept');
    await end();
    assert.deepEqual(
      seen.map(({ id }) => id),
      ['a2', 'b1'],
    );
  });

  test('followers: from the newest of each subject, or only what comes', async () => {
    const topic = await bus.topic('followed');
    await topic.publish('plans.a', message('a1'));
    await topic.publish('plans.a', message('a2'));
    await topic.publish('plans.b', message('b1'));
    await topic.publish('else', message('e1'));
    const { signal, run, end } = consumers();
    const latest = gather(topic.follow({ signal, from: 'latest', filter: 'plans.' }));
    const fresh = gather(topic.follow({ signal, from: 'new' }));
    const single = gather(topic.follow({ signal, from: 'all', filter: 'plans.a' }));
    for (const { done } of [latest, fresh, single]) run(done);
    await until(() => latest.seen.length === 2 && single.seen.length === 2, 'what is there');
    await sleep(200);
    await topic.publish('plans.a', message('a3'));
    await topic.publish('else', message('e2'));
    await until(() => latest.seen.length === 3 && fresh.seen.length === 2 && single.seen.length === 3, 'what comes');
    await end();
    const ids = (messages: TopicMessage[]) => messages.map(({ id }) => id);
    assert.deepEqual(ids(latest.seen), ['a2', 'b1', 'a3']);
    assert.deepEqual(ids(fresh.seen), ['a3', 'e2']);
    assert.deepEqual(ids(single.seen), ['a1', 'a2', 'a3']);
  });

  test('key-value: compare and set', async () => {
    const bucket = await bus.keyValue('jobs');
    const again = await other.keyValue('jobs');
    const value = (content: string) => Buffer.from(content);
    assert.equal(await bucket.get('a.b'), null);
    const first = await bucket.create('a.b', value('1'));
    await throwsCode(() => again.create('a.b', value('2')), 'BUS_CONFLICT');
    const second = await again.update('a.b', value('2'), first);
    assert.ok(second > first);
    await throwsCode(() => bucket.update('a.b', value('3'), first), 'BUS_CONFLICT');
    const entry = await bucket.get('a.b');
    assert.equal(entry && text(entry.value), '2');
    assert.equal(entry?.revision, second);
    assert.ok(Math.abs((entry?.changed.getTime() ?? 0) - Date.now()) < 60_000);
    await throwsCode(() => bucket.delete('a.b', first), 'BUS_CONFLICT');
    await bucket.delete('a.b', second);
    assert.equal(await again.get('a.b'), null);
    await bucket.delete('a.b');
    await throwsCode(() => bucket.update('a.b', value('4'), second), 'BUS_CONFLICT');
    assert.ok((await bucket.create('a.b', value('5'))) > second);
    await bucket.put('a.b', value(''));
    assert.equal((await bucket.get('a.b'))?.value.length, 0);
  });

  test('key-value: of many that change one entry, each sees the last', async () => {
    const buckets = [await bus.keyValue('count'), await other.keyValue('count')];
    await buckets[0]?.put('n', Buffer.from('0'));
    const add = async (i: number) => {
      const bucket = buckets[i % 2] as (typeof buckets)[0];
      for (;;) {
        const entry = await bucket.get('n');
        assert.ok(entry);
        try {
          await bucket.update('n', Buffer.from(String(Number(text(entry.value)) + 1)), entry.revision);
          return;
        } catch (error) {
          assert.equal((error as { code: string }).code, 'BUS_CONFLICT');
        }
      }
    };
    await Promise.all(Array.from({ length: 12 }, (_, i) => add(i)));
    const entry = await buckets[1]?.get('n');
    assert.equal(entry && text(entry.value), '12');
  });

  test('key-value: lists and watches below a prefix', async () => {
    const bucket = await bus.keyValue('watched');
    for (const key of ['nodes.a', 'nodes.b', 'nodesx', 'plans.a']) await bucket.put(key, Buffer.from(key));
    assert.deepEqual(
      (await bucket.entries('nodes.')).map(({ key }) => key),
      ['nodes.a', 'nodes.b'],
    );
    assert.deepEqual(
      (await bucket.entries('nodesx')).map(({ key }) => key),
      ['nodesx'],
    );
    assert.equal((await bucket.entries()).length, 4);
    assert.deepEqual(await bucket.entries('none.'), []);
    const { signal, run, end } = consumers();
    const { seen, done } = gather<Change>(bucket.watch({ signal, prefix: 'nodes.' }));
    run(done);
    await until(() => seen.length === 2, 'what is there');
    const elsewhere = await other.keyValue('watched');
    await elsewhere.put('plans.a', Buffer.from('no'));
    await elsewhere.put('nodes.c', Buffer.from('c'));
    await until(() => seen.length === 3, 'a new one');
    await elsewhere.delete('nodes.a');
    await until(() => seen.length === 4, 'a deletion');
    await end();
    assert.deepEqual(
      seen.map(({ key, entry }) => [key, entry && text(entry.value)]),
      [
        ['nodes.a', 'nodes.a'],
        ['nodes.b', 'nodes.b'],
        ['nodes.c', 'c'],
        ['nodes.a', null],
      ],
    );
  });

  test('key-value: an entry that is not put again is gone after its time', async () => {
    const bucket = await bus.keyValue('heartbeats', { ttlMs: 1000 });
    await bucket.put('once', Buffer.from('x'));
    const deadline = Date.now() + 2500;
    while (Date.now() < deadline) {
      await bucket.put('again', Buffer.from('x'));
      await sleep(100);
    }
    assert.equal(await bucket.get('once'), null);
    assert.ok(await bucket.get('again'));
    assert.deepEqual(
      (await bucket.entries()).map(({ key }) => key),
      ['again'],
    );
    await bucket.create('once', Buffer.from('y'));
  });

  // The last: the bus is another one from here on.
  test('what was confirmed outlives a crash; who consumes, follows and watches goes on', async () => {
    const before = consumers();
    const queue = await bus.queue('crash', quick);
    const topic = await bus.topic('crash', quick);
    const bucket = await bus.keyValue('crash');
    await queue.publish(message('one'));
    await topic.publish('a', message('t1'));
    await bucket.put('a', Buffer.from('1'));
    const watched = gather(bucket.watch({ signal: before.signal }));
    const followed = gather(topic.follow({ signal: before.signal, from: 'all' }));
    const handled: string[] = [];
    before.run(watched.done);
    before.run(followed.done);
    await until(() => watched.seen.length === 1 && followed.seen.length === 1, 'what is there');

    const crashed = await under.crash();
    const isAnother = crashed.bus !== bus;
    ({ bus, other } = crashed);
    const queue2 = isAnother ? await bus.queue('crash', quick) : queue;
    const topic2 = isAnother ? await bus.topic('crash', quick) : topic;
    const bucket2 = isAnother ? await bus.keyValue('crash') : bucket;
    before.run(queue2.consume(async ({ id }) => void handled.push(id), { signal: before.signal }));
    before.run(topic2.consume('reader', async ({ id }) => void handled.push(id), { signal: before.signal }));
    assert.deepEqual(await queue2.publish(message('one')), { duplicate: true });
    await queue2.publish(message('two'));
    await topic2.publish('a', message('t2'));
    const entry = await bucket2.get('a');
    assert.equal(entry && text(entry.value), '1');
    await bucket2.update('a', Buffer.from('2'), entry?.revision ?? 0);
    await until(() => handled.length >= 4, 'all four messages');
    if (!isAnother) {
      await until(() => followed.seen.some(({ id }) => id === 't2'), 'the follower');
      await until(() => watched.seen.some((change) => change.entry && text(change.entry.value) === '2'), 'the watcher');
    }
    await before.end();
    assert.deepEqual(handled.sort(), ['one', 't1', 't2', 'two']);
  });
}
