import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { DeviceProfile } from '@flash-slim/plan';
import { Node, Plan } from '@flash-slim/proto';
import { type ObjectStore, openStore } from '@flash-slim/store';
import {
  decodeJobMessage,
  decodeMeasurement,
  decodeModelMessage,
  decodeNode,
  decodePlanMessage,
  encodeJson,
  encodeNode,
  encodePlanMessage,
} from './channels.ts';
import { deviceClassName, fullTarget, jobId, planId } from './ids.ts';
import {
  ensureDeviceClass,
  listModelManifests,
  listPlanVersions,
  type ModelManifest,
  modelKey,
  planVersionKey,
  putModelManifest,
  putPlanVersion,
  readModelManifest,
  readPlanVersion,
} from './manifests.ts';

const digest = (digit: string) => `sha256:${digit.repeat(64)}`;
const manifest: ModelManifest = {
  format: 'flash-slim model',
  version: 1,
  name: 'm',
  model_digest: digest('1'),
  model_bytes: 5,
  weight_cache_digest: digest('2'),
  weight_cache: { digest: digest('3'), bytes: 1 },
  cmt: { digest: digest('4'), bytes: 1 },
  plan_targets: [{ memoryBudgetBytes: 1e8, contextLength: 10, kvType: 'f16' }],
  job_id: 'job-1',
  created: '2026-01-01T00:00:00.000Z',
  trace: { traceparent: '00-1-1-01' },
};

let directory: string;
let store: ObjectStore;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'flash-slim-messages-'));
  store = await openStore({ directory });
});
after(() => rm(directory, { recursive: true }));

const plan = (version: number) => Plan.fromPartial({ id: 'plan-1', version, blob: { digest: digest('5'), bytes: 1 } });
const device = (bandwidth: number) =>
  ({
    architecture: 'x86_64',
    kernel: 'avx2',
    io_uring: true,
    huge_pages: true,
    storage: { direct: true, bandwidth_bytes_per_second: bandwidth },
  }) as DeviceProfile;

test('a manifest is read as it was put; what is no manifest is refused with its field', async () => {
  await putModelManifest(store, manifest);
  assert.deepEqual(await readModelManifest(store, digest('1')), manifest);
  assert.equal(await readModelManifest(store, digest('9')), null);
  const refused = async (change: object, message: RegExp) => {
    await store.put(modelKey(digest('8')), encodeJson({ ...manifest, ...change }));
    await assert.rejects(readModelManifest(store, digest('8')), { code: 'MANIFEST_INVALID', message });
  };
  await refused({ version: 2 }, /version/);
  await refused({ format: 'x' }, /format/);
  await refused({ extra: 1 }, /extra/);
  await refused({ cmt: { digest: 'sha256:../../x', bytes: 1 } }, /cmt.digest/);
  await refused({ weight_cache: { digest: digest('3'), bytes: -1 } }, /weight_cache.bytes/);
  await store.put(modelKey(digest('8')), Buffer.from('{'));
  await assert.rejects(readModelManifest(store, digest('8')), { code: 'MANIFEST_INVALID' });
  await store.put(modelKey(digest('7')), Buffer.alloc(2 << 20));
  await assert.rejects(readModelManifest(store, digest('7')), { code: 'MANIFEST_INVALID' });
  const invalid: string[] = [];
  assert.deepEqual(await listModelManifests(store, ({ message }) => invalid.push(message)), [manifest]);
  assert.equal(invalid.length, 2);
});

test('versions of a plan are put once each, and the newest is found', async () => {
  for (const version of [1, 2, 10])
    await putPlanVersion(store, { plan: plan(version), trace: { traceparent: `${version}` } });
  await assert.rejects(putPlanVersion(store, { plan: plan(2), trace: {} }), { code: 'PRECONDITION_FAILED' });
  assert.equal((await readPlanVersion(store, 'plan-1'))?.plan.version, 10);
  assert.deepEqual((await readPlanVersion(store, 'plan-1', 2))?.trace, { traceparent: '2' });
  assert.equal(await readPlanVersion(store, 'plan-1', 3), null);
  assert.equal(await readPlanVersion(store, 'plan-2'), null);
  assert.deepEqual(
    (await listPlanVersions(store, 'plan-1')).map((each) => each.plan.version),
    [1, 2, 10],
  );
  await store.put(planVersionKey('plan-3', 1), await bodyOf(planVersionKey('plan-1', 1)));
  await assert.rejects(readPlanVersion(store, 'plan-3'), { code: 'MANIFEST_INVALID' });
});

async function bodyOf(key: string): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of await store.get(key)) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

test('the first profile of a device class stays', async () => {
  const record = (threads: number) => ({
    format: 'flash-slim device class' as const,
    version: 1 as const,
    name: 'c',
    profile: { threads },
    threads,
  });
  assert.deepEqual(await ensureDeviceClass(store, record(2)), record(2));
  assert.deepEqual(await ensureDeviceClass(store, record(4)), record(2));
  await assert.rejects(ensureDeviceClass(store, { ...record(2), name: '../x' }), { code: 'OBJECT_KEY_INVALID' });
});

test('ids: the same for the same, with defaults; device classes bear noise', () => {
  const id = planId(digest('1'), 'c', fullTarget({ memoryBudgetBytes: 1e8 }));
  assert.equal(id, planId(digest('1'), 'c', { memoryBudgetBytes: 1e8, contextLength: 2048, kvType: 'f16' }));
  assert.notEqual(id, planId(digest('1'), 'c', { memoryBudgetBytes: 1e8, contextLength: 2049, kvType: 'f16' }));
  assert.match(id, /^plan-[0-9a-f]{24}$/);
  assert.match(jobId({ a: 1 }), /^job-[0-9a-f]{24}$/);
  assert.equal(deviceClassName(device(3.0e9), 2), deviceClassName(device(3.1e9), 2));
  assert.notEqual(deviceClassName(device(3.0e9), 2), deviceClassName(device(1.5e9), 2));
  assert.notEqual(deviceClassName(device(3.0e9), 2), deviceClassName(device(3.0e9), 4));
});

test('messages are read as they were sent, and nonsense is permanent', () => {
  const told = { plan: plan(3), planJson: '{}' };
  assert.deepEqual(decodePlanMessage(encodePlanMessage(told)), told);
  const node = Node.fromPartial({ id: 'n', labels: { a: 'b' }, memoryBudgetBytes: 5 });
  assert.deepEqual(decodeNode(encodeNode(node)), node);
  assert.deepEqual(decodeJobMessage(encodeJson({ job_id: 'j', attempt: 1 })), { job_id: 'j', attempt: 1 });
  for (const decode of [decodePlanMessage, decodeNode, decodeJobMessage, decodeModelMessage, decodeMeasurement])
    for (const body of ['', 'x', '[]', 'null', '{}', '{"plan": 1, "job_id": 2, "model_digest": "sha256:x"}'])
      assert.throws(() => decode(Buffer.from(body)), { name: 'PermanentError', code: 'MESSAGE_INVALID' }, body);
});
