// A whole node in this process, with an in-process bus and a directory as the store.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { type Bus, openBus } from '@flash-slim/bus';
import {
  decodeMeasurement,
  decodeNode,
  openMeasurementTopic,
  openNodeBucket,
  openPlanTopic,
} from '@flash-slim/messages';
import { Tokenizer } from '@flash-slim/model/tokenizer';
import type { PrefetchPlan } from '@flash-slim/plan';
import { FinishReason, NodeState, type Plan, RuntimeServiceDefinition } from '@flash-slim/proto';
import { type CallError, Status } from '@flash-slim/rpc';
import { fuzzService } from '@flash-slim/rpc/testing';
import { blobKey, digestOf, type ObjectStore, openStore } from '@flash-slim/store';
import {
  announcePlan,
  expectedTokens,
  makeModel,
  makePlan,
  type PlanOptions,
  putModel,
  putPlan,
  type TestModel,
} from './testing/model.ts';
import {
  drawing,
  eventually,
  promptIds,
  startNode,
  type TestNode,
  type TestNodeOptions,
  testClass,
  testTarget,
} from './testing/node.ts';

const root = mkdtempSync(join(tmpdir(), 'flash-slim-runtime-'));
after(() => rmSync(root, { recursive: true, force: true }));

let model: TestModel;
let other: TestModel;
before(async () => {
  model = await makeModel(root, 'one');
  other = await makeModel(root, 'two', { seed: 7 });
});

let count = 0;
let bus: Bus;
let store: ObjectStore;
let directory: string;
const nodesUnderTest: TestNode[] = [];

beforeEach(async () => {
  directory = join(root, `test-${++count}`);
  bus = await openBus({ file: ':memory:' });
  store = await openStore({ directory: join(directory, 'objects') });
});

afterEach(async () => {
  for (const node of nodesUnderTest.splice(0)) await node.stop(0);
  await bus.close();
  await store.close();
});

async function start(options: Partial<TestNodeOptions> = {}): Promise<TestNode> {
  const node = await startNode({
    bus,
    location: { directory: join(directory, 'objects') },
    directory: join(directory, 'node'),
    retryDelays: { soon: [200], late: [200] },
    ...options,
  });
  nodesUnderTest.push(node);
  return node;
}

const planOf = (version: number, more: Partial<PlanOptions> = {}, of = model) =>
  makePlan(of, { deviceClass: testClass, target: testTarget, version, ...more });

async function publish(version: number, more: Partial<PlanOptions> = {}, of = model): Promise<Plan> {
  const { plan, json } = planOf(version, more, of);
  await putPlan(store, plan, json);
  await announcePlan(bus, plan, json);
  return plan;
}

const serves =
  (version: number, of = model) =>
  ({ loaded: [loaded] }: { loaded: { planVersion: number; modelDigest: string }[] }) =>
    loaded?.planVersion === version && loaded.modelDigest === of.digest;

/** Weights that the node has on its disk, by the digest of their cache. */
const kept = () => readdir(join(directory, 'node', 'weights'));
const directoryOf = (of: TestModel) => of.cache.manifestDigest.slice('sha256:'.length);

