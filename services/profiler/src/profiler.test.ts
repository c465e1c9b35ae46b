// The profiler with a directory as store, a bus in this process, and a stand-in for the child that profiles: what it does
// with jobs. Real servers and real kills are in test/services.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Bus, openBus } from '@flash-slim/bus';
import { commonSettings, loadConfig, type ProfilerConfig, profilerSettings, serverSettings } from '@flash-slim/config';
import { openJobBucket, readModelManifest } from '@flash-slim/messages';
import { type Job, JobState, ProfilerServiceDefinition } from '@flash-slim/proto';
import { connectRpc } from '@flash-slim/rpc';
import { fuzzService } from '@flash-slim/rpc/testing';
import { type ObjectStore, openStore } from '@flash-slim/store';
import { createLogger } from '@flash-slim/telemetry';
import { collectGarbage } from './garbage.ts';
import { JobRecords, newJob } from './job-record.ts';
import { type RunningService, startProfiler } from './profiler.ts';
import type { ProfileRequest, ProfileResult } from './worker.ts';

const settings = { ...commonSettings, ...serverSettings, ...profilerSettings };
const sha256 = (body: Uint8Array) => createHash('sha256').update(body).digest('hex');

let directory: string;
let bus: Bus;
let store: ObjectStore;
let service: RunningService;
let profiled: ProfileRequest[];
/** What the stand-in does before it answers. */
let inProfile: (request: ProfileRequest) => Promise<void>;

async function profile(request: ProfileRequest): Promise<ProfileResult> {
  profiled.push(request);
  request.onProgress('layout', 1, 2);
  await inProfile(request);
  request.signal.throwIfAborted();
  await writeFile(request.cachePath, `weights of ${request.modelPath.length}`);
  const cmtPath = join(dirname(request.cachePath), 'cmt.json');
  await writeFile(cmtPath, `table ${randomBytes(8).toString('hex')}`);
  const modelDigest = `sha256:${sha256(await (await import('node:fs/promises')).readFile(request.modelPath))}`;
  return { cmtPath, modelDigest, weightCacheDigest: `sha256:${sha256(Buffer.from('cache'))}` };
}

const start = () =>
  startProfiler({
    config: loadConfig(settings, settings, {
      flags: { listen: '127.0.0.1:0', sourceDirectories: [join(directory, 'models')], maxModelBytes: 1e6 },
    }) as ProfilerConfig,
    directory: join(directory, 'profiler'),
    bus,
    store,
    log: createLogger({ level: 'silent' }),
    pull: async (name) => {
      if (name !== 'known') throw Object.assign(new Error(`there is no model ${name}`), { code: 'UNKNOWN_MODEL' });
      return join(directory, 'models', 'known.gguf');
    },
    profile,
  });

async function withClient<T>(work: (client: ReturnType<typeof clientOf>) => Promise<T>): Promise<T> {
  const connection = connectRpc(service.address);
  try {
    return await work(clientOf(connection));
  } finally {
    connection.close();
  }
}
const clientOf = (connection: ReturnType<typeof connectRpc>) => connection.client(ProfilerServiceDefinition);

async function ended(id: string): Promise<Job> {
  return withClient(async (client) => {
    let last: Job | undefined;
    for await (const { job } of client.watchJob({ jobId: id }, { signal: AbortSignal.timeout(30_000) })) last = job;
    assert.ok(last);
    return last;
  });
}

async function submit(spec: Record<string, unknown>): Promise<Job> {
  return withClient(async (client) => {
    const { job } = await client.submitJob({ spec });
    assert.ok(job);
    return job;
  });
}

async function file(name: string, body: string): Promise<string> {
  const path = join(directory, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, body);
  return path;
}

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'flash-slim-profiler-'));
  await file('models/known.gguf', 'a known model');
  bus = await openBus({ file: ':memory:' });
  store = await openStore({ directory: join(directory, 'objects') });
  service = await start();
});
beforeEach(() => {
  profiled = [];
  inProfile = async () => {};
});
after(async () => {
  await service.stop(0);
  await bus.close();
  await rm(directory, { recursive: true });
});

