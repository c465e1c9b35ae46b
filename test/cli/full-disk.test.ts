// A disk that is or becomes full: a small file system in memory, mounted where only the command and its children see it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { writeRandomGguf } from '@flash-slim/model/testing';
import { executable, flashSlim, run } from './run-cli.ts';

const directory = mkdtempSync(join(tmpdir(), 'flash-slim-disk-'));
after(() => rmSync(directory, { recursive: true }));
const home = join(directory, 'disk');
mkdirSync(home);
const model = join(directory, 'm.gguf');
const device = join(directory, 'device_profile.json');
const mountAndRun =
  'mount -t tmpfs -o size="$1" none "$2" && shift 2 && "$@"; code=$?; find "$0" -type f >&2; exit $code';

const namespace = spawnSync('unshare', ['-m', 'sh', '-c', mountAndRun, home, '1m', home, 'true'], { encoding: 'utf8' });
const skip = namespace.status === 0 ? false : `no file system can be mounted here: ${namespace.stderr ?? 'no unshare'}`;
if (skip) console.log(`tests of a full disk are skipped: ${skip}`);

before(async () => {
  writeRandomGguf(model);
  if (skip) return;
  const { code, stderr } = await flashSlim(['probe', '--quick', '--path', directory, '--output', device]);
  assert.equal(code, 0, stderr);
});

/** The command with its store on a disk of that size, and the files it left there. */
async function onDisk(bytes: number, args: string[]) {
  const command = ['unshare', '-m', 'sh', '-c', mountAndRun, home, `${bytes}`, home, executable, ...args];
  const { code, stdout, stderr } = await run([...command, '--json', '--quiet'], { env: { FLASH_SLIM_HOME: home } });
  const left = stderr.split('\n').filter((line) => line.startsWith(`${home}/`));
  return { code, answer: JSON.parse(stdout || 'null'), left, stderr };
}

const unfinished = (files: string[]) => files.filter((file) => /\.(partial|lock)$/.test(file));

test('building the cache and the CMT, at every size of disk', { skip, timeout: 300_000 }, async () => {
  const args = ['generate', '--model', model, '--prompt', 'abc', '--max-decode-steps', '2', '--context-length', '64'];
  const codes: (number | null)[] = [];
  // The cache takes 36 pages, the CMT 4 more: each of these sizes fails at another place, but for the last.
  for (const pages of [2, 20, 36, 37, 38, 39, 40, 64]) {
    const { code, answer, left, stderr } = await onDisk(pages * 4096, [...args, '--device', device]);
    codes.push(code);
    assert.deepEqual(unfinished(left), [], `${pages} pages: ${stderr}`);
    if (code === 0) continue;
    assert.equal(code, 1, stderr);
    assert.equal(answer.error.code, 'DISK_FULL', `${pages} pages: ${answer.error.message}`);
  }
  assert.ok(codes.includes(1) && codes.at(-1) === 0, `${codes}`);
});

test('pull refuses before it copies, and probe before it writes', { skip }, async () => {
  const pulled = await onDisk(1 << 20, ['pull', model, '--copy']);
  assert.deepEqual([pulled.code, pulled.answer.error.code], [1, 'DISK_FULL'], pulled.stderr);
  assert.match(pulled.answer.error.message, /MB free, and .* are needed/);
  assert.deepEqual(pulled.left, []);
  const probed = await onDisk(1 << 20, ['probe', '--quick', '--path', home, '--output', device]);
  assert.deepEqual([probed.code, probed.answer.error.code], [1, 'DISK_FULL'], probed.stderr);
});

test('probe makes do with half of what is free', { skip }, async () => {
  const { code, answer, stderr } = await onDisk(20 << 20, ['probe', '--quick', '--path', home, '--output', device]);
  assert.equal(code, 0, stderr);
  assert.ok(answer.storage.bandwidth_bytes_per_second > 0);
});