describe('plans', () => {
  test('the newest is served, by its announcement; an older one that comes later changes nothing', async () => {
    await putModel(store, model);
    const node = await start();
    await publish(2);
    await node.until(serves(2));
    await publish(1, { strategy: 'resident' });
    await publish(1, {}, other);
    await putModel(store, other);
    // The other model's plan came after the old one, so that one has been seen when this one is served.
    await node.until(serves(1, other));
    const { result } = await node.ask({ model: 'one' });
    assert.equal(result.planVersion, 2);
  });

  test('a node that was away finds it in the store, without any announcement', async () => {
    await putModel(store, model);
    const { plan, json } = planOf(3);
    await putPlan(store, plan, json);
    const node = await start({ lookEveryMs: 300 });
    await node.until(serves(3));
    const next = planOf(4, { strategy: 'resident' });
    await putPlan(store, next.plan, next.json);
    await node.until(serves(4));
  });

  test('of another class or budget are not its own', async () => {
    await putModel(store, model);
    await publish(5, { deviceClass: 'another' });
    await publish(5, { target: { ...testTarget, memoryBudgetBytes: 1e9 } });
    const node = await start();
    await publish(1);
    await node.until(serves(1));
  });

  test('one whose bytes are not what its digest says is refused and told of; what is served stays', async () => {
    await putModel(store, model);
    const node = await start();
    await publish(1);
    await node.until(serves(1));
    const { plan, json } = planOf(2, { strategy: 'resident' });
    await store.put(
      blobKey(plan.blob?.digest as string),
      Buffer.from(json.replace('"resident":true', '"resident":false')),
    );
    await announcePlan(bus, plan, json.replace('"slot_count":', '"slot_count":1'));
    const { state, message } = await node.until(({ message }) => message.includes('version 2'));
    assert.equal(state, NodeState.READY);
    assert.match(message, /damaged/);
    assert.equal((await node.ask()).result.planVersion, 1);
    // Somebody mends the object: the node finds out by itself.
    await store.put(blobKey(plan.blob?.digest as string), Buffer.from(json));
    await node.until(serves(2));
  });

  test('what is no plan, or no announcement, is refused; what is served stays', async () => {
    await putModel(store, model);
    const node = await start();
    await publish(1);
    await node.until(serves(1));
    const topic = await openPlanTopic(bus);
    for (const [index, body] of ['', 'no JSON', '{"plan":7}', '{"plan":{},"plan_json":null}'].entries())
      await topic.publish(`plan-${index}`, { id: `nonsense-${index}`, body: Buffer.from(body) });
    const { plan, json } = planOf(2);
    for (const [index, body] of [
      '{"groups":1}',
      json.replace('"version":"', '"version":"99'),
      json.slice(0, 500),
    ].entries()) {
      const blob = { digest: digestOf(Buffer.from(body)), bytes: body.length };
      const wrong = { ...plan, version: 2 + index, blob };
      await putPlan(store, wrong, body);
      await announcePlan(bus, wrong, body);
      const { message, state } = await node.until(({ message }) => message.includes(`version ${2 + index}`));
      assert.equal(state, NodeState.READY, message);
    }
    assert.equal((await node.ask()).result.planVersion, 1);
    assert.deepEqual(await kept(), [directoryOf(model)], 'weights are not pulled for such a plan, nor thrown away');
    await publish(9);
    await node.until(serves(9));
  });

  test('made for a smaller process is refused, and the planner hears how large it is', async () => {
    await putModel(store, model);
    const node = await start();
    await publish(1);
    await node.until(serves(1));
    const { plan, json } = planOf(2);
    const tight = JSON.parse(json) as PrefetchPlan;
    const { ledger } = tight.metadata;
    ledger.reserve_bytes += ledger.baseline_bytes + ledger.unused_bytes - 1e6;
    ledger.baseline_bytes = 1e6;
    ledger.unused_bytes = 0;
    const body = JSON.stringify(tight);
    const small = { ...plan, blob: { digest: digestOf(Buffer.from(body)), bytes: body.length } };
    await putPlan(store, small, body);
    await announcePlan(bus, small, body);
    const { message, baselineBytes } = await node.until(({ message }) => message.includes('version 2'));
    assert.match(message, /leaves 1000000 bytes to the ready process/);
    assert.ok(baselineBytes > 30e6, `${baselineBytes}`);
    assert.equal((await node.ask()).result.planVersion, 1);
  });
});

const fails = (code: string, status: Status) => (error: CallError) => {
  assert.deepEqual({ code: error.code, status: error.status }, { code, status }, error.message);
  return true;
};