test('an upload by part URLs, a job, a manifest; the same again is not done again', async () => {
  const body = randomBytes(100_000);
  await withClient(async (client) => {
    const upload = await client.createUpload({ sha256: sha256(body), bytes: body.length });
    assert.equal(upload.source, `upload:${sha256(body)}`);
    await assert.rejects(client.submitJob({ spec: { source: upload.source } }), { code: 'UPLOAD_INCOMPLETE' });
    for (const { url, offset, bytes } of upload.parts) {
      const forged = url.replace(/partNumber=1/, 'partNumber=2');
      assert.equal((await fetch(forged, { method: 'PUT', body: 'x' })).status, 403);
      assert.equal((await fetch(url)).status, 405);
      const answer = await fetch(url, { method: 'PUT', body: new Uint8Array(body.subarray(offset, offset + bytes)) });
      assert.equal(answer.status, 200);
    }
    assert.ok(
      (await client.createUpload({ sha256: sha256(body), bytes: body.length })).parts.every(({ done }) => done),
    );
    const first = await client.submitJob({ spec: { source: upload.source, modelName: 'mine' } });
    assert.equal(first.created, true);
    const job = await ended(first.job?.id ?? '');
    assert.equal(job.state, JobState.SUCCEEDED, JSON.stringify(job.error));
    const manifest = await readModelManifest(store, `sha256:${sha256(body)}`);
    assert.equal(manifest?.name, 'mine');
    assert.equal(manifest?.model_bytes, body.length);
    assert.deepEqual(job.artifacts?.weightCache, manifest?.weight_cache);
    assert.equal(await store.head(`incoming/${sha256(body)}`), null);
    const again = await client.submitJob({ spec: { source: upload.source, modelName: 'mine' } });
    assert.equal(again.created, false);
    assert.equal(again.job?.state, JobState.SUCCEEDED);
    assert.deepEqual((await client.createUpload({ sha256: sha256(body), bytes: body.length })).parts, []);
    const renamed = await ended(
      (await client.submitJob({ spec: { source: upload.source, modelName: 'other' } })).job?.id ?? '',
    );
    assert.equal(renamed.state, JobState.SUCCEEDED);
    assert.equal((await readModelManifest(store, `sha256:${sha256(body)}`))?.name, 'other');
  });
  assert.equal(profiled.length, 1);
});

test('an upload that is not what its digest says', async () => {
  const wrong = sha256(Buffer.from('something else'));
  await withClient(async (client) => {
    const { parts, source } = await client.createUpload({ sha256: wrong, bytes: 5 });
    await fetch(parts[0]?.url ?? '', { method: 'PUT', body: 'bytes' });
    const { job } = await client.submitJob({ spec: { source } });
    const { state, error } = await ended(job?.id ?? '');
    assert.equal(state, JobState.FAILED);
    assert.equal(error?.code, 'DIGEST_MISMATCH');
    assert.equal(error?.retryable, false);
    // The right bytes can be sent again.
    const again = await client.createUpload({ sha256: wrong, bytes: 14 });
    await fetch(again.parts[0]?.url ?? '', { method: 'PUT', body: 'something else' });
    const retried = await client.submitJob({ spec: { source } });
    assert.equal(retried.job?.attempt, 2);
    assert.equal((await ended(job?.id ?? '')).state, JobState.SUCCEEDED);
  });
  assert.ok(await readModelManifest(store, `sha256:${wrong}`));
});

test('requests that are refused, each with its field', async () => {
  const target = { memoryBudgetBytes: 1e8, contextLength: 100, kvType: 'f16' };
  const bad: [Record<string, unknown>, RegExp][] = [
    [{ source: '' }, /spec.source/],
    [{ source: '../../etc/passwd' }, /spec.source/],
    [{ source: 'ftp://x/y' }, /spec.source/],
    [{ source: 's3://bucket/../x' }, /spec.source/],
    [{ source: 'upload:../../x' }, /spec.source/],
    [{ source: 'x'.repeat(2000) }, /spec.source/],
    [{ source: 'known', modelName: '../x' }, /spec.model_name/],
    [{ source: 'known', sha256: 'abc' }, /spec.sha256/],
    [{ source: 'known', prefillTokens: 1 }, /spec.prefill_tokens/],
    [{ source: 'known', planTargets: [{ ...target, memoryBudgetBytes: 0 }] }, /plan_targets\[0\].memory_budget_bytes/],
    [{ source: 'known', planTargets: [{ ...target, memoryBudgetBytes: 2 ** 52 }] }, /memory_budget_bytes/],
    [{ source: 'known', planTargets: [target, { ...target, kvType: 'f8' }] }, /plan_targets\[1\].kv_type/],
    [{ source: 'known', planTargets: [{ ...target, contextLength: 1 }] }, /context_length/],
  ];
  await withClient(async (client) => {
    for (const [spec, message] of bad)
      await assert.rejects(client.submitJob({ spec }), { code: 'INVALID_REQUEST', message }, JSON.stringify(spec));
    await assert.rejects(client.submitJob({}), { code: 'INVALID_REQUEST' });
    await assert.rejects(client.createUpload({ sha256: 'x', bytes: 1 }), { code: 'INVALID_REQUEST' });
    await assert.rejects(client.createUpload({ sha256: sha256(Buffer.from('')), bytes: 2e6 }), {
      code: 'INVALID_REQUEST',
    });
    await assert.rejects(client.getJob({ jobId: '../x' }), { code: 'INVALID_REQUEST' });
    for (const call of [client.getJob, client.cancelJob, client.retryJob])
      await assert.rejects(call({ jobId: 'job-000000000000000000000000' }), { code: 'JOB_NOT_FOUND' });
    await assert.rejects(client.listJobs({ pageToken: 'x' }), { code: 'INVALID_REQUEST' });
  });
});

