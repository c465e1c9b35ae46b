// Three processes, a real NATS server, a real MinIO and a real Jaeger: from a model file to tokens, in one trace.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { readModelManifest, readPlanVersion } from '@flash-slim/messages';
import { downloadBlob } from '@flash-slim/store';
import { ask, type JaegerServer, serverPath, startJaeger } from '@flash-slim/test-servers';
import { eventually, startWorld, tinyModel, type World } from './world.ts';

interface Span {
  traceID: string;
  spanID: string;
  operationName: string;
  references: { refType: string; traceID: string; spanID: string }[];
  processID: string;
  tags: { key: string; value: unknown }[];
}

const missing = (await Promise.all(['nats-server', 'minio', 'jaeger'].map(serverPath))).some((path) => path === null);
const skip = missing && 'nats-server, minio or jaeger is not here: node scripts/servers.mjs';

describe('from a model file to tokens', { skip }, () => {
  const model = process.env.FLASH_SLIM_TEST_MODEL;
  const traceId = randomBytes(16).toString('hex');
  const traceparent = `00-${traceId}-${randomBytes(8).toString('hex')}-01`;
  let jaeger: JaegerServer;
  let world: World;
  let digest: string;
  let tokens: number[];

  before(async () => {
    jaeger = await startJaeger();
    world = await startWorld({ OTEL_EXPORTER_OTLP_ENDPOINT: jaeger.otlpEndpoint, OTEL_BSP_SCHEDULE_DELAY: '500' });
    await world.start('profiler');
    await world.start('planner');
    await world.start('runtime', { arguments: ['--memory-budget', '300MB', '--labels', 'zone=a'] });
    world.environment.TRACEPARENT = traceparent;
  });
  after(async () => {
    if (process.env.FLASH_SLIM_DEBUG) console.error(world.logs());
    await world?.stop();
    await jaeger?.stop();
  });

  test('a job by gRPC puts weight cache, CMT and manifest into MinIO', async () => {
    const path = model ?? tinyModel(world.directory);
    const { code, value, stderr } = await world.flashSlim('submit', '--model', path, '--name', 'm', '--wait');
    assert.equal(code, 0, stderr);
    assert.equal(value.job.state, 'JOB_STATE_SUCCEEDED');
    assert.match(value.plan_id, /^plan-[0-9a-f]{24}$/);
    digest = value.job.artifacts.modelDigest;
    const manifest = await readModelManifest(world.store, digest);
    assert.equal(manifest?.name, 'm');
    for (const blob of [manifest?.weight_cache, manifest?.cmt]) {
      const key = `blobs/sha256/${blob?.digest.slice('sha256:'.length)}`;
      assert.equal((await world.store.head(key))?.bytes, blob?.bytes);
    }
    assert.equal(await world.store.head(`incoming/${digest.slice('sha256:'.length)}`), null);
  });

  test('the node loads the plan, and serves', async () => {
    const node = await eventually('a node that is ready', async () => {
      const { value } = await world.flashSlim('nodes');
      return value.nodes.find(({ state }: { state: string }) => state === 'NODE_STATE_READY');
    });
    assert.equal(node.labels.zone, 'a');
    assert.equal(node.loaded[0].modelDigest, digest);
    const { code, value } = await world.flashSlim(
      'ask',
      'The sea is',
      '--seed',
      '11',
      '--max-decode-steps',
      '24',
      '--ignore-eos',
      '--trace-chunks',
    );
    assert.equal(code, 0);
    assert.equal(value.token_ids.length, 24);
    assert.equal(value.finishReason, 'FINISH_REASON_LENGTH');
    assert.equal(value.modelDigest, digest);
    assert.equal(value.traceId, traceId);
    tokens = value.token_ids;
  });

  test('the tokens are those of generate with the same plan', async () => {
    const { value } = await world.flashSlim('plans');
    const node = (await world.flashSlim('nodes')).value.nodes[0].loaded[0];
    const plan = value.plans.find(({ id }: { id: string }) => id === node.planId);
    assert.ok(plan);
    const manifest = await readModelManifest(world.store, digest);
    const version = await readPlanVersion(world.store, node.planId, Number(node.planVersion));
    assert.ok(manifest && version?.plan.blob);
    const directory = join(world.directory, 'reference');
    await mkdir(directory);
    await downloadBlob(world.store, manifest.weight_cache, join(directory, 'weights.fsw'));
    await downloadBlob(world.store, manifest.cmt, join(directory, 'weight_chunks_metadata_table.json'));
    await downloadBlob(world.store, version.plan.blob, join(directory, 'plan.json'));
    const args = ['--weight-cache-path', join(directory, 'weights.fsw'), '--plan', join(directory, 'plan.json')];
    const reference = await ask(
      ['generate', ...args, '--prompt', 'The sea is', '--seed', '11', '--max-decode-steps', '24', '--ignore-eos'],
      world.environment,
    );
    assert.equal(reference.code, 0, reference.stderr);
    assert.deepEqual(tokens, reference.value.token_ids);
  });

  test('a second submission of the same bytes builds nothing', async () => {
    const path = model ?? tinyModel(world.directory, 1);
    const first = await world.flashSlim('submit', '--model', path, '--name', 'again', '--wait');
    const second = await world.flashSlim('submit', '--model', path, '--name', 'again', '--wait');
    assert.equal(second.value.job.id, first.value.job.id);
    assert.equal(second.value.job.attempt, 1);
    const other = await world.flashSlim('submit', '--model', path, '--name', 'other-name', '--wait');
    assert.notEqual(other.value.job.id, first.value.job.id);
    assert.deepEqual(other.value.job.artifacts, first.value.job.artifacts);
  });

  test('one trace over all of it, read back from Jaeger', async () => {
    const wanted = [
      ...[
        'flash-slim submit',
        'jobs publish',
        'profiler job',
        'queue',
        'fetch',
        'import',
        'layout',
        'profile',
        'upload',
        'publish',
      ],
      ...['planner model', 'plan', 'plans publish', 'switch plan', 'pull', 'load'],
      ...['flash-slim ask', 'generate', 'prefill', 'decode', 'pass'],
    ];
    const { spans, processes } = await eventually('the whole trace', async () => {
      const answer = await fetch(`${jaeger.queryEndpoint}/api/traces/${traceId}`);
      const { data } = (await answer.json()) as {
        data: { spans: Span[]; processes: Record<string, { serviceName: string }> }[];
      };
      const trace = data[0];
      const names = new Set(trace?.spans.map(({ operationName }) => operationName));
      return trace && wanted.every((name) => names.has(name)) && trace;
    });
    const services = new Set(Object.values(processes).map(({ serviceName }) => serviceName));
    assert.deepEqual([...services].sort(), [
      'flash-slim-cli',
      'flash-slim-planner',
      'flash-slim-profiler',
      'flash-slim-runtime',
    ]);

    const byId = new Map(spans.map((span) => [span.spanID, span]));
    const named = (name: string) => spans.filter(({ operationName }) => operationName === name);
    const parentOf = (span: Span | undefined) =>
      byId.get(span?.references.find(({ refType }) => refType === 'CHILD_OF')?.spanID ?? '');
    const ancestry = (span: Span | undefined): string[] =>
      span ? [span.operationName, ...ancestry(parentOf(span))] : [];
    const chain = (name: string) => named(name).map(ancestry);
    assert.ok(
      chain('upload').some((names) =>
        ['profiler job', 'jobs publish', 'flash-slim submit'].every((name) => names.includes(name)),
      ),
      JSON.stringify(chain('upload')),
    );
    assert.ok(
      chain('plan').some((names) => ['planner model', 'publish', 'profiler job'].every((name) => names.includes(name))),
      JSON.stringify(chain('plan')),
    );
    assert.ok(
      chain('load').some((names) =>
        ['switch plan', 'plans publish', 'plan', 'flash-slim submit'].every((name) => names.includes(name)),
      ),
      JSON.stringify(chain('load')),
    );
    assert.ok(
      chain('decode').some((names) =>
        ['generate', 'flashslim.v1.RuntimeService/Generate', 'flash-slim ask'].every((name) => names.includes(name)),
      ),
      JSON.stringify(chain('decode')),
    );
    // The request links to the job that made what it uses.
    const links = named('generate').flatMap(({ references }) =>
      references.filter(({ refType }) => refType === 'FOLLOWS_FROM'),
    );
    const targets = links.map(({ spanID }) => byId.get(spanID)?.operationName);
    assert.ok(targets.includes('publish'), JSON.stringify(targets));
    // Neither prompt nor completion.
    assert.ok(!JSON.stringify(spans).includes('The sea is'));
    const generate = named('generate')[0];
    const tags = new Map(generate?.tags.map(({ key, value }) => [key, value]));
    assert.equal(tags.get('gen_ai.usage.output_tokens'), 24);
    assert.equal(tags.get('gen_ai.request.model'), 'm');
  });
});
