// The profiler beside servers that fail, and messages that are wrong: each ends in the right state by itself.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openBus } from '@flash-slim/bus';
import { openJobQueue } from '@flash-slim/messages';
import { type ProfilerFixture, skip, startProfilerFixture } from './profiler-fixture.ts';
import { eventually } from './world.ts';

describe('the profiler under faults', { skip }, () => {
  let fixture: ProfilerFixture;
  before(async () => {
    fixture = await startProfilerFixture();
  });
  after(() => fixture?.stop());

  test('NATS is killed while a job runs', async () => {
    const { world, proxy, submit, succeeded, checkStore } = fixture;
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
    const { world, proxy, submit, succeeded, checkStore } = fixture;
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
    const { proxy, submit, succeeded, checkStore } = fixture;
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
    const { world, proxy, profiler, submit, succeeded, checkStore } = fixture;
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
    const { world, submit, job, succeeded } = fixture;
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
    const { world, proxy, job, checkStore } = fixture;
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
