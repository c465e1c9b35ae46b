import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { explainPlan, JsonPrefetchPlanLoader, loadDeviceProfile, planPrefetch, savePlan } from './index.ts';
import { goldenRequest, syntheticDevice } from './testing.ts';

const directory = mkdtempSync(join(tmpdir(), 'flash-slim-plan-'));
after(() => rmSync(directory, { recursive: true }));
const path = join(directory, 'prefetch_plan.json');
const { cmt } = goldenRequest();
const plan = planPrefetch(goldenRequest());

test('a plan is saved, read back and the same', async () => {
  await savePlan(plan, path);
  assert.deepEqual(await new JsonPrefetchPlanLoader().loadFromFile(path, cmt), plan);
  assert.deepEqual(readdirSync(directory), ['prefetch_plan.json']);
});

test('offsets lead to groups; PREFILL leaves out the head', async () => {
  await savePlan(plan, path);
  const loader = new JsonPrefetchPlanLoader();
  assert.throws(() => loader.buildOffsetToIndexForMode('DECODE'), { code: 'PLAN_UNREADABLE' });
  await loader.loadFromFile(path);
  const decode = loader.buildOffsetToIndexForMode('DECODE');
  const prefill = loader.buildOffsetToIndexForMode('PREFILL');
  assert.equal(decode.size, plan.groups.length);
  for (const [i, group] of plan.groups.entries()) {
    assert.equal(decode.get(group.aligned_offset), i);
    assert.equal(prefill.get(group.aligned_offset), group.weights_id === 8 ? undefined : i);
  }
  assert.ok(prefill.size > 0 && prefill.size < decode.size);
});

test('the metadata is printed as the explanation', async () => {
  const loader = new JsonPrefetchPlanLoader();
  await loader.loadFromFile(path);
  const printed: string[] = [];
  loader.printMetadata((text) => printed.push(text));
  assert.equal(printed.join('\n'), explainPlan(plan));
});

test('a plan that is no file, no JSON, too large, or broken is refused', async () => {
  const loader = new JsonPrefetchPlanLoader();
  const other = join(directory, 'other.json');
  await assert.rejects(loader.loadFromFile(other), { code: 'PLAN_UNREADABLE', message: /ENOENT.*flash-slim plan/ });
  writeFileSync(other, readFileSync(path).subarray(0, 1000));
  await assert.rejects(loader.loadFromFile(other), { code: 'PLAN_UNREADABLE', message: /is not JSON/ });
  writeFileSync(other, '{}');
  await assert.rejects(loader.loadFromFile(other), { code: 'PLAN_INVALID', path: '/metadata' });
  const stale = structuredClone(cmt);
  stale.metadata.weight_cache_digest = `sha256:${'0'.repeat(64)}`;
  await assert.rejects(loader.loadFromFile(path, stale), { code: 'PLAN_STALE' });
  await assert.rejects(savePlan({ ...plan, groups: [] }, other), { code: 'PLAN_INVALID' });
});

test('device profiles are checked when read', async () => {
  const file = join(directory, 'device_profile.json');
  const profile = syntheticDevice(1e9);
  writeFileSync(file, JSON.stringify(profile));
  assert.deepEqual(await loadDeviceProfile(file), profile);
  const cases: [string, (p: ReturnType<typeof syntheticDevice>) => void][] = [
    ['/storage/bandwidth_bytes_per_second', (p) => (p.storage.bandwidth_bytes_per_second = 0)],
    ['/storage/latency_ms', (p) => (p.storage.latency_ms = -1)],
    ['/storage/measurements/2/depth', (p) => Object.assign(p.storage.measurements[2] ?? {}, { depth: 0 })],
    ['/cores', (p) => (p.cores = 0.5)],
    ['/memory_limit_bytes', (p) => (p.memory_limit_bytes = 0)],
    ['/vendor', (p) => Object.assign(p, { vendor: 'x' })],
    ['/kernel', (p) => delete (p as Partial<typeof p>).kernel],
  ];
  for (const [pointer, breakIt] of cases) {
    const broken = structuredClone(profile);
    breakIt(broken);
    writeFileSync(file, JSON.stringify(broken));
    await assert.rejects(loadDeviceProfile(file), { code: 'DEVICE_PROFILE_INVALID', path: pointer });
  }
  rmSync(file);
  await assert.rejects(loadDeviceProfile(file), { code: 'PLAN_UNREADABLE', message: /flash-slim probe/ });
});

test('the explanation has every part of the ledger, both passes, and a warning where the device has less', () => {
  const text = explainPlan(plan);
  for (const part of [
    'process',
    'tokenizer',
    'KV cache',
    'activations',
    'slots',
    'resident weights',
    'reserve',
    'unused',
  ]) {
    assert.match(text, new RegExp(`^${part} +\\d`, 'm'));
  }
  assert.match(text, /^budget +114 MB +100\.0%$/m);
  assert.match(text, /^prefill +16 .* ms/m);
  assert.match(text, /^decode +1 .* ms/m);
  assert.doesNotMatch(text, /Warning|NaN|undefined|Infinity/);
  const request = goldenRequest();
  const device = { ...request.device, memory_limit_bytes: 100_000_000 };
  assert.match(explainPlan(planPrefetch({ ...request, device })), /Warning: .* 100 MB/);
});
