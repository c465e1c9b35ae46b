// A whole node in this process, with an in-process bus and a directory as the store.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { type Bus, openBus } from '@flash-slim/bus';
import type { PrefetchPlan } from '@flash-slim/plan';
import { NodeState, type Plan } from '@flash-slim/proto';
import { blobKey, digestOf, type ObjectStore, openStore } from '@flash-slim/store';
import {
  announcePlan,
  makeModel,
  makePlan,
  type PlanOptions,
  putModel,
  putPlan,
  type TestModel,
} from './testing/model.ts';
import { startNode, type TestNode, type TestNodeOptions, testClass, testTarget } from './testing/node.ts';

const root = mkdtempSync(join(tmpdir(), 'flash-slim-runtime-'));
after(() => rmSync(root, { recursive: true, force: true }));

let model: TestModel;
let other: TestModel;
before(async () => {
  model = await makeModel(root, 'one');
  other = await makeModel(root, 'two', { seed: 7 });
});

let count = 0;
let bus: Bus;
let store: ObjectStore;
let directory: string;
const nodes: TestNode[] = [];

beforeEach(async () => {
  directory = join(root, `test-${++count}`);
  bus = await openBus({ file: ':memory:' });
  store = await openStore({ directory: join(directory, 'objects') });
});

afterEach(async () => {
  for (const node of nodes.splice(0)) await node.stop(0);
  await bus.close();
  await store.close();
});

async function start(options: Partial<TestNodeOptions> = {}): Promise<TestNode> {
  const node = await startNode({
    bus,
    location: { directory: join(directory, 'objects') },
    directory: join(directory, 'node'),
    retryDelays: { soon: [200], late: [200] },
    ...options,
  });
  nodes.push(node);
  return node;
}

const planOf = (version: number, more: Partial<PlanOptions> = {}, of = model) =>
  makePlan(of, { deviceClass: testClass, target: testTarget, version, ...more });

async function publish(version: number, more: Partial<PlanOptions> = {}, of = model): Promise<Plan> {
  const { plan, json } = planOf(version, more, of);
  await putPlan(store, plan, json);
  await announcePlan(bus, plan, json);
  return plan;
}

const serves =
  (version: number, of = model) =>
  ({ loaded: [loaded] }: { loaded: { planVersion: number; modelDigest: string }[] }) =>
    loaded?.planVersion === version && loaded.modelDigest === of.digest;

describe('plans', () => {
  test('the newest is served, by its announcement; an older one that comes later changes nothing', async () => {
    await putModel(store, model);
    const node = await start();
    await publish(2);
    await node.until(serves(2));
    await publish(1, { strategy: 'resident' });
    await publish(1, {}, other);
    await putModel(store, other);
    // The other model's plan came after the old one, so that one has been seen when this one is served.
    await node.until(serves(1, other));
    const { result } = await node.ask({ model: 'one' });
    assert.equal(result.planVersion, 2);
  });

  test('a node that was away finds it in the store, without any announcement', async () => {
    await putModel(store, model);
    const { plan, json } = planOf(3);
    await putPlan(store, plan, json);
    const node = await start({ lookEveryMs: 300 });
    await node.until(serves(3));
    const next = planOf(4, { strategy: 'resident' });
    await putPlan(store, next.plan, next.json);
    await node.until(serves(4));
  });

  test('of another class or budget are not its own', async () => {
    await putModel(store, model);
    await publish(5, { deviceClass: 'another' });
    await publish(5, { target: { ...testTarget, memoryBudgetBytes: 1e9 } });
    const node = await start();
    await publish(1);
    await node.until(serves(1));
  });

  test('one whose bytes are not what its digest says is refused and told of; what is served stays', async () => {
    await putModel(store, model);
    const node = await start();
    await publish(1);
    await node.until(serves(1));
    const { plan, json } = planOf(2, { strategy: 'resident' });
    await store.put(
      blobKey(plan.blob?.digest as string),
      Buffer.from(json.replace('"resident":true', '"resident":false')),
    );
    await announcePlan(bus, plan, json.replace('"slot_count":', '"slot_count":1'));
    const { state, message } = await node.until(({ message }) => message.includes('version 2'));
    assert.equal(state, NodeState.READY);
    assert.match(message, /damaged/);
    assert.equal((await node.ask()).result.planVersion, 1);
    // Somebody mends the object: the node finds out by itself.
    await store.put(blobKey(plan.blob?.digest as string), Buffer.from(json));
    await node.until(serves(2));
  });

  test('made for a smaller process is refused, and the planner hears how large it is', async () => {
    await putModel(store, model);
    const node = await start();
    await publish(1);
    await node.until(serves(1));
    const { plan, json } = planOf(2);
    const tight = JSON.parse(json) as PrefetchPlan;
    const { ledger } = tight.metadata;
    ledger.reserve_bytes += ledger.baseline_bytes + ledger.unused_bytes - 1e6;
    ledger.baseline_bytes = 1e6;
    ledger.unused_bytes = 0;
    const body = JSON.stringify(tight);
    const small = { ...plan, blob: { digest: digestOf(Buffer.from(body)), bytes: body.length } };
    await putPlan(store, small, body);
    await announcePlan(bus, small, body);
    const { message, baselineBytes } = await node.until(({ message }) => message.includes('version 2'));
    assert.match(message, /leaves 1000000 bytes to the ready process/);
    assert.ok(baselineBytes > 30e6, `${baselineBytes}`);
    assert.equal((await node.ask()).result.planVersion, 1);
  });
});
