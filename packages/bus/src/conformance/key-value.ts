// What every key-value bucket must do.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Change } from '../bus.ts';
import { type Buses, consumers, gather, text, throwsCode, until } from './under-test.ts';

export function keyValueConformance(buses: Buses): void {
  test('key-value: compare and set', async () => {
    const bucket = await buses.bus.keyValue('jobs');
    const again = await buses.other.keyValue('jobs');
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
    const buckets = [await buses.bus.keyValue('count'), await buses.other.keyValue('count')];
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
    const bucket = await buses.bus.keyValue('watched');
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
    const elsewhere = await buses.other.keyValue('watched');
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
    const bucket = await buses.bus.keyValue('heartbeats', { ttlMs: 1000 });
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
}
