import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type DeviceProfile, loadDeviceProfile } from '@flash-slim/plan';
import { executable, flashSlim, run } from './run-cli.ts';

const directory = mkdtempSync(join(tmpdir(), 'flash-slim-probe-'));
after(() => rmSync(directory, { recursive: true }));
const output = join(directory, 'profile.json');

test('a quick probe writes a profile within 4 seconds of measuring, and leaves nothing else', async () => {
  const start = Date.now();
  const { code, stdout, stderr } = await flashSlim([
    'probe',
    '--quick',
    '--json',
    '--path',
    directory,
    '--output',
    output,
  ]);
  assert.equal(code, 0, stderr);
  assert.ok(Date.now() - start < 6000, `${Date.now() - start} ms`);
  const profile = JSON.parse(stdout) as DeviceProfile;
  assert.deepEqual(await loadDeviceProfile(output), profile);
  assert.deepEqual(readdirSync(directory), ['profile.json']);
  assert.equal(profile.storage.path, directory);
  assert.ok(profile.storage.bandwidth_bytes_per_second > 1e6);
  assert.ok(profile.storage.latency_ms > 0);
  assert.ok(profile.cores >= 1 && profile.memory_total_bytes > 1e8);
  assert.ok(profile.storage.measurements.length >= 2);
  for (const { reader, huge_pages } of profile.storage.measurements) {
    assert.ok(profile.io_uring || reader === 'pread');
    assert.ok(profile.huge_pages || !huge_pages);
  }
});

test('an existing file is read and left as it is', async () => {
  const file = join(directory, 'weights.bin');
  writeFileSync(file, Buffer.alloc(3 << 20, 5));
  const { code, stdout } = await flashSlim(['probe', '--quick', '--file', file, '--output', output]);
  assert.equal(code, 0);
  assert.match(stdout, /bandwidth +\d/);
  assert.deepEqual(readFileSync(file), Buffer.alloc(3 << 20, 5));
  writeFileSync(file, 'small');
  const refused = await flashSlim(['probe', '--quick', '--file', file, '--output', output]);
  assert.deepEqual([refused.code, refused.stdout], [2, '']);
  assert.match(refused.stderr, /5 bytes/);
});

test('where nothing can be written it says so at once', async () => {
  for (const args of [
    ['--path', '/proc'],
    ['--path', join(directory, 'absent')],
    ['--output', '/proc/profile.json'],
  ]) {
    const { code, stderr } = await flashSlim(['probe', '--output', output, ...args]);
    assert.equal(code, 2, stderr);
    assert.match(stderr, /^flash-slim: cannot write [^\n]+\n$/);
  }
});

test('Ctrl-C leaves nothing behind', async () => {
  const before = readdirSync(directory);
  let sent = false;
  const { code } = await flashSlim(['probe', '--path', directory, '--output', join(directory, 'other.json')], {
    onStderr: (text, child) => {
      if (!sent && text.includes('measuring')) sent = child.kill('SIGINT');
    },
  });
  assert.equal(code, 130);
  assert.deepEqual(readdirSync(directory), before);
});

const memoryV1 = '/sys/fs/cgroup/memory';
const memoryV2 = '/sys/fs/cgroup';

/** Makes a memory group with that limit and a child of it; null where that is not allowed. */
function limitedGroup(bytes: number): { child: string; remove: () => void } | null {
  const v1 = existsSync(`${memoryV1}/memory.limit_in_bytes`);
  const parent = join(v1 ? memoryV1 : memoryV2, `flash-slim-test-${process.pid}`);
  const child = join(parent, 'child');
  try {
    mkdirSync(parent);
    writeFileSync(join(parent, v1 ? 'memory.limit_in_bytes' : 'memory.max'), String(bytes));
    mkdirSync(child);
  } catch {
    if (existsSync(parent)) rmdirSync(parent);
    return null;
  }
  return {
    child,
    remove: () => {
      rmdirSync(child);
      rmdirSync(parent);
    },
  };
}

test('the limit of a memory group above the process is seen, and kept', async (t) => {
  const group = limitedGroup(180_002_816);
  if (group === null) return t.skip('no memory group can be made here (root is needed)');
  try {
    const command = [executable, 'probe', '--quick', '--json', '--path', directory, '--output', output];
    const joined = `echo $$ > ${group.child}/cgroup.procs && exec "$@"`;
    const { code, stdout, stderr } = await run(['sh', '-c', joined, 'sh', ...command]);
    assert.equal(code, 0, stderr);
    assert.equal((JSON.parse(stdout) as DeviceProfile).memory_limit_bytes, 180_002_816);
  } finally {
    group.remove();
  }
});
