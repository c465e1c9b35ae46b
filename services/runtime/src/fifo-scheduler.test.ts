// Turns and changes, over a real engine with a small model.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { Engine } from '@flash-slim/engine';
import { Status } from '@flash-slim/rpc';
import { FifoScheduler } from './fifo-scheduler.ts';
import type { Loaded } from './host.ts';
import type { ScheduledEvent } from './scheduler.ts';
import { expectedTokens, makeModel, makePlan, type TestModel } from './testing/model.ts';
import { drawing, promptIds, testTarget } from './testing/node.ts';

const root = mkdtempSync(join(tmpdir(), 'flash-slim-scheduler-'));
const sampling = { minP: 0, repetitionPenalty: 1, ...drawing };
let model: TestModel;
let loaded: Loaded;
let scheduler: FifoScheduler;

async function load(strategy: 'rechunk' | 'resident'): Promise<Loaded> {
  const { plan, prefetchPlan } = makePlan(model, { deviceClass: 'c', target: testTarget, version: 1, strategy });
  const engine = await Engine.open(model.cache);
  const report = await engine.load({ plan: prefetchPlan, threads: 1 });
  return { engine, plan, prefetchPlan, report } as Loaded;
}

before(async () => {
  model = await makeModel(root, 'm');
  loaded = await load('rechunk');
});
after(async () => {
  await loaded.engine.close();
  rmSync(root, { recursive: true, force: true });
});
beforeEach(() => {
  scheduler = new FifoScheduler(2, () => loaded);
});

interface Asking {
  signal?: AbortSignal;
  tokens?: number;
  onBegin?: () => unknown;
  onEvent?: (event: ScheduledEvent, tokens: number) => Promise<void> | void;
}

async function ask({ signal = new AbortController().signal, tokens = 12, onBegin, onEvent }: Asking = {}) {
  const got: number[] = [];
  const begin = async () => {
    onBegin?.();
    return {
      loaded,
      promptTokens: promptIds,
      maxTokens: tokens,
      sampling,
      isEnd: () => false,
      chunkTimes: false,
    };
  };
  for await (const event of scheduler.generate({ signal, begin })) {
    if (event.kind === 'token') got.push(event.token);
    await onEvent?.(event, got.length);
  }
  return got;
}

const never = new AbortController().signal;

test('first in, first out, one at a time', async () => {
  const order: string[] = [];
  const one = (name: string) =>
    ask({
      tokens: 3,
      onBegin: () => order.push(`${name} begins`),
      onEvent: (_, count) => void (count === 3 && order.push(`${name} ends`)),
    });
  await Promise.all([one('a'), one('b'), one('c')]);
  assert.deepEqual(order, ['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  assert.equal(scheduler.completed, 3);
});

test('past its bound it refuses, and takes requests again when one has ended', async () => {
  const waiting = [ask(), ask(), ask()];
  assert.equal(scheduler.queued, 2);
  await assert.rejects(ask(), { code: 'QUEUE_FULL', status: Status.RESOURCE_EXHAUSTED });
  await waiting[0];
  await ask();
  await Promise.all(waiting);
});

test('who leaves the queue is not waited for', async () => {
  const controller = new AbortController();
  const first = ask();
  const gone = ask({ signal: controller.signal });
  const last = ask();
  controller.abort(new Error('gone'));
  await assert.rejects(gone, { message: 'gone' });
  assert.equal(scheduler.queued, 1);
  await Promise.all([first, last]);
});

test('cancelled while it runs, it leaves its sequence to the next: the plan has room for one', async () => {
  const controller = new AbortController();
  const cancelled = ask({
    tokens: 2000,
    signal: controller.signal,
    onEvent: (_, n) => void (n === 3 && controller.abort()),
  });
  await assert.rejects(cancelled);
  assert.equal((await ask({ tokens: 4 })).length, 4);
  const engine = loaded.engine;
  await engine.freeSequence(await engine.allocateKvCache());
});

test('a request whose prompt is refused gives its turn away', async () => {
  const refused = scheduler.generate({
    signal: never,
    begin: async () => {
      throw new Error('refused');
    },
  });
  await assert.rejects(refused.next(), { message: 'refused' });
  assert.equal((await ask({ tokens: 2 })).length, 2);
});

test('a change between passes: the request goes on with the same tokens', async () => {
  const whole = await expectedTokens(model, promptIds, 40, sampling);
  const seen: string[] = [];
  let change: Promise<void> | null = null;
  const tokens = await ask({
    tokens: 40,
    onEvent: (event, count) => {
      if (event.kind === 'moved') seen.push(`moved after ${count}`);
      if (count !== 11 || change !== null) return;
      change = scheduler.change({
        signal: never,
        between: true,
        work: async () => {
          const before = loaded;
          loaded = await load('resident');
          await before.engine.close();
        },
      });
    },
  });
  await change;
  assert.deepEqual(tokens, whole);
  assert.equal(seen.length, 1);
  assert.equal(loaded.prefetchPlan.metadata.strategy, 'resident');
});

test('another change waits for the request, and comes before those that wait', async () => {
  const order: string[] = [];
  const first = ask({ tokens: 30 }).then(() => order.push('first'));
  const second = ask({ tokens: 1 }).then(() => order.push('second'));
  const work = async () => void order.push('change');
  await Promise.all([first, second, scheduler.change({ signal: never, between: false, work })]);
  assert.deepEqual(
    order,
    ['change', 'first', 'second'].sort((a, b) => order.indexOf(a) - order.indexOf(b)),
  );
  assert.ok(order.indexOf('change') < order.indexOf('second'));
});

test('a change that fails is told to its owner, and the request goes on', async () => {
  let told: unknown;
  const fail = async () => {
    throw new Error('no');
  };
  const tokens = await ask({
    tokens: 20,
    onEvent: (_, count) => {
      if (count !== 5) return;
      scheduler.change({ signal: never, between: true, work: fail }).catch((error) => {
        told = error.message;
      });
    },
  });
  assert.equal(tokens.length, 20);
  assert.equal(told, 'no');
});

test('drain: what is here ends, what comes is refused', async () => {
  const running = [ask(), ask()];
  const drained = scheduler.drain();
  await assert.rejects(ask(), { code: 'NODE_DRAINING', status: Status.UNAVAILABLE });
  await drained;
  assert.equal(scheduler.completed, 2);
  assert.deepEqual(
    (await Promise.all(running)).map((tokens) => tokens.length),
    [12, 12],
  );
  await scheduler.drain();
});