describe('requests', () => {
  async function ready(options: Partial<TestNodeOptions> = {}): Promise<TestNode> {
    await putModel(store, model);
    await publish(1);
    const node = await start(options);
    await node.until(serves(1));
    return node;
  }

  test('are answered with the tokens of an engine that has everything resident', async () => {
    const node = await ready();
    const expected = await expectedTokens(model, promptIds, 50, drawing);
    assert.ok(new Set(expected).size > 10, 'tokens that tell something');
    const { tokens, result } = await node.ask({ maxTokens: 50 });
    assert.deepEqual(tokens, expected);
    assert.equal(result.generatedTokens, 50);
    assert.equal(result.promptTokens, promptIds.length);
    assert.equal(result.finishReason, FinishReason.LENGTH);
    assert.equal(result.seed, drawing.seed);
    assert.ok(result.bytesRead > 0 && result.measuredPassMs > 0 && result.timeToFirstTokenMs > 0);
  });

  test('of any length have as many tokens as were asked for, each told once, and the whole text', async () => {
    const node = await ready();
    const tokenizer = Tokenizer.fromBytes(await model.cache.readTokenizer());
    const expected = await expectedTokens(model, promptIds, 60, drawing);
    // Random bytes: many of these lengths end within a character.
    for (let maxTokens = 1; maxTokens <= 60; maxTokens++) {
      const { tokens, text } = await node.ask({ maxTokens });
      assert.deepEqual(tokens, expected.slice(0, maxTokens));
      assert.equal(text, tokenizer.decode(tokens, { skipSpecial: false }), `${maxTokens} tokens`);
    }
  });

  test('3,000 generated ones: each gets a status that says whose mistake it was, and the node answers as before', async () => {
    const target = { ...testTarget, contextLength: 64 };
    await putModel(store, model);
    await publish(1, { target });
    const node = await start({ config: { contextLength: 64, queueLimit: 100 } });
    await node.until(serves(1));
    const expected = await expectedTokens(model, promptIds, 8, drawing);
    const texts = ['', 'a b', '../x', 'one', model.digest, '\0', '<|im_start|>', 'ä'.repeat(300)];
    const numbers = [0, -1, 0.5, 1, 40, 1e9, Number.NaN, Number.POSITIVE_INFINITY];
    const whole = [0, 1, 7, 63, 64, 2 ** 24, 2 ** 32 - 1];
    const inputs = [
      undefined,
      ...texts.map((value) => ({ $case: 'prompt', value })),
      ...whole.map((count) => ({ $case: 'promptTokens', value: { ids: new Array(count % 100).fill(count) } })),
      ...texts.map((content) => ({ $case: 'chat', value: { messages: [{ role: 'user', content }] } })),
    ];
    const generate = inputs.flatMap((input, i) =>
      numbers.map((number, k) => ({
        input,
        model: k % 3 === 0 ? texts[i % texts.length] : '',
        maxTokens: whole[(i + k) % whole.length],
        ignoreEnd: k % 2 === 0,
        traceChunks: k % 4 === 0,
        sampling: { temperature: number, topK: whole[k % whole.length], topP: numbers[i % 8], seed: whole[i % 7] },
      })),
    );
    const seen = await fuzzService(node.service.address, RuntimeServiceDefinition, {
      count: 3000,
      seed: 3,
      samples: { generate, getNode: [{}], listLoaded: [{}] },
    });
    for (const status of Object.keys(seen)) assert.ok(['0', '3', '5', '4'].includes(status), JSON.stringify(seen));
    assert.ok((seen['0'] ?? 0) > 1000 && (seen['3'] ?? 0) > 300, JSON.stringify(seen));
    assert.deepEqual((await node.ask()).tokens, expected);
  });

  test('text and conversations, and what is wrong with them', async () => {
    const node = await ready();
    const { tokens, text, result } = await node.ask({ input: { $case: 'prompt', value: 'a b c' }, maxTokens: 30 });
    assert.equal(tokens.length, 30);
    assert.ok(text.length > 0);
    assert.ok(result.promptTokens > 1);
    const wrong: [Parameters<TestNode['ask']>[0], string, Status][] = [
      [{ input: undefined }, 'INVALID_REQUEST', Status.INVALID_ARGUMENT],
      [{ input: { $case: 'prompt', value: '' } }, 'PROMPT_EMPTY', Status.INVALID_ARGUMENT],
      [{ input: { $case: 'promptTokens', value: { ids: [4e9] } } }, 'INVALID_REQUEST', Status.INVALID_ARGUMENT],
      [
        { input: { $case: 'promptTokens', value: { ids: new Array(2048).fill(5) } } },
        'PROMPT_TOO_LONG',
        Status.INVALID_ARGUMENT,
      ],
      [{ input: { $case: 'chat', value: { messages: [] } } }, 'INVALID_REQUEST', Status.INVALID_ARGUMENT],
      [{ maxTokens: 2 ** 31 }, 'INVALID_REQUEST', Status.INVALID_ARGUMENT],
      [{ sampling: { temperature: Number.NaN } }, 'INVALID_REQUEST', Status.INVALID_ARGUMENT],
      [{ sampling: { topP: 7 } }, 'INVALID_REQUEST', Status.INVALID_ARGUMENT],
      [{ model: '../../etc/passwd' }, 'UNKNOWN_MODEL', Status.NOT_FOUND],
    ];
    for (const [request, code, status] of wrong) await assert.rejects(node.ask(request), fails(code, status));
    assert.equal((await node.ask()).tokens.length, 8);
  });

  test('past the bound of the queue are refused; those that wait are served', async () => {
    const node = await ready({ config: { queueLimit: 1 } });
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const running = node.ask({ maxTokens: 1500 }, { onToken: () => begin() });
    await begun;
    const waiting = node.ask();
    await node.until(({ queued }) => queued === 1);
    await assert.rejects(node.ask(), fails('QUEUE_FULL', Status.RESOURCE_EXHAUSTED));
    assert.equal((await waiting).tokens.length, 8);
    assert.ok((await waiting).result.queueMs > 0);
    assert.equal((await running).tokens.length, 1500);
  });

  test('that are cancelled, or past their deadline, end at once and leave nothing behind', async () => {
    const node = await ready();
    const controller = new AbortController();
    const onToken = (tokens: number[]) => void (tokens.length === 5 && controller.abort());
    await assert.rejects(node.ask({ maxTokens: 2000 }, { signal: controller.signal, onToken }));
    await assert.rejects(
      node.ask({ maxTokens: 2000 }, { deadline: 60 }),
      fails('RPC_DEADLINE_EXCEEDED', Status.DEADLINE_EXCEEDED),
    );
    // The plan has room for one sequence: one that was left behind would show.
    assert.equal((await node.ask()).tokens.length, 8);
  });

  test('while plans change under them: none is dropped, each has its tokens', async () => {
    const node = await ready();
    const expected = await expectedTokens(model, promptIds, 300, drawing);
    const versions = new Set<number>();
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    let planned = false;
    const client = async () => {
      for (let last = false; !last; ) {
        last = planned;
        const onToken = (all: number[]) => void (all.length === 5 && begin());
        const { tokens, result } = await node.ask({ maxTokens: 300 }, { onToken });
        assert.deepEqual(tokens, expected);
        versions.add(result.planVersion);
      }
    };
    const planner = async () => {
      await begun;
      for (const version of [2, 3, 4]) {
        await publish(version, { strategy: version % 2 === 0 ? 'resident' : 'rechunk' });
        await node.until(serves(version));
      }
      planned = true;
    };
    await Promise.all([client(), client(), planner()]);
    assert.ok(versions.has(4), [...versions].join());
  });

  test('for another model wait for it to be loaded; one that runs is not moved to it', async () => {
    const node = await ready({ lookEveryMs: 1e9 });
    await putModel(store, other);
    const expected = await expectedTokens(model, promptIds, 1200, drawing);
    const running = node.ask(
      { maxTokens: 1200 },
      { onToken: async (tokens) => void (tokens.length === 10 && (await publish(1, {}, other))) },
    );
    assert.deepEqual((await running).tokens, expected);
    await node.until(serves(1, other));
    const [one, two] = await Promise.all([node.ask({ model: 'one' }), node.ask({ model: other.digest })]);
    assert.deepEqual(one.tokens, expected.slice(0, 8));
    assert.deepEqual(two.tokens, await expectedTokens(other, promptIds, 8, drawing));
  });

  test('damaged weights on this disk give an error and no token, and are pulled again', async () => {
    const node = await ready();
    const expected = await expectedTokens(model, promptIds, 8, drawing);
    const weights = join(directory, 'node', 'weights', directoryOf(model), 'weights.fsw');
    const file = await open(weights, 'r+');
    const chunk = model.cache.manifest.chunks.find(({ op }) => op === 'StreamMatMul');
    await file.write(Buffer.from([1, 2, 3, 4]), 0, 4, (chunk?.offset ?? 0) + 100);
    await file.close();
    // Groups that had been read before are right, and what was made of them may have been sent.
    let tokens: number[] = [];
    const keep = (all: number[]) => {
      tokens = all;
    };
    await assert.rejects(node.ask({}, { onToken: keep }), fails('CHUNK_CORRUPT', Status.DATA_LOSS));
    assert.ok(tokens.length < 2);
    assert.deepEqual(tokens, expected.slice(0, tokens.length));
    await eventually(
      () => node.ask().catch(() => null),
      (answer) => answer !== null,
    ).then((answer) => assert.deepEqual(answer?.tokens, expected));
  });
});

