// The planner under faults, with real servers: killed at every step of a plan, its servers too, damaged tables. Each ends with
// the right plan stored, told of, and of one version.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Bus, openBus } from '@flash-slim/bus';
import {
  decodePlanMessage,
  deviceClassName,
  encodeNode,
  listPlanVersions,
  openNodeBucket,
  openPlanTopic,
  planId,
  readModelManifest,
} from '@flash-slim/messages';
import { nominalDevice } from '@flash-slim/plan/testing';
import { Node } from '@flash-slim/proto';
import { readBlob } from '@flash-slim/store';
import { type ServiceProcess, serverPath } from '@flash-slim/test-servers';
import { type S3Proxy, startS3Proxy, type Treatment } from './s3-proxy.ts';
import { eventually, startWorld, tinyModel, type World } from './world.ts';

const missing = (await Promise.all(['nats-server', 'minio'].map(serverPath))).some((path) => path === null);
const skip = missing && 'nats-server or minio is not here: node scripts/servers.mjs';

const device = nominalDevice();
const deviceClass = deviceClassName(device, 2);

const isVersion = (request: string) => /^PUT [^?]*\/plans\//.test(request);
const steps: { name: string; match: (request: string) => boolean; treatment: Treatment }[] = [
  { name: 'while it reads the manifests', match: (request) => /^GET [^?]*\/models\//.test(request), treatment: 'hold' },
  { name: 'while it reads the table', match: (request) => /^GET [^?]*\/blobs\//.test(request), treatment: 'hold' },
  { name: 'while it stores the plan', match: (request) => /^PUT [^?]*\/blobs\//.test(request), treatment: 'hold' },
  { name: 'before the version is there', match: isVersion, treatment: 'hold' },
  { name: 'when the version is there, and nobody was told', match: isVersion, treatment: 'hold-answer' },
];

describe('the planner under faults', { skip }, () => {
  let world: World;
  let proxy: S3Proxy;
  let planner: ServiceProcess;
  let bus: Bus;
  let digest: string;
  let budget = 150e6;

  before(async () => {
    world = await startWorld();
    await world.start('profiler');
    const { value } = await world.flashSlim('submit', '--model', tinyModel(world.directory, 300), '--name', 'tiny');
    const { job } = await eventually('the model', async () => {
      const answer = (await world.flashSlim('job', value.job.id)).value;
      return answer.job.state === 'JOB_STATE_SUCCEEDED' && answer;
    });
    digest = job.artifacts.modelDigest;
    proxy = await startS3Proxy(world.minio.endpoint);
    world.environment.FLASH_SLIM_S3 = proxy.endpoint;
    planner = await world.start('planner');
    bus = await openBus({ nats: { servers: world.nats.url } });
  });
  after(async () => {
    if (process.env.FLASH_SLIM_DEBUG) console.error(world.logs());
    await bus?.close();
    await world?.stop();
    await proxy?.stop();
  });

  /** A node of another budget than any before, so that a plan is due. */
  const announce = async (): Promise<string> => {
    budget += 1e6;
    const target = { memoryBudgetBytes: budget, contextLength: 128, kvType: 'f16' };
    const node = Node.fromPartial({
      id: 'node-1',
      ...target,
      threads: 2,
      baselineBytes: 100e6,
      deviceClass: { name: deviceClass, deviceProfileJson: JSON.stringify(device) },
    });
    const bucket = await openNodeBucket(bus);
    await bucket.put('node-1', encodeNode(node));
    const beat = setInterval(() => void bucket.put('node-1', encodeNode(node)).catch(() => {}), 3000);
    beats.push(beat);
    return planId(digest, deviceClass, target);
  };
  const beats: NodeJS.Timeout[] = [];
  const quiet = () => {
    for (const beat of beats.splice(0)) clearInterval(beat);
  };
  after(quiet);

  /** One version, whole in the store, and told of. */
  const planned = async (id: string) => {
    const message = await eventually(`plan ${id} to be told of`, async () => (await openPlanTopic(bus)).latest(id), 60);
    const { plan } = decodePlanMessage(message.body);
    const versions = await listPlanVersions(world.store, id);
    assert.deepEqual(
      versions.map((each) => each.plan.version),
      [1],
    );
    assert.deepEqual(versions[0]?.plan, plan);
    await readBlob(world.store, plan.blob?.digest ?? '', 1e8);
  };

  for (const { name, match, treatment } of steps) {
    test(`killed ${name}`, async () => {
      quiet();
      let held = false;
      proxy.treat = (request) => {
        if (held || !match(request)) return 'pass';
        held = true;
        return treatment;
      };
      const id = await announce();
      // The table of a model is read once: it is read again by a planner that is new.
      if (name.includes('the table')) {
        await planner.kill();
        await planner.start();
      }
      await eventually('the step', async () => held);
      await sleep(300);
      await planner.kill();
      proxy.release();
      await planner.start();
      await planned(id);
    });
  }

  test('NATS is killed while a plan is made', async () => {
    quiet();
    proxy.seen.length = 0;
    proxy.treat = (request) => (isVersion(request) ? { delayMs: 1500 } : 'pass');
    const id = await announce();
    await proxy.until(/^PUT [^?]*\/plans\//);
    await world.nats.kill();
    await sleep(2500);
    await world.nats.start();
    proxy.treat = () => 'pass';
    await planned(id);
  });

  test('the store answers 503 for a while, then MinIO is killed', async () => {
    quiet();
    let requests = 0;
    proxy.treat = () => (++requests % 2 === 0 ? 503 : 'pass');
    const first = await announce();
    await planned(first);
    proxy.treat = () => 'pass';
    quiet();
    await world.minio.kill();
    const second = await announce();
    await sleep(3000);
    await world.minio.start();
    await planned(second);
  });

  test('two planners make one version', async () => {
    quiet();
    const other = await world.start('planner', { directory: `${world.directory}/other` });
    for (let i = 0; i < 3; i++) await planned(await announce());
    await other.stop();
    world.environment.FLASH_SLIM_PLANNER_ADDRESS = planner.address;
  });

  test('a table that was damaged is no plan, and a node that is silent is no node', async () => {
    quiet();
    await eventually(
      'the node to be forgotten',
      async () => (await world.flashSlim('nodes')).value.nodes.length === 0,
      40,
    );
    const manifest = await readModelManifest(world.store, digest);
    const key = `blobs/sha256/${manifest?.cmt.digest.slice('sha256:'.length)}`;
    const good = await readBlob(world.store, manifest?.cmt.digest ?? '', 1e8);
    const bad = Buffer.from(good);
    bad[bad.length >> 1] = (bad[bad.length >> 1] as number) ^ 1;
    await world.store.put(key, bad);
    await planner.stop();
    await planner.start();
    const id = await announce();
    await eventually('the planner to see it', async () => planner.log().includes('DIGEST_MISMATCH'));
    assert.deepEqual(await listPlanVersions(world.store, id), []);
    const preview = await world.flashSlim('plans');
    assert.equal(preview.code, 0);
    await world.store.put(key, good);
    await planned(id);
  });
});
