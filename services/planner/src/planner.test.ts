// The planner with a directory as store and a bus in this process: which plans there are, when, and why.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Bus, openBus } from '@flash-slim/bus';
import { commonSettings, loadConfig, type PlannerConfig, plannerSettings, serverSettings } from '@flash-slim/config';
import {
  decodePlanMessage,
  deviceClassName,
  encodeJson,
  encodeNode,
  listPlanVersions,
  type ModelManifest,
  openMeasurementTopic,
  openModelTopic,
  openNodeBucket,
  openPlanTopic,
  planId,
  putModelManifest,
  readPlanVersion,
} from '@flash-slim/messages';
import { checkPlan } from '@flash-slim/plan';
import { nominalDevice } from '@flash-slim/plan/testing';
import { Node, type Plan, PlannerServiceDefinition } from '@flash-slim/proto';
import { connectRpc } from '@flash-slim/rpc';
import { fuzzService } from '@flash-slim/rpc/testing';
import { type ObjectStore, openStore, readBlob } from '@flash-slim/store';
import { createLogger } from '@flash-slim/telemetry';
import { type RunningService, startPlanner } from './planner.ts';
import { storeModel } from './testing.ts';

const settings = { ...commonSettings, ...serverSettings, ...plannerSettings };
const threads = 2;
const device = nominalDevice();
const deviceClass = deviceClassName(device, threads);
const target = { memoryBudgetBytes: 150e6, contextLength: 128, kvType: 'f16' };

let directory: string;
let bus: Bus;
let store: ObjectStore;
let model: ModelManifest;
let services: RunningService[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'flash-slim-planner-'));
  bus = await openBus({ file: ':memory:' });
  store = await openStore({ directory: join(directory, 'objects') });
  model = await storeModel(store, directory, 'tiny', 1);
  services = [];
});
afterEach(async () => {
  await Promise.all(services.map((service) => service.stop(0)));
  await bus.close();
  await rm(directory, { recursive: true });
});

async function start(flags: Record<string, unknown> = {}): Promise<RunningService> {
  const config = loadConfig(settings, settings, { flags: { listen: '127.0.0.1:0', replanMinutes: 0, ...flags } });
  const service = await startPlanner({
    config: config as PlannerConfig,
    bus,
    store,
    log: createLogger({ level: 'silent' }),
  });
  services.push(service);
  return service;
}

async function announce(changes: Partial<Node> = {}): Promise<void> {
  const node = Node.fromPartial({
    id: 'node-1',
    ...target,
    threads,
    baselineBytes: 100e6,
    deviceClass: { name: deviceClass, deviceProfileJson: JSON.stringify(device) },
    ...changes,
  });
  await (await openNodeBucket(bus)).put(node.id, encodeNode(node));
}

async function tellOfModel(manifest: ModelManifest): Promise<void> {
  const hex = manifest.model_digest.slice('sha256:'.length);
  const body = encodeJson({ model_digest: manifest.model_digest, manifest_key: `models/${hex}.json` });
  await (await openModelTopic(bus)).publish(hex, { id: randomUUID(), body });
}

async function until<T>(what: string, look: () => Promise<T | null | undefined | false>): Promise<T> {
  for (const deadline = Date.now() + 20_000; Date.now() < deadline; await sleep(20)) {
    const found = await look();
    if (found) return found;
  }
  throw new Error(`waited in vain for ${what}`);
}

const id = () => planId(model.model_digest, deviceClass, target);
const version = (number: number) =>
  until(`version ${number}`, async () => {
    const plan = (await readPlanVersion(store, id()))?.plan;
    return plan && plan.version >= number && plan;
  });

test('a plan for a node that announces itself, stored before it is announced, and in its message', async () => {
  await start();
  await announce();
  const plan = await version(1);
  const message = await until('the message', async () => (await openPlanTopic(bus)).latest(id()));
  const told = decodePlanMessage(message.body);
  assert.deepEqual(told.plan, plan);
  const stored = (await readBlob(store, plan.blob?.digest ?? '', 1e7)).toString();
  assert.equal(told.planJson, stored);
  const prefetch = checkPlan(JSON.parse(stored));
  assert.equal(prefetch.metadata.weight_cache_digest, model.weight_cache_digest);
  assert.equal(prefetch.metadata.ledger.budget_bytes, target.memoryBudgetBytes);
  assert.equal(prefetch.metadata.ledger.baseline_bytes, 100e6);
  assert.equal(prefetch.metadata.context_length, 128);
  assert.match(plan.explanation, /budget/);
  // Heartbeats are not news.
  for (let i = 0; i < 3; i++) await announce({ heartbeatTime: new Date(i), queued: i });
  await sleep(300);
  assert.equal((await listPlanVersions(store, id())).length, 1);
});

