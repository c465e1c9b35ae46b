// The profiler under faults, with real servers: killed at every stage of a job, and its servers too. Each ends in the right
// state by itself: no job lost, none done twice in effect, no partial artifact to be seen.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openBus } from '@flash-slim/bus';
import { listModelManifests, openJobQueue } from '@flash-slim/messages';
import { readObject } from '@flash-slim/store';
import { type ServiceProcess, serverPath } from '@flash-slim/test-servers';
import { type S3Proxy, startS3Proxy, type Treatment } from './s3-proxy.ts';
import { eventually, startWorld, tinyModel, type World } from './world.ts';

const missing = (await Promise.all(['nats-server', 'minio'].map(serverPath))).some((path) => path === null);
const skip = missing && 'nats-server or minio is not here: node scripts/servers.mjs';

/** Command lines of a process's children, and theirs. */
function descendants(pid: number): string[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {
      // it has ended meanwhile
    }
  }
  const below = (child: number): boolean => {
    const parent = parents.get(child);
    return parent === pid || (parent !== undefined && parent > 1 && below(parent));
  };
  return [...parents.keys()].filter(below).flatMap((child) => {
    try {
      return [readFileSync(`/proc/${child}/cmdline`, 'utf8').replaceAll('\0', ' ')];
    } catch {
      return [];
    }
  });
}

