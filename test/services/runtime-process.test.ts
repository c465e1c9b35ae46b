// The process of a node: signals, and sudden ends at every stage.
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { type Bus, openBus } from '@flash-slim/bus';
import { deviceClassName } from '@flash-slim/messages';
import { RuntimeServiceDefinition } from '@flash-slim/proto';
import { type CallError, connectRpc, Status } from '@flash-slim/rpc';
import {
  announcePlan,
  drawing,
  eventually,
  expectedTokens,
  makeModel,
  makePlan,
  promptIds,
  putModel,
  putPlan,
  type TestModel,
  testDevice,
} from '@flash-slim/runtime/testing';
import { type ObjectStore, openStore } from '@flash-slim/store';
import {
  type MinioServer,
  type NatsServer,
  type ServiceProcess,
  serverPath,
  startMinio,
  startNats,
  startService,
  temporaryDirectory,
} from '@flash-slim/test-servers';
import { type CuttingProxy, startCuttingProxy } from './cutting-proxy.ts';

const missing = (await Promise.all(['nats-server', 'minio'].map(serverPath))).includes(null);
const skip = missing && 'nats-server or minio is missing: node scripts/servers.mjs';
const target = { memoryBudgetBytes: 400e6, contextLength: 2048, kvType: 'f16' };
const deviceClass = deviceClassName(testDevice, 1);

describe('the process of a node', { skip }, () => {
  let home: Awaited<ReturnType<typeof temporaryDirectory>>;
  let nats: NatsServer;
  let minio: MinioServer;
  let proxy: CuttingProxy;
  let model: TestModel;
  let expected: number[];
  let bus: Bus;
  let store: ObjectStore;
  let directory: string;
  let service: ServiceProcess;
  let count = 0;

  before(async () => {
    home = await temporaryDirectory('runtime-process');
    [nats, minio] = await Promise.all([startNats(), startMinio()]);
    const { hostname, port } = new URL(minio.endpoint);
    proxy = await startCuttingProxy(hostname, Number(port));
    model = await makeModel(home.path, 'one', { shape: { layers: 8 } });
    expected = await expectedTokens(model, promptIds, 1200, drawing);
    writeFileSync(join(home.path, 'device_profile.json'), JSON.stringify(testDevice));
  });

  after(async () => {
    await proxy.close();
    await Promise.all([nats.stop(), minio.stop()]);
    await home.remove();
  });

  beforeEach(async () => {
    const name = `world-${++count}`;
    directory = join(home.path, name);
    await minio.makeBucket(name);
    const { endpoint, accessKey, secretKey } = minio;
    store = await openStore({ s3: { endpoint, bucket: name, accessKey, secretKey } });
    bus = await openBus({ nats: { servers: nats.url, namespace: name } });
    service = await startService({
      name: 'runtime',
      environment: {
        FLASH_SLIM_HOME: join(home.path, 'home'),
        FLASH_SLIM_DIRECTORY: directory,
        FLASH_SLIM_DEVICE_PROFILE: join(home.path, 'device_profile.json'),
        FLASH_SLIM_NATS: nats.url,
        FLASH_SLIM_NATS_NAMESPACE: name,
        FLASH_SLIM_S3: `http://127.0.0.1:${proxy.port}`,
        FLASH_SLIM_S3_BUCKET: name,
        FLASH_SLIM_S3_ACCESS_KEY: accessKey,
        FLASH_SLIM_S3_SECRET_KEY: secretKey,
      },
      arguments: ['--memory-budget', String(target.memoryBudgetBytes), '--threads', '1'],
    });
    await putModel(store, model);
  });

  afterEach(async () => {
    proxy.cutAfter(null);
    await service.kill();
    await Promise.all([bus.close(), store.close()]);
  });

  async function publish(): Promise<void> {
    const { plan, json } = makePlan(model, { deviceClass, target, version: 1 });
    await putPlan(store, plan, json);
    await announcePlan(bus, plan, json);
  }

  const weights = () => join(directory, 'runtime', 'weights', model.cache.manifestDigest.slice('sha256:'.length));
  const said = (text: string) =>
    eventually(
      async () => service.log(),
      (log) => log.includes(text),
    );

  /** Tokens of a request, until it ends or fails. */
  async function ask(maxTokens: number, onToken: (count: number) => void = () => {}): Promise<number[]> {
    const connection = connectRpc(service.address);
    try {
      const client = connection.client(RuntimeServiceDefinition);
      const tokens: number[] = [];
      const input = { $case: 'promptTokens' as const, value: { ids: promptIds } };
      for await (const { event } of client.generate({ input, maxTokens, ignoreEnd: true, sampling: drawing })) {
        if (event?.$case !== 'token') continue;
        tokens.push(event.value.id);
        onToken(tokens.length);
      }
      return tokens;
    } finally {
      connection.close();
    }
  }

  const servesAgain = async () => {
    const tokens = await eventually(
      () => ask(20).catch(() => null),
      (answer) => answer !== null,
    );
    assert.deepEqual(tokens, expected.slice(0, 20));
  };

  test('SIGTERM: no new requests, the one under way ends, and so does the process', async () => {
    await publish();
    await said('model is loaded');
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const running = ask(1200, () => begin());
    await begun;
    const stopped = service.stop();
    await said('"draining"');
    await assert.rejects(ask(1), (error: CallError) => error.status === Status.UNAVAILABLE);
    assert.deepEqual(await running, expected);
    assert.equal(await stopped, 143);
  });

  test('a second signal ends it at once', async () => {
    await publish();
    await said('model is loaded');
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const running = ask(2000, () => begin()).then(
      (tokens) => tokens.length,
      (error: CallError) => error.status,
    );
    await begun;
    const { pid } = service;
    const stopped = service.stop();
    await said('"draining"');
    process.kill(pid, 'SIGTERM');
    assert.equal(await running, Status.UNAVAILABLE);
    assert.equal(await stopped, 143);
  });

  /** What is waited for before the process is killed, and its requests must be right when it is there again. */
  const stages: Record<string, () => Promise<unknown>> = {
    'before there was a plan': async () => {
      await said('runtime node is ready');
    },
    'while it pulled': async () => {
      proxy.cutAfter(40_000);
      await publish();
      await eventually(
        async () => existsSync(join(weights(), 'weights.fsw.partial')),
        (there) => there,
      );
    },
    'when the weights were there': async () => {
      await publish();
      await eventually(
        async () => existsSync(join(weights(), 'weights.fsw')),
        (there) => there,
      );
    },
    'while it generated': async () => {
      await publish();
      await said('model is loaded');
      const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
      ask(2000, (count) => count === 30 && begin()).catch(() => {});
      await begun;
    },
  };
  for (const [stage, reach] of Object.entries(stages)) {
    test(`killed ${stage}, and started again`, async () => {
      await reach();
      await service.kill();
      proxy.cutAfter(null);
      if (stage === 'before there was a plan') await publish();
      await service.start();
      await servesAgain();
    });
  }
});