test('sources: below the allowed directories only, and names that pull knows', async () => {
  await file('secret.gguf', 'not yours');
  await file('models/sub/mine.gguf', 'mine');
  await symlink(join(directory, 'secret.gguf'), join(directory, 'models', 'link.gguf'));
  const outcome = async (source: string) => {
    const { state, error } = await ended((await submit({ source })).id);
    return error?.code ?? state;
  };
  assert.equal(await outcome('file:sub/mine.gguf'), JobState.SUCCEEDED);
  assert.equal(await outcome(`file:${join(directory, 'models/sub/mine.gguf')}`), JobState.SUCCEEDED);
  for (const source of [
    'file:../secret.gguf',
    `file:${join(directory, 'secret.gguf')}`,
    'file:link.gguf',
    'file:none',
    'file:sub',
  ])
    assert.equal(await outcome(source), 'SOURCE_FORBIDDEN', source);
  assert.equal(await outcome('s3://other/x.gguf'), 'SOURCE_FORBIDDEN');
  assert.equal(await outcome('known'), JobState.SUCCEEDED);
  assert.equal(await outcome('unknown'), 'UNKNOWN_MODEL');
  await file('models/large.gguf', 'x'.repeat(1_000_001));
  assert.equal(await outcome('file:large.gguf'), 'SOURCE_TOO_LARGE');
});

test('what may mend itself is tried again, and the record says so meanwhile', async () => {
  await file('models/again.gguf', 'again');
  inProfile = async () => {
    if (profiled.length === 1) throw Object.assign(new Error('no answer'), { code: 'STORE_UNAVAILABLE' });
  };
  const { id } = await submit({ source: 'file:again.gguf' });
  assert.equal((await ended(id)).state, JobState.SUCCEEDED);
  assert.equal(profiled.length, 2);
  assert.equal((await ended(id)).error, undefined);
});

test('cancel ends the child at once; retry does the job again', async () => {
  await file('models/long.gguf', 'long');
  inProfile = async ({ signal }) => {
    if (profiled.length === 1) await sleep(60_000, undefined, { signal });
  };
  const { id } = await submit({ source: 'file:long.gguf' });
  while (profiled.length === 0) await sleep(10);
  await withClient(async (client) => {
    await assert.rejects(client.retryJob({ jobId: id }), { code: 'JOB_NOT_RETRYABLE' });
    assert.equal((await client.cancelJob({ jobId: id })).job?.state, JobState.CANCELLED);
    while (!profiled[0]?.signal.aborted) await sleep(10);
    assert.equal((await ended(id)).state, JobState.CANCELLED);
    assert.equal((await client.retryJob({ jobId: id })).job?.attempt, 2);
    assert.equal((await ended(id)).state, JobState.SUCCEEDED);
    assert.equal((await client.cancelJob({ jobId: id })).job?.state, JobState.SUCCEEDED);
  });
});

test('jobs in pages, the newest first', async () => {
  await withClient(async (client) => {
    const all = (await client.listJobs({ pageSize: 100 })).jobs;
    assert.ok(all.length > 5);
    const times = all.map(({ createTime }) => createTime?.getTime() ?? 0);
    assert.deepEqual(
      times,
      times.toSorted((a, b) => b - a),
    );
    const paged: Job[] = [];
    for (let pageToken = ''; ; ) {
      const page = await client.listJobs({ pageSize: 2, pageToken });
      assert.ok(page.jobs.length <= 2);
      paged.push(...page.jobs);
      pageToken = page.nextPageToken;
      if (pageToken === '') break;
    }
    assert.deepEqual(
      paged.map(({ id }) => id),
      all.map(({ id }) => id),
    );
    const failed = (await client.listJobs({ states: [JobState.FAILED] })).jobs;
    assert.ok(failed.length > 0 && failed.every(({ state }) => state === JobState.FAILED));
  });
});