/** Where a job is when its worker is killed: what is waited for, and how requests are treated until then. */
const stages: {
  name: string;
  treat?: (request: string) => Treatment;
  reached(world: World, proxy: S3Proxy, profiler: ServiceProcess): Promise<unknown>;
}[] = [
  { name: 'as soon as it is queued', reached: async () => {} },
  {
    name: 'while it fetches',
    treat: (request) => (/^GET [^?]*\/incoming\/[^?]*$/.test(request) ? 'hold' : 'pass'),
    reached: (_, proxy) => proxy.until(/^GET [^?]*\/incoming\/[^?]*$/),
  },
  {
    name: 'while it imports',
    reached: (_, __, profiler) =>
      eventually('the import', async () => descendants(profiler.pid).some((line) => line.includes(' import ')), 30),
  },
  {
    name: 'while it profiles',
    reached: async (_, __, profiler) => {
      const is = (word: string) => descendants(profiler.pid).some((line) => line.includes(` ${word} `));
      await eventually('the import', async () => is('import'), 30);
      await eventually('the profile alone', async () => is('profile') && !is('import'), 30);
    },
  },
  {
    name: 'while it uploads the weight cache',
    treat: (request) => (/^(PUT|POST) .*\/blobs\//.test(request) ? 'hold' : 'pass'),
    reached: (_, proxy) => proxy.until(/^(PUT|POST) .*\/blobs\//),
  },
  {
    name: 'before the manifest',
    treat: (request) => (/^PUT .*\/models\//.test(request) ? 'hold' : 'pass'),
    reached: (_, proxy) => proxy.until(/^PUT .*\/models\//),
  },
  {
    name: 'after the manifest, before it is acked',
    treat: (request) => (/^DELETE .*\/incoming\//.test(request) ? 'hold' : 'pass'),
    reached: (_, proxy) => proxy.until(/^DELETE .*\/incoming\//),
  },
];

describe('the profiler under faults', { skip }, () => {
  let world: World;
  let proxy: S3Proxy;
  let profiler: ServiceProcess;

  before(async () => {
    world = await startWorld();
    proxy = await startS3Proxy(world.minio.endpoint);
    world.environment.FLASH_SLIM_S3 = proxy.endpoint;
    profiler = await world.start('profiler');
  });
  after(async () => {
    if (process.env.FLASH_SLIM_DEBUG) console.error(world.logs());
    await world?.stop();
    await proxy?.stop();
  });

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

  for (const [i, { name, treat, reached }] of stages.entries()) {
    test(`killed ${name}`, async () => {
      proxy.seen.length = 0;
      proxy.treat = treat ?? (() => 'pass');
      const { id, digest } = await submit(100 + i);
      await reached(world, proxy, profiler);
      await profiler.kill();
      const visible = (await manifests()).includes(digest);
      assert.equal(visible, name.startsWith('after the manifest'), 'the manifest comes last');
      proxy.treat = () => 'pass';
      proxy.release();
      await profiler.start();
      const { artifacts, attempt } = await succeeded(id);
      assert.equal(artifacts.modelDigest, digest);
      assert.equal(attempt, 1);
      assert.ok((await manifests()).includes(digest));
      assert.deepEqual(await checkStore(), []);
    });
  }

  test('NATS is killed while a job runs', async () => {
    proxy.treat = (request) => (/^(PUT|POST) .*\/blobs\//.test(request) ? { delayMs: 1500 } : 'pass');
    proxy.seen.length = 0;
    const { id } = await submit(200);
    await proxy.until(/^(PUT|POST) .*\/blobs\//);
    await world.nats.kill();
    await sleep(3000);
    await world.nats.start();
    await succeeded(id);
    assert.deepEqual(await checkStore(), []);
  });

  test('MinIO is killed while a job uploads', async () => {
    proxy.treat = (request) => (/^(PUT|POST) .*\/blobs\//.test(request) ? { delayMs: 500 } : 'pass');
    proxy.seen.length = 0;
    const { id } = await submit(201);
    await proxy.until(/^(PUT|POST) .*\/blobs\//);
    await world.minio.kill();
    await sleep(4000);
    await world.minio.start();
    await succeeded(id);
    assert.deepEqual(await checkStore(), []);
  });

  test('the store answers 503, is slow, and cuts downloads', async () => {
    let requests = 0;
    proxy.treat = (request) => {
      requests++;
      if (requests % 3 === 0) return 503;
      if (/^GET [^?]*\/incoming\/[^?]*$/.test(request)) return { cutAfter: 100_000 };
      return { delayMs: 50 };
    };
    const { id } = await submit(202);
    await succeeded(id);
    proxy.treat = () => 'pass';
    assert.deepEqual(await checkStore(), []);
  });

  test('two profilers on one queue: every job once', async () => {
    proxy.treat = () => 'pass';
    const second = await world.start('profiler', { directory: `${world.directory}/second` });
    const jobs = await Promise.all([210, 211, 212, 213].map(submit));
    for (const { id } of jobs) await succeeded(id);
    const begun = world
      .logs()
      .split('\n')
      .filter((line) => line.includes('job begins'));
    for (const { id } of jobs) assert.equal(begun.filter((line) => line.includes(id)).length, 1);
    assert.deepEqual(await checkStore(), []);
    await second.stop();
    world.environment.FLASH_SLIM_PROFILER_ADDRESS = profiler.address;
  });

  test('a poison message, and messages again and out of date', async () => {
    const { id } = await submit(220);
    await succeeded(id);
    const bus = await openBus({ nats: { servers: world.nats.url } });
    const queue = await openJobQueue(bus);
    await queue.publish({ id: 'poison', body: Buffer.from('\x00not json') });
    await queue.publish({ id: 'again', body: Buffer.from(JSON.stringify({ job_id: id, attempt: 1 })) });
    await queue.publish({ id: 'old', body: Buffer.from(JSON.stringify({ job_id: id, attempt: 0 })) });
    await queue.publish({
      id: 'nobody',
      body: Buffer.from(JSON.stringify({ job_id: 'job-000000000000000000000000', attempt: 1 })),
    });
    const letters = await eventually(
      'the poison to be buried',
      async () => {
        const all = await queue.deadLetters.list();
        return all.length > 0 && all;
      },
      120,
    );
    assert.deepEqual(
      letters.map((letter) => [letter.id, letter.code]),
      [['poison', 'MESSAGE_INVALID']],
    );
    assert.equal((await job(id)).state, 'JOB_STATE_SUCCEEDED');
    await queue.deadLetters.take('poison');
    await bus.close();
    const next = await submit(221);
    await succeeded(next.id);
  });

  test('a model that is none fails at once, with its reason; retry does it again; cancel ends it', async () => {
    const source = `s3://flashslim/pictures/cat.gguf`;
    await world.store.put('pictures/cat.gguf', Buffer.from('this is a picture'));
    const { value } = await world.flashSlim('submit', '--model', source);
    const failed = await eventually('the failure', async () => {
      const now = await job(value.job.id);
      return now.state === 'JOB_STATE_FAILED' && now;
    });
    assert.equal(failed.error.code, 'NOT_A_GGUF');
    assert.equal(failed.error.retryable, undefined);
    const listed = (await world.flashSlim('jobs', '--failed')).value.jobs;
    assert.deepEqual(
      listed.map((each: { id: string }) => each.id),
      [value.job.id],
    );

    proxy.treat = (request) => (/^GET .*\/pictures\//.test(request) ? 'hold' : 'pass');
    proxy.seen.length = 0;
    const again = await world.flashSlim('retry', value.job.id);
    assert.equal(again.value.job.attempt, 2);
    await proxy.until(/^GET .*\/pictures\//);
    const cancelled = await world.flashSlim('cancel', value.job.id);
    assert.equal(cancelled.value.job.state, 'JOB_STATE_CANCELLED');
    proxy.treat = () => 'pass';
    proxy.release();
    await sleep(1500);
    assert.equal((await job(value.job.id)).state, 'JOB_STATE_CANCELLED');
    assert.deepEqual(await checkStore(), []);
  });
});
