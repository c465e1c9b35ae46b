import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { writeRandomGguf } from '@flash-slim/model/testing';
import { executable, flashSlim } from './run-cli.ts';

const directory = mkdtempSync(join(tmpdir(), 'flash-slim-cache-'));
after(() => rmSync(directory, { recursive: true }));
const home = join(directory, 'home');
const env = { FLASH_SLIM_HOME: home };
const cmt = 'weight_chunks_metadata_table.json';

async function cache(args: string[], code = 0) {
  const outcome = await flashSlim(['cache', ...args, '--json', '--quiet'], { env });
  assert.equal(outcome.code, code, outcome.stderr);
  return JSON.parse(outcome.stdout);
}

interface Listed {
  key: string;
  path: string;
  model: string;
  state: string;
  bytes: number;
  in_use: boolean;
}

const list = async (): Promise<Listed[]> => (await cache(['ls'])).caches;
const generate = (name: string) => ['generate', '--model', name, '--prompt', 'a', '--context-length', '64'];

before(async () => {
  for (const name of ['one', 'two']) {
    writeRandomGguf(join(directory, `${name}.gguf`));
    assert.equal((await flashSlim(['pull', join(directory, `${name}.gguf`)], { env })).code, 0);
    const { code, stderr } = await flashSlim([...generate(name), '--max-decode-steps', '2'], { env });
    assert.equal(code, 0, stderr);
  }
});

const age = (path: string, days: number) => {
  const then = new Date(Date.now() - days * 86_400_000);
  utimesSync(join(path, '..', cmt), then, statSync(join(path, '..', cmt)).mtime);
};

test('ls: whose they are, how large, and when they were used', async () => {
  const caches = await list();
  assert.deepEqual(caches.map(({ model }) => model).sort(), ['one', 'two']);
  for (const { state, bytes, in_use, path } of caches) {
    assert.deepEqual([state, in_use], ['whole', false]);
    assert.ok(bytes >= statSync(path).size);
    age(path, 100);
  }
  // Using one is noted.
  await flashSlim([...generate('two'), '--max-decode-steps', '1'], { env });
  assert.equal((await list())[0]?.model, 'two');
  const { stdout } = await flashSlim(['cache', 'ls'], { env });
  assert.match(stdout, /^[0-9a-f]{32} {2}two +[\d.]+ kB {2}\d{4}-\d\d-\d\d \d\d:\d\d {2}whole$/m);
});

test('verify reads every byte', async () => {
  assert.equal((await cache(['verify'])).verified.length, 2);
  const [{ path } = { path: '' }] = (await list()).filter(({ model }) => model === 'one');
  const whole = readFileSync(path);
  const bytes = Buffer.from(whole);
  bytes.writeUInt8(bytes.readUInt8(4200) ^ 1, 4200);
  writeFileSync(path, bytes);
  const { error } = await cache(['verify', 'one'], 1);
  assert.equal(error.code, 'CACHE_CORRUPT');
  assert.match(error.message, /checksum/);
  await cache(['verify', 'two']);
  writeFileSync(path, whole);
  await cache(['verify', path]);
});

test('prune tells first, takes what the rules say, and never what is in use', { timeout: 120_000 }, async () => {
  await cache(['prune'], 2);
  await cache(['prune', '--older-than', 'soon'], 2);
  const unfinished = join(home, 'caches', '0'.repeat(32));
  mkdirSync(unfinished);
  writeFileSync(join(unfinished, 'weights.fsw.partial'), 'x');
  const told = await cache(['prune', '--unfinished']);
  assert.deepEqual([told.removed, told.caches.length], [false, 1]);
  assert.ok(existsSync(unfinished));
  assert.equal((await cache(['prune', '--unfinished', '--yes'])).caches.length, 1);
  assert.ok(!existsSync(unfinished));
  for (const { path } of await list()) age(path, 100);
  // A generation that goes on while everything is pruned.
  const args = [...generate('one').with(-1, '20000'), '--max-decode-steps', '19000', '--ignore-eos'];
  const child = spawn(executable, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'ignore'] });
  const closed = new Promise((resolve) => child.once('close', resolve));
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const [used] = (await list()).filter(({ in_use }) => in_use);
  assert.equal(used?.model, 'one');
  age(used.path, 100);
  const pruned = await cache(['prune', '--older-than', '30d', '--max-size', '1', '--yes']);
  child.kill('SIGKILL');
  assert.deepEqual(
    pruned.caches.map(({ model }: Listed) => model),
    ['two'],
  );
  assert.deepEqual(
    (await list()).map(({ model }) => model),
    ['one'],
  );
  await closed;
  assert.equal((await cache(['prune', '--max-size', '1', '--yes'])).caches.length, 1);
  assert.deepEqual(await list(), []);
});
