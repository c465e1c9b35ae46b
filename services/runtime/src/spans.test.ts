// The spans of a node, as a collector gets them.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openBus } from '@flash-slim/bus';
import { openStore } from '@flash-slim/store';
import { inSpan, startTelemetry, traceHeaders } from '@flash-slim/telemetry';
import { announcePlan, makeModel, makePlan, putModel, putPlan } from './testing/model.ts';
import { startNode, testClass, testTarget } from './testing/node.ts';

interface Attribute {
  key: string;
  value: Record<string, unknown>;
}

interface Span {
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  attributes: Attribute[];
  events: { name: string; attributes: Attribute[] }[];
  links: { spanId: string }[];
  status: { code?: number };
}

const attributesOf = ({ attributes }: { attributes: Attribute[] }) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));

test('what a node did, with whom, and how long it read, waited and computed', async () => {
  const root = mkdtempSync(join(tmpdir(), 'flash-slim-spans-'));
  const spans: Span[] = [];
  const bodies: string[] = [];
  const collector = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (piece) => {
      body += piece;
    });
    request.on('end', () => {
      bodies.push(body);
      const { resourceSpans = [] } = JSON.parse(body);
      for (const { scopeSpans } of resourceSpans) for (const scope of scopeSpans) spans.push(...scope.spans);
      response.setHeader('content-type', 'application/json').end('{}');
    });
  }).listen(0, '127.0.0.1');
  await once(collector, 'listening');
  process.env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT = `http://127.0.0.1:${(collector.address() as AddressInfo).port}/v1/traces`;
  const telemetry = await startTelemetry('node');
  const bus = await openBus({ file: ':memory:' });
  const location = { directory: join(root, 'objects') };
  const store = await openStore(location);
  try {
    const model = await makeModel(root, 'one');
    const node = await startNode({ bus, location, directory: join(root, 'node') });
    await inSpan('job', {}, () => putModel(store, model, traceHeaders()));
    await inSpan('plan', {}, async () => {
      const { plan, json } = makePlan(model, { deviceClass: testClass, target: testTarget, version: 1 });
      await putPlan(store, plan, json, traceHeaders());
      await announcePlan(bus, plan, json, traceHeaders());
    });
    await node.until(({ loaded }) => loaded.length === 1);
    const input = { $case: 'prompt' as const, value: 'a secret thing' };
    const answer = await node.ask({ input, maxTokens: 150 });
    await node.ask({ maxTokens: 3, traceChunks: true });
    await assert.rejects(node.ask({ input: { $case: 'prompt', value: '' } }));
    // Pulled beside what is served.
    const other = await makeModel(root, 'two', { seed: 9 });
    await putModel(store, other);
    await inSpan('other plan', {}, async () => {
      const { plan, json } = makePlan(other, { deviceClass: testClass, target: testTarget, version: 1 });
      await putPlan(store, plan, json, traceHeaders());
      await announcePlan(bus, plan, json, traceHeaders());
    });
    await node.until(({ loaded }) => loaded[0]?.modelName === 'two');
    await node.stop();
    await telemetry.shutdown();

    const named = (name: string) => spans.filter((span) => span.name === name);
    const one = (name: string, parent: Span) => {
      const found = spans.filter((span) => span.name === name && span.parentSpanId === parent.spanId);
      assert.equal(found.length, 1, `${name} in ${parent.name}`);
      return found[0] as Span;
    };
    const [job, plan] = [named('job')[0], named('plan')[0]] as [Span, Span];

    const change = one('switch plan', plan);
    assert.equal(attributesOf(change)['gen_ai.request.model'], 'one');
    one('pull', change);
    assert.ok(one('load', change).links.some(({ spanId }) => spanId === job.spanId));

    const otherChange = one('switch plan', named('other plan')[0] as Span);
    one('pull', otherChange);
    one('load', otherChange);

    const generate = named('generate').find((span) => span.traceId === answer.result.traceId) as Span;
    assert.equal(
      spans.find(({ spanId }) => spanId === generate.parentSpanId)?.name,
      'flashslim.v1.RuntimeService/Generate',
    );
    assert.deepEqual(
      generate.links.map(({ spanId }) => spanId),
      [job.spanId, plan.spanId],
    );
    const facts = attributesOf(generate);
    assert.equal(facts['gen_ai.operation.name'], 'text_completion');
    assert.equal(facts['gen_ai.provider.name'], 'flash-slim');
    assert.equal(facts['gen_ai.request.model'], 'one');
    assert.equal(Number(facts['gen_ai.usage.input_tokens']), answer.result.promptTokens);
    assert.equal(Number(facts['gen_ai.usage.output_tokens']), 150);
    assert.ok(JSON.stringify(facts['gen_ai.response.finish_reasons']).includes('length'));
    one('queue', generate);
    assert.ok(Number(attributesOf(one('prefill', generate))['flash_slim.bytes_read']) > 0);
    const decode = one('decode', generate);
    const sums = attributesOf(decode);
    assert.equal(Number(sums['flash_slim.passes']), 149);
    for (const name of ['read_ms', 'stall_ms', 'compute_ms']) assert.ok(Number(sums[`flash_slim.${name}`]) >= 0, name);
    assert.equal(decode.events.length, 100);
    assert.ok(Number(attributesOf(decode.events[7] as Span['events'][0])['flash_slim.pass_ms']) > 0);
    assert.equal(
      spans.filter(({ parentSpanId }) => parentSpanId === decode.spanId).length,
      0,
      'no span for each group',
    );

    const chunks = model.cache.manifest.chunks.filter(({ op }) => op === 'StreamMatMul').length;
    assert.equal(named('pass').length, 3);
    for (const pass of named('pass'))
      assert.equal(spans.filter(({ parentSpanId }) => parentSpanId === pass.spanId).length, chunks);

    const failed = named('generate').find(({ status }) => status.code === 2) as Span;
    assert.equal(attributesOf(failed)['error.type'], 'PROMPT_EMPTY');
    for (const secret of ['a secret thing', answer.text]) assert.ok(!bodies.join().includes(JSON.stringify(secret)));
  } finally {
    await bus.close();
    await store.close();
    collector.closeAllConnections();
    collector.close();
    rmSync(root, { recursive: true, force: true });
  }
});
