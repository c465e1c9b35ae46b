// What every topic must do.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Delivery, TopicMessage } from '../bus.ts';
import { type Buses, consumers, gather, message, quick, text, until } from './under-test.ts';

export function topicConformance(buses: Buses): void {
  test('a durable consumer of a topic: in order, one at a time, and on from where it was', async () => {
    const topic = await buses.bus.topic('ordered', quick);
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
    second.run(
      (await buses.other.topic('ordered', quick)).consume('planner', handler, { signal: second.signal, filter }),
    );
    await until(() => seen.length === 6, 'six');
    await second.end();
    assert.deepEqual(
      seen,
      [0, 1, 2, 3, 4, 5].map((i) => `plans.p${i % 2} m${i}`),
    );
  });

  test('what a durable consumer cannot handle becomes a dead letter, and the next one follows', async () => {
    const topic = await buses.bus.topic('poison', quick);
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
    const topic = await buses.bus.topic('kept', { maxPerSubject: 1 });
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
    const topic = await buses.bus.topic('followed');
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
}
