import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { type JaegerServer, serverPath, startJaeger } from '@flash-slim/test-servers';
import { hasCollector } from './telemetry.ts';

const index = new URL('./index.ts', import.meta.url).href;

/** A process of its own: the SDK is global and starts once. */
function run(script: string, environment: Record<string, string>): { stdout: string; stderr: string; ms: number } {
  const begin = Date.now();
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['--input-type=module', '-e', `import * as t from ${JSON.stringify(index)};${script}`],
    { encoding: 'utf8', env: { ...process.env, ...environment }, timeout: 60_000 },
  );
  assert.equal(status, 0, stderr);
  return { stdout, stderr, ms: Date.now() - begin };
}

test('a collector is named by the standard variables', () => {
  assert.equal(hasCollector({}), false);
  assert.equal(hasCollector({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://x' }), true);
  assert.equal(hasCollector({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://x' }), true);
  assert.equal(hasCollector({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://x', OTEL_SDK_DISABLED: 'true' }), false);
});

test('without a collector there are no headers, and everything works', () => {
  const script = `
    const telemetry = await t.startTelemetry('test');
    const answer = await t.inSpan('outer', {}, async () => t.traceHeaders());
    console.log(JSON.stringify([telemetry.enabled, answer, t.currentTraceId()]));
    await telemetry.shutdown();`;
  assert.deepEqual(JSON.parse(run(script, {}).stdout), [false, {}, '']);
});

test('a collector that is gone holds nobody up', () => {
  const script = `
    const telemetry = await t.startTelemetry('test');
    for (let i = 0; i < 10_000; i++) await t.inSpan('many', {}, async () => {});
    await telemetry.shutdown(500);
    process.exit(0);`;
  const { stderr } = run(script, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' });
  assert.equal(stderr, '');
});

const missing = (await serverPath('jaeger')) === null && 'no jaeger here: node scripts/servers.mjs jaeger';

test('parents, links, failures and log lines, read back from a real Jaeger', { skip: missing }, async (t) => {
  const jaeger: JaegerServer = await startJaeger();
  t.after(() => jaeger.stop());
  const script = `
    const telemetry = await t.startTelemetry('tester', { 'node.id': 'n1' });
    const log = t.createLogger({ level: 'info', fields: { node: 'n1' } });
    let job, request, message;
    await t.inSpan('job', {}, async () => { job = t.traceHeaders(); });
    await t.inSpan('request', { links: [job, undefined, {}], attributes: { 'a.b': 1 } }, async () => {
      request = t.traceHeaders();
      message = t.traceHeaders();
      log.info({ job: 'j' }, 'inside');
    });
    await t.inSpan('handler', { parent: message }, async () => {
      t.pastSpan('waited', Date.now() - 1000, Date.now());
      throw Object.assign(new Error('no room'), { code: 'DISK_FULL' });
    }).catch(() => {});
    await telemetry.shutdown();
    console.log(JSON.stringify({ job, request }));`;
  const { stdout, stderr } = run(script, { OTEL_EXPORTER_OTLP_ENDPOINT: jaeger.otlpEndpoint });
  const [jobTrace, trace] = Object.values(JSON.parse(stdout) as Record<string, { traceparent: string }>).map(
    ({ traceparent }) => traceparent.split('-')[1] as string,
  );
  assert.ok(trace && jobTrace && trace !== jobTrace);
  const line = JSON.parse(stderr);
  assert.equal(line.trace_id, trace);
  assert.equal(line.job, 'j');
  assert.equal(line.node, 'n1');

  const answer = await fetch(`${jaeger.queryEndpoint}/api/traces/${trace}`);
  const { data } = (await answer.json()) as {
    data: { spans: JaegerSpan[]; processes: Record<string, { serviceName: string }> }[];
  };
  const spans = new Map(data[0]?.spans.map((span) => [span.operationName, span]));
  assert.deepEqual([...spans.keys()].sort(), ['handler', 'request', 'waited']);
  const reference = (name: string) => spans.get(name)?.references;
  const id = (name: string) => spans.get(name)?.spanID;
  assert.deepEqual(
    reference('handler')?.map(({ refType, spanID }) => [refType, spanID]),
    [['CHILD_OF', id('request')]],
  );
  assert.deepEqual(
    reference('waited')?.map(({ spanID }) => spanID),
    [id('handler')],
  );
  assert.deepEqual(
    reference('request')?.map(({ refType, traceID }) => [refType, traceID]),
    [['FOLLOWS_FROM', jobTrace]],
  );
  assert.ok((spans.get('waited')?.duration ?? 0) >= 990_000);
  const tags = new Map(spans.get('handler')?.tags.map(({ key, value }) => [key, value]));
  assert.equal(tags.get('error.type'), 'DISK_FULL');
  assert.equal(tags.get('error'), true);
  assert.equal(Object.values(data[0]?.processes ?? {})[0]?.serviceName, 'tester');
});

interface JaegerSpan {
  operationName: string;
  spanID: string;
  duration: number;
  references: { refType: string; spanID: string; traceID: string }[];
  tags: { key: string; value: unknown }[];
}
