import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import type { Activity } from './activity.ts';
import { pullModel } from './pull-model.ts';
import { resolveModel } from './resolve-model.ts';
import { recordedDigest } from './store.ts';

const content = Buffer.concat([Buffer.from('GGUF'), Buffer.alloc(100_000, 7)]);
const digest = createHash('sha256').update(content).digest('hex');
const activity: Activity = {
  signal: new AbortController().signal,
  log: () => {},
  progress: () => ({ update: () => {}, stop: () => {} }),
};

let home: string;
let file: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'store-'));
  process.env.FLASH_SLIM_HOME = join(home, 'store');
  file = join(home, 'Tiny.gguf');
  writeFileSync(file, content);
});
afterEach(() => {
  delete process.env.FLASH_SLIM_HOME;
  rmSync(home, { recursive: true });
});

const stored = () => readdirSync(join(home, 'store/models')).sort();

async function withServer<T>(body: Buffer, work: (url: string) => Promise<T>): Promise<T> {
  const server = createServer((_request, response) => void response.end(body));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}/dir/Web.gguf?token=1`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test('a path is recorded where it lies, or copied', async () => {
  const recorded = await pullModel(file, activity);
  assert.deepEqual(recorded, {
    name: 'Tiny',
    source: file,
    path: file,
    bytes: content.length,
    sha256: digest,
    modified_ns: String(statSync(file, { bigint: true }).mtimeNs),
    fetched: true,
  });
  assert.deepEqual(stored(), ['Tiny.json']);
  const copied = await pullModel(file, activity, { name: 'mine', copy: true });
  assert.equal(copied.path, join(home, 'store/models/mine.gguf'));
  assert.deepEqual(readFileSync(copied.path), content);
  assert.deepEqual(stored(), ['Tiny.json', 'mine.gguf', 'mine.json']);
  assert.equal((await pullModel(file, activity)).fetched, false);
  assert.equal((await resolveModel('mine')).path, copied.path);
});

test('a URL is downloaded once and found by name and by URL', async () => {
  await withServer(content, async (url) => {
    const model = await pullModel(url, activity, { sha256: digest.toUpperCase() });
    assert.equal(model.name, 'Web');
    assert.deepEqual(stored(), ['Web.gguf', 'Web.json']);
    assert.equal((await pullModel(url, activity)).fetched, false);
    assert.equal((await resolveModel('Web')).sha256, digest);
    assert.equal((await resolveModel(url)).path, model.path);
  });
});

test('what is not the file asked for leaves nothing behind', async () => {
  await withServer(content, async (url) => {
    const wrong = { sha256: '0'.repeat(64) };
    await assert.rejects(pullModel(url, activity, wrong), { code: 'CHECKSUM_MISMATCH' });
    assert.deepEqual(stored(), []);
    await assert.rejects(pullModel(file, activity, wrong), { code: 'CHECKSUM_MISMATCH' });
    await assert.rejects(pullModel(file, activity, { ...wrong, copy: true }), { code: 'CHECKSUM_MISMATCH' });
    assert.deepEqual(stored(), []);
    assert.ok(existsSync(file));
  });
  await withServer(Buffer.from('<html>sign in</html>'), async (url) => {
    await assert.rejects(pullModel(url, activity), { code: 'NOT_A_MODEL', message: /Web\.gguf.* is not a GGUF/ });
    assert.deepEqual(stored(), []);
  });
});

test('two at once: one gets it, the other waits for it', async () => {
  const results = await withServer(content, (url) => Promise.all([1, 2].map(() => pullModel(url, activity))));
  assert.deepEqual(results.map(({ fetched }) => fetched).sort(), [false, true]);
});

test('one name is one model', async () => {
  await pullModel(file, activity);
  writeFileSync(join(home, 'other.gguf'), content);
  await assert.rejects(pullModel(join(home, 'other.gguf'), activity, { name: 'Tiny' }), { code: 'NAME_TAKEN' });
});

test('a record whose file went or changed its size does not count', async () => {
  await pullModel(file, activity);
  writeFileSync(file, Buffer.concat([content, content]));
  await assert.rejects(resolveModel('Tiny'), { code: 'UNKNOWN_MODEL' });
  assert.equal((await pullModel(file, activity)).bytes, 2 * content.length);
});

test('what is no model is refused in words', async () => {
  await pullModel(file, activity);
  await assert.rejects(resolveModel('smolm2'), { code: 'UNKNOWN_MODEL', message: /one of smollm2, Tiny/ });
  await assert.rejects(resolveModel('smollm2'), { code: 'MODEL_NOT_PULLED', message: /flash-slim pull smollm2/ });
  await assert.rejects(resolveModel('./absent.gguf'), { code: 'FILE_UNREADABLE' });
  await assert.rejects(resolveModel(home), { code: 'FILE_UNREADABLE' });
  await assert.rejects(resolveModel('ftp://host/x.gguf'), { code: 'MODEL_URL_INVALID' });
  await assert.rejects(pullModel(file, activity, { name: '../x' }), { code: 'USAGE' });
  await assert.rejects(pullModel(file, activity, { sha256: 'abc' }), { code: 'USAGE' });
  assert.equal((await resolveModel(file)).path, file);
});

test('a store that cannot be written is refused', async () => {
  process.env.FLASH_SLIM_HOME = join(file, 'below-a-file');
  await assert.rejects(pullModel(file, activity), { code: 'DIRECTORY_UNWRITABLE', message: /FLASH_SLIM_HOME/ });
});

test('a digest is believed as long as the file was not written to', async () => {
  assert.equal(await recordedDigest(file), undefined);
  await pullModel(file, activity);
  assert.equal(await recordedDigest(file), `sha256:${digest}`);
  utimesSync(file, new Date(), new Date());
  assert.equal(await recordedDigest(file), undefined);
});