test('a model that is profiled later, and a message that was missed', async () => {
  await start();
  await announce();
  await version(1);
  const second = await storeModel(store, directory, 'second', 2);
  await tellOfModel(second);
  const secondId = planId(second.model_digest, deviceClass, target);
  const plan = await until('the second plan', async () => (await readPlanVersion(store, secondId))?.plan);
  assert.equal(plan.reason, 'profiled');
  // Nobody tells of the third: the next start finds it.
  const third = await storeModel(store, directory, 'third', 3);
  await services.pop()?.stop(0);
  await start();
  const thirdId = planId(third.model_digest, deviceClass, target);
  await until('the third plan', async () => (await readPlanVersion(store, thirdId))?.plan);
});

test('plans that are asked for with a job are made for every class there ever was', async () => {
  const wanted = { memoryBudgetBytes: 250e6, contextLength: 64, kvType: 'f32' as const };
  await start();
  await announce();
  await version(1);
  await (await openNodeBucket(bus)).delete('node-1');
  await putModelManifest(store, { ...model, plan_targets: [wanted] });
  await tellOfModel(model);
  const wantedId = planId(model.model_digest, deviceClass, wanted);
  await until('the plan asked for', async () => (await readPlanVersion(store, wantedId))?.plan);
});

test('a new version when the weight cache is another, when a node holds more, when much lies idle; not when it leaves', async () => {
  await start();
  await announce();
  await version(1);
  await announce({ baselineBytes: 110e6 });
  assert.ok(((await version(2)).summary?.baselineBytes ?? 0) >= 110e6);
  await announce({ baselineBytes: 80e6 });
  assert.ok(((await version(3)).summary?.baselineBytes ?? 0) < 90e6);
  await announce({ baselineBytes: 78e6 });
  await (await openNodeBucket(bus)).delete('node-1');
  await tellOfModel(model);
  await sleep(500);
  assert.equal((await readPlanVersion(store, id()))?.plan.version, 3);
  const other = await storeModel(store, directory, 'other', 4);
  await putModelManifest(store, { ...model, weight_cache_digest: other.weight_cache_digest, cmt: other.cmt });
  await announce({ baselineBytes: 80e6 });
  await tellOfModel(model);
  assert.equal((await version(4)).weightCacheDigest, other.weight_cache_digest);
});

test('a plan that does not fit into a message travels by its digest', async () => {
  Object.defineProperty(bus, 'maxMessageBytes', { value: 6000 });
  await start();
  await announce();
  const plan = await version(1);
  const message = await until('the message', async () => (await openPlanTopic(bus)).latest(id()));
  const told = decodePlanMessage(message.body);
  assert.equal(told.planJson, null);
  assert.deepEqual(told.plan, plan);
  checkPlan(JSON.parse((await readBlob(store, plan.blob?.digest ?? '', 1e7)).toString()));
});

test('a plan that was stored and not announced is announced by the next planner', async () => {
  const first = await start();
  await announce();
  const plan = await version(1);
  await services.pop();
  await first.stop(0);
  // Another bus: nobody has heard of the plan there.
  await bus.close();
  bus = await openBus({ file: ':memory:' });
  await start();
  await announce();
  const message = await until('the message', async () => (await openPlanTopic(bus)).latest(id()));
  assert.deepEqual(decodePlanMessage(message.body).plan, plan);
  assert.equal((await listPlanVersions(store, id())).length, 1);
});

test('two planners: one version each time, and versions only grow', async () => {
  await Promise.all([start(), start()]);
  await announce();
  await version(1);
  for (let i = 1; i <= 4; i++) {
    await announce({ baselineBytes: 100e6 + i * 4e6 });
    await version(i + 1);
  }
  await sleep(300);
  const versions = (await listPlanVersions(store, id())).map(({ plan }) => plan.version);
  assert.deepEqual(versions, [1, 2, 3, 4, 5]);
});