describe('the life of a node', () => {
  test('its name stays, it announces itself, tells what it measured, and takes leave', async () => {
    await putModel(store, model);
    const nodes = await openNodeBucket(bus);
    const measurements = await openMeasurementTopic(bus);
    const announced = async () => (await nodes.entries()).map(({ value }) => decodeNode(value));
    const node = await start({ config: { labels: ['zone=a', 'board=pi5'] } });
    const plan = await publish(1);
    await node.until(serves(1));
    const [entry] = await eventually(announced, ([first]) => first?.state === NodeState.READY);
    assert.deepEqual(entry?.labels, { zone: 'a', board: 'pi5' });
    assert.equal(entry?.memoryBudgetBytes, testTarget.memoryBudgetBytes);
    assert.equal(entry?.address, node.service.address);
    assert.equal(entry?.deviceClass?.name, testClass);
    assert.ok((entry?.baselineBytes ?? 0) > 30e6);
    await node.ask({ maxTokens: 40 });
    const message = await eventually(
      () => measurements.latest(entry?.id ?? ''),
      (found) => found !== null,
    );
    const measured = decodeMeasurement(message?.body as Uint8Array);
    assert.equal(measured.plan_id, plan.id);
    assert.equal(measured.decode_passes, 39);
    assert.ok(measured.decode_pass_ms > 0 && measured.bytes_per_second > 0);
    await node.stop();
    nodesUnderTest.splice(0);
    assert.deepEqual(await announced(), []);
    const again = await start();
    assert.equal((await again.describe()).id, entry?.id);
  });

  test('it starts with neither bus nor store, and serves what it served', async () => {
    await putModel(store, model);
    const first = await start();
    await publish(2);
    await first.until(serves(2));
    await first.stop();
    nodesUnderTest.splice(0);
    const gone = await openBus({ file: ':memory:' });
    await gone.close();
    const node = await start({
      bus: gone,
      location: { s3: { endpoint: 'http://127.0.0.1:9', bucket: 'none', accessKey: 'a', secretKey: 'b' } },
    });
    await node.until(serves(2));
    assert.equal((await node.ask()).tokens.length, 8);
  });

  test('drained by a call it ends what it has, and refuses the rest', async () => {
    await putModel(store, model);
    await publish(1);
    const node = await start();
    await node.until(serves(1));
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const running = node.ask({ maxTokens: 900 }, { onToken: () => begin() });
    await begun;
    const draining = node.drain();
    await node.until(({ state }) => state === NodeState.DRAINING);
    await assert.rejects(node.ask(), fails('NODE_DRAINING', Status.UNAVAILABLE));
    assert.equal((await running).tokens.length, 900);
    assert.equal(await draining, 1);
  });

  test('stopped it lets requests end for a while; told again it stops at once', async () => {
    await putModel(store, model);
    await publish(1);
    const node = await start();
    await node.until(serves(1));
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const whole = node.ask({ maxTokens: 300 }, { onToken: () => begin() });
    await begun;
    let stopping = node.service.stop(20_000);
    assert.equal((await whole).tokens.length, 300);
    await stopping;
    const second = await start();
    await second.until(serves(1));
    const cut = second.ask({ maxTokens: 2000 }, { onToken: (tokens) => void (tokens.length === 3 && stopTwice()) });
    const stopTwice = () => {
      stopping = second.service.stop(60_000);
      void second.service.stop(0);
    };
    await assert.rejects(cut, (error: CallError) => error.status === Status.UNAVAILABLE);
    await stopping;
  });

  test('without room for a pull beside the weights it pulls in their place, and goes on', async () => {
    await putModel(store, model);
    await publish(1);
    const node = await start({ pullBytes: 1e12, lookEveryMs: 1e9 });
    await node.until(serves(1));
    await putModel(store, other);
    await publish(1, {}, other);
    await node.until(serves(1, other));
    // What cannot be pulled costs nothing that is served.
    const third = await makeModel(root, `three-${count}`, { seed: count });
    await publish(1, {}, third);
    await node.until(({ message }) => message.includes('no weight cache'));
    assert.deepEqual((await node.ask({ model: 'two' })).tokens, await expectedTokens(other, promptIds, 8, drawing));
  });

  test('its disk holds no more than it may: the model used longest ago leaves, what is loaded stays', async () => {
    const bytes = Math.max(model.cache.fileBytes, other.cache.fileBytes);
    const third = await makeModel(root, 'three', { seed: 3 });
    for (const each of [model, other, third]) await putModel(store, each);
    const node = await start({ config: { weightStoreBytes: 2 * bytes + 5000 }, lookEveryMs: 1e9 });
    for (const each of [model, other, third]) {
      await publish(1, {}, each);
      await node.until(serves(1, each));
    }
    assert.deepEqual((await kept()).sort(), [directoryOf(other), directoryOf(third)].sort());
    // The first one again, which another has to leave for.
    assert.deepEqual((await node.ask({ model: 'one' })).tokens, await expectedTokens(model, promptIds, 8, drawing));
    assert.equal((await kept()).length, 2);
  });

  test('a disk that is too small is a state with a reason', async () => {
    await putModel(store, model);
    await publish(1);
    const node = await start({ config: { weightStoreBytes: 1000 } });
    const { state, message } = await node.until(({ message }) => message !== '' && message.includes('needs'));
    assert.equal(state, NodeState.IDLE);
    assert.match(message, /more than 1000 bytes \(--weight-store-bytes\)/);
    await assert.rejects(node.ask(), (error: CallError) => {
      assert.equal(error.status, Status.RESOURCE_EXHAUSTED);
      return true;
    });
  });
});
