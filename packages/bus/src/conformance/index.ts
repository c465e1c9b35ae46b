// What every Bus must do. conformance.test.ts runs it in one process and on a real NATS server.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { keyValueConformance } from './key-value.ts';
import { queueConformance } from './queue.ts';
import { topicConformance } from './topic.ts';
import {
  type Buses,
  type BusUnderTest,
  consumers,
  gather,
  message,
  quick,
  text,
  throwsCode,
  until,
} from './under-test.ts';

export type { BusUnderTest } from './under-test.ts';

export function busConformance(open: () => Promise<BusUnderTest>): void {
  let under: BusUnderTest;
  const buses = {} as { -readonly [Name in keyof Buses]: Buses[Name] };

  before(async () => {
    under = await open();
    buses.bus = under.bus;
    buses.other = under.other;
  });
  after(() => under?.stop());

  test('names and keys that are none, and messages that are too large', async () => {
    const queue = await buses.bus.queue('names');
    const topic = await buses.bus.topic('names');
    const bucket = await buses.bus.keyValue('names');
    for (const name of ['', 'a b', 'a*', '>', '../a', 'ä', 'x'.repeat(300)]) {
      await throwsCode(async () => buses.bus.queue(name), 'BUS_NAME_INVALID');
      await throwsCode(async () => queue.publish(message(name)), 'BUS_NAME_INVALID');
      await throwsCode(async () => topic.publish(name, message('a')), 'BUS_NAME_INVALID');
      await throwsCode(async () => bucket.put(name, Buffer.from('')), 'BUS_NAME_INVALID');
      await throwsCode(async () => bucket.get(name), 'BUS_NAME_INVALID');
    }
    const large = { id: 'large', body: new Uint8Array(buses.bus.maxMessageBytes + 1) };
    await throwsCode(() => queue.publish(large), 'MESSAGE_TOO_LARGE');
    await throwsCode(() => topic.publish('a', large), 'MESSAGE_TOO_LARGE');
    await throwsCode(() => bucket.put('a', large.body), 'MESSAGE_TOO_LARGE');
    await queue.publish({ id: 'fits', body: new Uint8Array(buses.bus.maxMessageBytes) });
  });

  queueConformance(buses);
  topicConformance(buses);
  keyValueConformance(buses);

  // The last: the bus is another one from here on.
  test('what was confirmed outlives a crash; who consumes, follows and watches goes on', async () => {
    const before = consumers();
    const queue = await buses.bus.queue('crash', quick);
    const topic = await buses.bus.topic('crash', quick);
    const bucket = await buses.bus.keyValue('crash');
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
    const isAnother = crashed.bus !== buses.bus;
    Object.assign(buses, crashed);
    const queue2 = isAnother ? await buses.bus.queue('crash', quick) : queue;
    const topic2 = isAnother ? await buses.bus.topic('crash', quick) : topic;
    const bucket2 = isAnother ? await buses.bus.keyValue('crash') : bucket;
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