test('damage and nonsense pass by: others get their plans', async () => {
  const damaged = await storeModel(store, directory, 'damaged', 5);
  await putModelManifest(store, { ...damaged, cmt: { digest: `sha256:${'9'.repeat(64)}`, bytes: 1 } });
  await store.put(
    'models/ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff.json',
    Buffer.from('{"format": 1}'),
  );
  await (await openNodeBucket(bus)).put('nonsense', Buffer.from('not json'));
  await (await openNodeBucket(bus)).put(
    'liar',
    encodeNode(
      Node.fromPartial({ id: 'liar', ...target, threads, deviceClass: { name: 'x', deviceProfileJson: '{' } }),
    ),
  );
  await (await openModelTopic(bus)).publish('x', { id: 'nonsense', body: Buffer.from('nonsense') });
  await announce({ memoryBudgetBytes: 1e6, id: 'too-small' });
  await store.put(`models/${'e'.repeat(64)}.json`, Buffer.alloc(2 << 20));
  await announce({ memoryBudgetBytes: 160e6, id: 'damaged-plan' });
  const damagedId = planId(model.model_digest, deviceClass, { ...target, memoryBudgetBytes: 160e6 });
  await store.put(`plans/${damagedId}/0000000001.json`, Buffer.from('{}'));
  const service = await start();
  await announce();
  await version(1);
  const connection = connectRpc(service.address);
  const { plans } = await connection.client(PlannerServiceDefinition).listPlans({});
  assert.deepEqual(
    plans.map((plan) => plan.id),
    [id()],
  );
  connection.close();
  // The newest of a topic may be nonsense: what follows is still heard.
  await tellOfModel(model);
  await announce({ baselineBytes: 108e6 });
  await version(2);
});

const report = (plan: Plan, pass: number, stall: number, bytesPerSecond: number) => ({
  node_id: 'node-1',
  plan_id: plan.id,
  plan_version: plan.version,
  decode_passes: 20,
  decode_pass_ms: pass,
  decode_stall_ms: stall,
  bytes_per_second: bytesPerSecond,
});

test('measurements that part from the prediction make a new plan, once they are sure of it', async () => {
  await start();
  await announce();
  const plan = await version(1);
  const topic = await openMeasurementTopic(bus);
  const tell = (pass: number, stall: number, bytes: number) =>
    topic.publish('node-1', { id: randomUUID(), body: encodeJson(report(plan, pass, stall, bytes)) });
  const predicted = plan.summary?.predictedDecodePassMs ?? 0;
  for (let i = 0; i < 5; i++) await tell(predicted * 1.1, 0, 1e9);
  await tell(predicted * 3, predicted, 1e9);
  await tell(predicted, 0, 1e9);
  await topic.publish('node-1', { id: randomUUID(), body: Buffer.from('nonsense') });
  await sleep(400);
  assert.equal((await readPlanVersion(store, id()))?.plan.version, 1);
  for (let i = 0; i < 6; i++) await tell(predicted * 3, predicted, 0.4e9);
  const next = await version(2);
  assert.match(next.reason, /measured .* ms, predicted/);
  assert.ok((next.summary?.predictedDecodePassMs ?? 0) > predicted);
  // Reports of the old version say nothing of the new one.
  for (let i = 0; i < 6; i++) await tell(predicted * 3, predicted, 0.4e9);
  await sleep(400);
  assert.equal((await readPlanVersion(store, id()))?.plan.version, 2);
});

