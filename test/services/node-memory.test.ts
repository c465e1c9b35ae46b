// What a node holds: all of it telemetry, bus and gRPC beside the engine, within its budget, on the real model.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { openBus } from '@flash-slim/bus';
import { decodeNode, openNodeBucket } from '@flash-slim/messages';
import { RuntimeServiceDefinition } from '@flash-slim/proto';
import { connectRpc } from '@flash-slim/rpc';
import {
  announcePlan,
  eventually,
  makePlan,
  openModel,
  putModel,
  putPlan,
  testDevice,
} from '@flash-slim/runtime/testing';
import { openStore } from '@flash-slim/store';
import { ask, serverPath, startMinio, startNats, startService, temporaryDirectory } from '@flash-slim/test-servers';

const model = process.env.FLASH_SLIM_TEST_MODEL;
const missing = (await Promise.all(['nats-server', 'minio'].map(serverPath))).includes(null);
const skip = (missing && 'nats-server or minio is missing: node scripts/servers.mjs') || (!model && 'no real model');

const budget = 180e6;
const contextLength = 512;

test('a node with telemetry keeps its budget, and is at most 40 MB larger than generate', { skip }, async () => {
  const home = await temporaryDirectory('node-memory');
  const [nats, minio] = await Promise.all([startNats(), startMinio()]);
  let spans = 0;
  const collector = createServer((request, response) => {
    request.on('data', (piece) => {
      spans += piece.length;
    });
    request.on('end', () => response.end('{}'));
  }).listen(0, '127.0.0.1');
  const bus = await openBus({ nats: { servers: nats.url } });
  await minio.makeBucket('flashslim');
  const { endpoint, accessKey, secretKey } = minio;
  const store = await openStore({ s3: { endpoint, bucket: 'flashslim', accessKey, secretKey } });
  const profile = join(home.path, 'device_profile.json');
  writeFileSync(profile, JSON.stringify(testDevice));
  const environment = {
    FLASH_SLIM_HOME: join(home.path, 'home'),
    FLASH_SLIM_DIRECTORY: join(home.path, 'services'),
    FLASH_SLIM_DEVICE_PROFILE: profile,
    FLASH_SLIM_NATS: nats.url,
    FLASH_SLIM_S3: endpoint,
    FLASH_SLIM_S3_ACCESS_KEY: accessKey,
    FLASH_SLIM_S3_SECRET_KEY: secretKey,
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(collector.address() as AddressInfo).port}`,
  };
  const words = ['--memory-budget', String(budget), '--context-length', String(contextLength)];
  const service = await startService({ name: 'runtime', environment, arguments: words });
  const connection = connectRpc(service.address);
  try {
    const real = await openModel(home.path, 'real', model as string);
    await putModel(store, real);
    const nodes = await openNodeBucket(bus);
    const [entry] = await eventually(
      () => nodes.entries(),
      (all) => all.length === 1,
    );
    const announced = decodeNode(entry?.value as Uint8Array);
    let version = 0;
    const plan = async (baselineBytes: number) => {
      const target = { memoryBudgetBytes: budget, contextLength, kvType: 'f16' };
      const deviceClass = announced.deviceClass?.name ?? '';
      const options = { deviceClass, target, version: ++version, strategy: 'auto' as const, baselineBytes };
      const { plan: made, json } = makePlan(real, options);
      await putPlan(store, made, json);
      await announcePlan(bus, made, json);
      return made;
    };
    const client = connection.client(RuntimeServiceDefinition);
    const describe = async () => (await client.getNode({})).node;
    await plan(announced.baselineBytes);
    const first = await eventually(describe, (node) => node?.loaded[0]?.planVersion === version);
    // Measured now: the weights get what the estimate held back.
    await plan(first?.baselineBytes ?? 0);
    await eventually(describe, (node) => node?.loaded[0]?.planVersion === version);
    let tokens = 0;
    const prompt = { $case: 'prompt' as const, value: 'The sea is' };
    for await (const { event } of client.generate({ input: prompt, maxTokens: 300, ignoreEnd: true }))
      if (event?.$case === 'token') tokens++;
    assert.equal(tokens, 300);
    const peak = (await describe())?.loaded[0]?.peakMemoryBytes ?? 0;
    assert.ok(peak > 100e6 && peak <= budget, `peak ${peak} of ${budget}`);
    await eventually(
      async () => spans,
      (bytes) => bytes > 0,
    );

    const ready = [...service.log().matchAll(/"readyBytes":(\d+)/g)].map(([, bytes]) => Number(bytes));
    assert.equal(ready.length, 2);
    writeFileSync(join(home.path, 'weight_chunks_metadata_table.json'), JSON.stringify(real.cmt));
    const generated = await ask(
      [
        ...['generate', '--weight-cache-path', real.cache.path, '--device', profile, '--memory-budget', String(budget)],
        ...['--context-length', String(contextLength), '--prompt', 'The sea is', '--max-decode-steps', '2'],
      ],
      environment,
    );
    assert.equal(generated.code, 0, generated.stderr);
    const most = generated.value.baseline_bytes + 40e6;
    const figures = `ready with ${ready.join(' and ')} bytes, generate with ${generated.value.baseline_bytes}; peak ${peak} of ${budget}`;
    console.log(figures);
    assert.ok(Math.max(...ready) <= most, figures);
  } finally {
    connection.close();
    await service.stop();
    await Promise.all([bus.close(), store.close()]);
    await Promise.all([nats.stop(), minio.stop()]);
    collector.closeAllConnections();
    collector.close();
    await home.remove();
  }
});
