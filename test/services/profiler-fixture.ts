// A profiler behind a store that can misbehave, and what tests of its faults ask of it.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { openBus } from '@flash-slim/bus';
import { listModelManifests, openJobQueue } from '@flash-slim/messages';
import { readObject } from '@flash-slim/store';
import { type ServiceProcess, serverPath } from '@flash-slim/test-servers';
import { type S3Proxy, startS3Proxy } from './s3-proxy.ts';
import { eventually, startWorld, tinyModel, type World } from './world.ts';

const missing = (await Promise.all(['nats-server', 'minio'].map(serverPath))).some((path) => path === null);
export const skip = missing && 'nats-server or minio is not here: node scripts/servers.mjs';

export interface ProfilerFixture extends Awaited<ReturnType<typeof asking>> {
  world: World;
  proxy: S3Proxy;
  profiler: ServiceProcess;
  stop(): Promise<void>;
}

export async function startProfilerFixture(): Promise<ProfilerFixture> {
  const world = await startWorld();
  const proxy = await startS3Proxy(world.minio.endpoint);
  world.environment.FLASH_SLIM_S3 = proxy.endpoint;
  const profiler = await world.start('profiler');
  return {
    world,
    proxy,
    profiler,
    ...asking(world),
    stop: async () => {
      if (process.env.FLASH_SLIM_DEBUG) console.error(world.logs());
      await world.stop();
      await proxy.stop();
    },
  };
}

function asking(world: World) {
  const submit = async (seed: number): Promise<{ id: string; digest: string }> => {
    const path = tinyModel(world.directory, seed);
    const digest = `sha256:${createHash('sha256').update(readFileSync(path)).digest('hex')}`;
    const { code, value, stderr } = await world.flashSlim('submit', '--model', path);
    assert.equal(code, 0, stderr);
    return { id: value.job.id, digest };
  };
  const job = async (id: string) => (await world.flashSlim('job', id)).value.job;
  const manifests = async () =>
    (await listModelManifests(world.store, () => {})).map(({ model_digest }) => model_digest);
  const succeeded = (id: string) =>
    eventually(
      `job ${id} to succeed`,
      async () => {
        const now = await job(id);
        assert.notEqual(now?.state, 'JOB_STATE_FAILED', JSON.stringify(now?.error));
        return now?.state === 'JOB_STATE_SUCCEEDED' && now;
      },
      90,
    );

  /** Every blob is what its name says; every manifest names blobs that are there; nothing is left in the queue. */
  const checkStore = async () => {
    for await (const { key } of world.store.list('blobs/')) {
      const body = await readObject(world.store, key, 1e9);
      assert.equal(createHash('sha256').update(body).digest('hex'), key.split('/').at(-1));
    }
    for (const { weight_cache, cmt } of await listModelManifests(world.store, () =>
      assert.fail('a manifest is not valid'),
    ))
      for (const { digest, bytes } of [weight_cache, cmt])
        assert.equal((await world.store.head(`blobs/sha256/${digest.slice('sha256:'.length)}`))?.bytes, bytes);
    const bus = await openBus({ nats: { servers: world.nats.url } });
    const queue = await openJobQueue(bus);
    await eventually('an empty queue', async () => (await queue.size()) === 0, 30);
    const letters = await queue.deadLetters.list();
    await bus.close();
    return letters;
  };

  return { submit, job, manifests, succeeded, checkStore };
}