test('what can be asked: lists in pages, versions, previews, and what is refused', async (t) => {
  const service = await start();
  await announce();
  await announce({ id: 'node-2', memoryBudgetBytes: 200e6 });
  await version(1);
  const connection = connectRpc(service.address);
  t.after(() => connection.close());
  const client = connection.client(PlannerServiceDefinition);
  await until('two plans', async () => (await client.listPlans({})).plans.length === 2);
  assert.equal((await client.listNodes({})).nodes.length, 2);
  const first = await client.listPlans({ pageSize: 1, model: 'tiny' });
  const second = await client.listPlans({ pageSize: 1, pageToken: first.nextPageToken });
  assert.notEqual(first.plans[0]?.id, second.plans[0]?.id);
  assert.equal(second.nextPageToken, '');
  assert.deepEqual((await client.listPlans({ model: 'none' })).plans, []);
  const { plan, planJson } = await client.getPlan({ planId: id(), includePlan: true });
  assert.equal(plan?.version, 1);
  checkPlan(JSON.parse(Buffer.from(planJson).toString()));
  assert.equal((await client.replan({ planId: id() })).changed, false);

  const preview = await client.previewPlan({ model: 'tiny', target: { ...target, memoryBudgetBytes: 500e6 } });
  assert.match(preview.explanation, /500 MB/);
  const onPaper = await client.previewPlan({
    model: model.model_digest,
    target,
    deviceProfileJson: JSON.stringify(nominalDevice(1e8)),
    strategy: 'simple',
  });
  assert.equal(onPaper.summary?.strategy, 'simple');
  assert.equal((await client.listPlans({})).plans.length, 2);

  const refused = (work: Promise<unknown>, code: string) => assert.rejects(work, { name: 'CallError', code });
  await refused(client.previewPlan({ model: 'none', target }), 'UNKNOWN_MODEL');
  await refused(client.previewPlan({ model: 'tiny' }), 'INVALID_REQUEST');
  await refused(client.previewPlan({ model: '', target }), 'INVALID_REQUEST');
  await refused(
    client.previewPlan({ model: 'tiny', target: { ...target, memoryBudgetBytes: 1e6 } }),
    'BUDGET_BELOW_FLOOR',
  );
  await refused(
    client.previewPlan({
      model: 'tiny',
      target: { ...target, memoryBudgetBytes: 2 ** 53 - 1, contextLength: 2 ** 31 },
    }),
    'PLAN_REQUEST_INVALID',
  );
  await refused(client.previewPlan({ model: 'tiny', target, strategy: 'fast' }), 'INVALID_REQUEST');
  await refused(client.previewPlan({ model: 'tiny', target, deviceClass: 'none' }), 'DEVICE_CLASS_NOT_FOUND');
  await refused(client.previewPlan({ model: 'tiny', target, deviceProfileJson: '{' }), 'INVALID_REQUEST');
  await refused(client.previewPlan({ model: 'tiny', target, deviceProfileJson: '{}' }), 'DEVICE_PROFILE_INVALID');
  await refused(client.getPlan({ planId: '../x' }), 'INVALID_REQUEST');
  await refused(client.getPlan({ planId: id(), version: 9 }), 'PLAN_NOT_FOUND');
  await refused(client.listPlans({ pageToken: 'x' }), 'INVALID_REQUEST');
  await refused(client.replan({ planId: `plan-${'0'.repeat(24)}` }), 'PLAN_NOT_FOUND');
});

test('5,000 generated messages: each a status that says whose mistake it was, and the service goes on', async (t) => {
  const service = await start();
  await announce();
  await version(1);
  const texts = [
    '',
    'x',
    '../x',
    'tiny',
    id(),
    `sha256:${'0'.repeat(64)}`,
    '{',
    '{}',
    JSON.stringify(device),
    '\0',
    'ä'.repeat(300),
  ];
  const numbers = [0, 1, 1e6, 2e8, 2 ** 31, Number.MAX_SAFE_INTEGER];
  const seen = await fuzzService(service.address, PlannerServiceDefinition, {
    count: 5000,
    seed: 2,
    samples: {
      getPlan: texts.flatMap((planId) =>
        numbers.map((number) => ({ planId, version: number, includePlan: number % 2 === 0 })),
      ),
      listPlans: texts.flatMap((text) =>
        numbers.map((number) => ({ pageToken: text, model: text, pageSize: number % 2 ** 32 })),
      ),
      previewPlan: texts.flatMap((text, i) =>
        numbers.map((number, k) => ({
          model: texts[(i + k) % texts.length],
          target: {
            memoryBudgetBytes: number,
            contextLength: (numbers[(k + i) % 6] ?? 0) % 2 ** 32,
            kvType: k % 2 ? 'f16' : text,
          },
          strategy: k % 3 ? '' : text,
          deviceClass: k % 2 ? '' : text,
          deviceProfileJson: i % 2 ? '' : text,
        })),
      ),
      replan: texts.map((planId) => ({ planId })),
      listNodes: [{}],
    },
  });
  for (const status of Object.keys(seen))
    assert.ok(['0', '3', '5', '9', '8', '4'].includes(status), JSON.stringify(seen));
  assert.ok((seen['3'] ?? 0) > 1000, JSON.stringify(seen));
  const connection = connectRpc(service.address);
  t.after(() => connection.close());
  assert.equal((await connection.client(PlannerServiceDefinition).listNodes({})).nodes.length, 1);
});
