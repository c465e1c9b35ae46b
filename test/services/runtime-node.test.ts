// A node between a real NATS server and a real MinIO that come and go.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Bus, openBus } from '@flash-slim/bus';
import { decodeNode, nodeTtlMs, openNodeBucket } from '@flash-slim/messages';
import { NodeState, type Plan } from '@flash-slim/proto';
import {
  announcePlan,
  drawing,
  eventually,
  expectedTokens,
  makeModel,
  makePlan,
  type PlanOptions,
  promptIds,
  putModel,
  putPlan,
  startNode,
  type TestModel,
  type TestNode,
  type TestNodeOptions,
  testClass,
  testTarget,
} from '@flash-slim/runtime/testing';
import { blobKey, digestOfFile, type ObjectStore, openStore, type StoreLocation } from '@flash-slim/store';
import { type MinioServer, type NatsServer, serverPath, startMinio, startNats } from '@flash-slim/test-servers';
import { type CuttingProxy, startCuttingProxy } from './cutting-proxy.ts';

const missing = (await Promise.all(['nats-server', 'minio'].map(serverPath))).includes(null);
const skip = missing && 'nats-server or minio is missing: node scripts/servers.mjs';

describe('a node and its servers', { skip }, () => {
  const root = mkdtempSync(join(tmpdir(), 'flash-slim-node-'));
  let nats: NatsServer;
  let minio: MinioServer;
  let proxy: CuttingProxy;
  let model: TestModel;
  let bus: Bus;
  let store: ObjectStore;
  let location: StoreLocation;
  let count = 0;
  const nodes: TestNode[] = [];

  before(async () => {
    [nats, minio, model] = await Promise.all([
      startNats(),
      startMinio(),
      makeModel(root, 'one', { shape: { layers: 8 } }),
    ]);
    const { hostname, port } = new URL(minio.endpoint);
    proxy = await startCuttingProxy(hostname, Number(port));
  });

  after(async () => {
    await proxy.close();
    await Promise.all([nats.stop(), minio.stop()]);
    rmSync(root, { recursive: true, force: true });
  });

  beforeEach(async () => {
    const bucket = `bucket-${++count}`;
    await minio.makeBucket(bucket);
    const { accessKey, secretKey, endpoint } = minio;
    store = await openStore({ s3: { endpoint, bucket, accessKey, secretKey } });
    location = { s3: { endpoint: `http://127.0.0.1:${proxy.port}`, bucket, accessKey, secretKey } };
    bus = await openBus({ nats: { servers: nats.url, namespace: bucket } });
  });

  afterEach(async () => {
    for (const node of nodes.splice(0)) await node.stop(0);
    proxy.cutAfter(null);
    await bus.close();
    await store.close();
  });

  async function start(options: Partial<TestNodeOptions> = {}): Promise<TestNode> {
    const directory = join(root, `node-${count}`);
    const delays = { soon: [200], late: [200] };
    const node = await startNode({ bus, location, directory, retryDelays: delays, ...options });
    nodes.push(node);
    return node;
  }

  async function publish(version: number, more: Partial<PlanOptions> = {}): Promise<Plan> {
    const { plan, json } = makePlan(model, { deviceClass: testClass, target: testTarget, version, ...more });
    await putPlan(store, plan, json);
    await announcePlan(bus, plan, json);
    return plan;
  }

  const serves = (version: number) => (node: { loaded: { planVersion: number }[] }) =>
    node.loaded[0]?.planVersion === version;

  test('a download that is cut goes on where it was, and ends whole', async () => {
    await putModel(store, model);
    const { size } = statSync(model.cache.path);
    // Every connection is cut; each brings a piece of the weights.
    proxy.cutAfter(Math.ceil(size / 3));
    const before = { bytes: proxy.bytes, cuts: proxy.cuts };
    const node = await start();
    await publish(1);
    await node.until(serves(1));
    assert.ok(proxy.cuts - before.cuts >= 2, `${proxy.cuts - before.cuts} cuts`);
    // From the beginning each time it would never have ended.
    assert.ok(proxy.bytes - before.bytes < 2 * size, `${proxy.bytes - before.bytes} of ${size} bytes`);
    assert.deepEqual((await node.ask()).tokens, await expectedTokens(model, promptIds, 8, drawing));
  });

  test('what a killed pull left is used by the next one', async () => {
    await putModel(store, model);
    const { size } = statSync(model.cache.path);
    const directory = join(root, `node-${count}`);
    const partial = join(directory, 'weights', model.cache.manifestDigest.slice(7), 'weights.fsw.partial');
    proxy.cutAfter(Math.ceil(size / 2));
    // The store goes away for good in the middle of the download.
    const first = await start();
    await publish(1);
    await eventually(
      async () => statSync(partial, { throwIfNoEntry: false })?.size ?? 0,
      (bytes) => bytes > size / 4,
    );
    proxy.cutAfter(0);
    await first.stop(0);
    nodes.splice(0);
    const begun = statSync(partial).size;
    assert.ok(begun > 0 && begun < size);
    proxy.cutAfter(null);
    const before = proxy.bytes;
    const node = await start();
    await node.until(serves(1));
    assert.ok(proxy.bytes - before < size - begun + 100_000, `${proxy.bytes - before} bytes, ${begun} were there`);
    assert.deepEqual((await node.ask()).tokens, await expectedTokens(model, promptIds, 8, drawing));
  });

  test('weights that were damaged in the store are refused: nothing is served from them', async () => {
    await putModel(store, model);
    const { digest, bytes } = await digestOfFile(model.cache.path);
    const key = blobKey(digest);
    const pieces: Buffer[] = [];
    for await (const piece of await store.get(key)) pieces.push(piece as Buffer);
    const whole = Buffer.concat(pieces);
    const damaged = Buffer.from(whole);
    damaged.writeUInt8(damaged.readUInt8(bytes >> 1) ^ 1, bytes >> 1);
    await store.put(key, damaged);
    const node = await start();
    await publish(1);
    const { state } = await node.until(({ message }) => message.includes('not what was announced'));
    assert.notEqual(state, NodeState.READY);
    await assert.rejects(node.ask());
    await store.put(key, whole);
    await node.until(serves(1));
    assert.deepEqual((await node.ask()).tokens, await expectedTokens(model, promptIds, 8, drawing));
  });

  test('bus and store go while it generates, and come back: nothing is dropped, and it learns what it missed', async () => {
    await putModel(store, model);
    const node = await start();
    await publish(1);
    await node.until(serves(1));
    const expected = await expectedTokens(model, promptIds, 1500, drawing);
    let lost: Promise<unknown> | null = null;
    const { tokens } = await node.ask(
      { maxTokens: 1500 },
      {
        onToken: (all) => {
          if (all.length === 20) lost = Promise.all([nats.kill(), minio.kill()]);
        },
      },
    );
    await lost;
    assert.deepEqual(tokens, expected);
    assert.deepEqual((await node.ask()).tokens, expected.slice(0, 8));
    assert.equal((await node.describe()).state, NodeState.READY);
    await Promise.all([nats.start(), minio.start()]);
    // Nobody of those who plan noticed either.
    await eventually(
      () => publish(2, { strategy: 'resident' }).catch(() => null),
      (plan) => plan !== null,
    );
    await node.until(serves(2));
    assert.deepEqual((await node.ask()).tokens, expected.slice(0, 8));
  });

  test('a node that dies is gone from the bucket after its time; one that stops is gone at once', async () => {
    const nodesBucket = await openNodeBucket(bus);
    const there = async () => (await nodesBucket.entries()).map(({ value }) => decodeNode(value).id);
    const other = await openBus({ nats: { servers: nats.url, namespace: `bucket-${count}` } });
    const dying = await start({ bus: other, config: { nodeId: 'dying' } });
    const leaving = await start({ config: { nodeId: 'leaving' }, directory: join(root, 'leaving') });
    await eventually(there, (ids) => ids.length === 2);
    // Its connection is cut: as far as the others can tell it is dead.
    await other.close();
    await leaving.stop();
    assert.deepEqual(await there(), ['dying']);
    await sleep(nodeTtlMs);
    assert.deepEqual(await eventually(there, (ids) => ids.length === 0), []);
    await dying.stop(0);
    nodes.splice(0);
  });

  test('a store that is away at the beginning is waited for', async () => {
    await putModel(store, model);
    proxy.cutAfter(0);
    const node = await start({ lookEveryMs: 500 });
    const { plan, json } = makePlan(model, { deviceClass: testClass, target: testTarget, version: 7 });
    await putPlan(store, plan, json);
    await node.until(({ state }) => state === NodeState.IDLE);
    proxy.cutAfter(null);
    await node.until(serves(7));
  });
});