test('5,000 generated messages: each a status that says whose mistake it was, and the service goes on', async () => {
  const hex = sha256(Buffer.from('x'));
  const texts = [
    '',
    'x',
    '../x',
    'known',
    `upload:${hex}`,
    's3://a/b',
    'file:../../etc/passwd',
    '\0',
    'ä'.repeat(300),
    'http://[',
    'job-1',
  ];
  const numbers = [0, 1, 64, 4097, 2 ** 31, Number.MAX_SAFE_INTEGER];
  const specs = texts.flatMap((source, i) =>
    numbers.map((number, k) => ({
      source,
      sha256: texts[(i + k) % texts.length],
      modelName: texts[(i + 2 * k) % texts.length],
      prefillTokens: number % 2 ** 32,
      planTargets: [
        { memoryBudgetBytes: number, contextLength: (numbers[k] ?? 0) % 2 ** 32, kvType: texts[k] ?? '' },
      ].slice(0, k % 2),
    })),
  );
  const seen = await fuzzService(service.address, ProfilerServiceDefinition, {
    count: 5000,
    seed: 1,
    samples: {
      createUpload: texts.flatMap((sha) => numbers.map((bytes) => ({ sha256: sha, bytes }))),
      submitJob: specs.map((spec) => ({ spec })),
      getJob: texts.map((jobId) => ({ jobId })),
      watchJob: texts.map((jobId) => ({ jobId })),
      cancelJob: texts.map((jobId) => ({ jobId })),
      retryJob: texts.map((jobId) => ({ jobId })),
      listJobs: texts.map((pageToken) => ({ pageToken, pageSize: 7, states: [1, 99] })),
    },
  });
  for (const status of Object.keys(seen))
    assert.ok(['0', '3', '5', '9', '8', '4'].includes(status), JSON.stringify(seen));
  assert.ok((seen['3'] ?? 0) > 2000, JSON.stringify(seen));
  await withClient(async (client) => assert.ok((await client.listJobs({})).jobs.length > 0));
});

test('a service that stops gives its job back, and the next one does it; a message that was never sent is made good', async () => {
  await file('models/handed.gguf', 'handed over');
  inProfile = async ({ signal }) => {
    if (profiled.length === 1) await sleep(60_000, undefined, { signal });
  };
  const { id } = await submit({ source: 'file:handed.gguf' });
  while (profiled.length === 0) await sleep(10);
  await service.stop(0);
  const records = new JobRecords(await openJobBucket(bus));
  await file('models/lost.gguf', 'lost');
  const spec = { source: 'file:lost.gguf', sha256: '', modelName: '', prefillTokens: 64, planTargets: [] };
  const lost = 'job-1234567890abcdef12345678';
  await records.create(newJob(lost, spec, {}, ''));
  service = await start();
  assert.equal((await ended(id)).state, JobState.SUCCEEDED);
  assert.equal((await ended(lost)).state, JobState.SUCCEEDED);
});

test('garbage: only what no manifest names and is old enough, and nothing where a manifest is not understood', async () => {
  const old = async (key: string) => {
    await store.put(key, Buffer.from(key));
    await utimes(join(directory, 'objects', 'objects', `${key}@`), new Date(0), new Date(0));
  };
  const orphan = `blobs/sha256/${'0'.repeat(64)}`;
  const upload = `incoming/${'1'.repeat(64)}`;
  const young = `blobs/sha256/${'2'.repeat(64)}`;
  await old(orphan);
  await old(upload);
  await store.put(young, Buffer.from('young'));
  const manifest = await readModelManifest(store, `sha256:${sha256(Buffer.from('a known model'))}`);
  const named = `blobs/sha256/${manifest?.weight_cache.digest.slice('sha256:'.length)}`;
  await utimes(join(directory, 'objects', 'objects', `${named}@`), new Date(0), new Date(0));
  const options = { store, olderThanMs: 3600_000, signal: AbortSignal.timeout(10_000) };

  const dry = await collectGarbage({ ...options, remove: false });
  assert.deepEqual(
    dry.objects.map(({ key }) => key),
    [orphan, upload],
  );
  assert.ok(await store.head(orphan));

  const damaged = `models/${'3'.repeat(64)}.json`;
  await store.put(damaged, Buffer.from('{}'));
  await assert.rejects(collectGarbage({ ...options, remove: true }), { code: 'MANIFEST_INVALID' });
  assert.ok(await store.head(orphan));
  await store.delete(damaged);

  assert.equal((await collectGarbage({ ...options, remove: true })).objects.length, 2);
  assert.equal(await store.head(orphan), null);
  assert.equal(await store.head(upload), null);
  assert.ok(await store.head(young));
  assert.ok(await store.head(named));
});
