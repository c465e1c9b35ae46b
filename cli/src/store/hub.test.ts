// Against a server on loopback that speaks the hub's interface, and a second one that its files are redirected to.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import type { Activity } from './activity.ts';
import { cutWhenStored } from './cut-connection.ts';
import { type PullOptions, pullModel } from './pull-model.ts';
import { resolveModel } from './resolve-model.ts';

const content = (seed: number) => Buffer.concat([Buffer.from('GGUF'), Buffer.alloc(200_000, seed)]);
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const blobId = (bytes: Buffer) => createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
const commit = 'c0ffee'.padEnd(40, '0');
const retry = { attempts: 3, backoffMilliseconds: 5, stallMilliseconds: 2000 };

type Handler = (request: IncomingMessage, response: ServerResponse) => void;
let home: string;
let hub: Server;
let storage: Server;
let requests: { host: 'hub' | 'storage'; url: string; authorization: string | undefined; range: string | undefined }[];
let files: Record<string, Buffer>;
/** Large files are stored apart, as almost all are; the others have git's checksum only. */
let apart: boolean;
/** Before anything else: true where it has answered. */
let intercept: (host: 'hub' | 'storage', request: IncomingMessage, response: ServerResponse) => boolean;
const logged: string[] = [];
const activity: Activity = {
  signal: new AbortController().signal,
  log: (line) => void logged.push(line),
  progress: () => ({ update: () => {}, stop: () => {} }),
};

const listen = async (host: 'hub' | 'storage', handler: Handler) => {
  const server = createServer((request, response) => {
    const { url = '', headers } = request;
    requests.push({ host, url, authorization: headers.authorization, range: headers.range });
    if (!intercept(host, request, response)) handler(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
};
const origin = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'hub-'));
  requests = [];
  logged.length = 0;
  apart = true;
  files = { 'README.md': Buffer.from('hello'), 'tiny-Q8_0.gguf': content(8), 'tiny-Q4_K_M.gguf': content(4) };
  intercept = () => false;
  storage = await listen('storage', (request, response) => {
    const bytes = files[decodeURIComponent((request.url ?? '').slice('/blob/'.length))] as Buffer;
    const offset = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    if (offset >= bytes.length) return void response.writeHead(416).end();
    response.writeHead(offset > 0 ? 206 : 200, {
      'content-length': bytes.length - offset,
      ...(offset > 0 && { 'content-range': `bytes ${offset}-${bytes.length - 1}/${bytes.length}` }),
    });
    response.end(bytes.subarray(offset));
  });
  hub = await listen('hub', (request, response) => {
    const resolved = new RegExp(`^/me/tiny/resolve/${commit}/(.+)$`).exec(request.url ?? '')?.[1];
    if (resolved !== undefined)
      return void response.writeHead(302, { location: `${origin(storage)}/blob/${resolved}` }).end();
    if (!/^\/api\/models\/me\/tiny\/revision\/(main|v1)\?blobs=true$/.test(request.url ?? ''))
      return void response.writeHead(404).end();
    const siblings = Object.entries(files).map(([rfilename, bytes]) => ({
      rfilename,
      size: bytes.length,
      blobId: blobId(bytes),
      ...(apart && { lfs: { sha256: sha256(bytes), size: bytes.length, pointerSize: 130 } }),
    }));
    response.end(JSON.stringify({ id: 'me/tiny', sha: commit, siblings }));
  });
  process.env.FLASH_SLIM_HOME = join(home, 'store');
  process.env.HF_ENDPOINT = `${origin(hub)}/`;
});
afterEach(() => {
  for (const name of ['FLASH_SLIM_HOME', 'HF_ENDPOINT', 'HF_TOKEN']) delete process.env[name];
  for (const server of [hub, storage]) {
    server.closeAllConnections();
    server.close();
  }
  rmSync(home, { recursive: true });
});

const pull = (source: string, options: PullOptions = {}) => pullModel(source, activity, { retry, ...options });
const stored = () => (existsSync(join(home, 'store/models')) ? readdirSync(join(home, 'store/models')).sort() : []);

test('the usual file of a repository, found again by what was asked for', async () => {
  const model = await pull('hf:me/tiny');
  assert.equal(model.name, 'tiny-Q4_K_M');
  assert.deepEqual(readFileSync(model.path), files['tiny-Q4_K_M.gguf']);
  assert.deepEqual(stored(), ['tiny-Q4_K_M.gguf', 'tiny-Q4_K_M.json']);
  assert.equal((await resolveModel('hf:me/tiny')).path, model.path);
  assert.equal((await pull('hf:me/tiny')).fetched, false);
  assert.equal((await pull('hf:me/tiny@v1:tiny-Q4_K_M.gguf')).fetched, false);
  await assert.rejects(resolveModel('hf:me/other'), { code: 'MODEL_NOT_PULLED' });
});

test('a file by its name, by a part of it, or not at all', async () => {
  assert.equal((await pull('hf:me/tiny@v1:q8_0')).name, 'tiny-Q8_0');
  await assert.rejects(pull('hf:me/tiny:Q5_K_M'), {
    code: 'MODEL_AMBIGUOUS',
    message: /has no 'Q5_K_M'.*tiny-Q8_0\.gguf \(200 kB\), tiny-Q4_K_M\.gguf/,
  });
  files = { 'a-Q8_0.gguf': content(1), 'a-Q4_0.gguf': content(2), 'mmproj-a.gguf': content(3) };
  await assert.rejects(pull('hf:me/tiny'), { code: 'MODEL_AMBIGUOUS', message: /2 files.*a-Q8_0\.gguf.*a-Q4_0\.gguf/ });
  files = { 'mmproj-a.gguf': content(3), 'deep/a b.gguf': content(2) };
  assert.equal((await pull('hf:me/tiny', { name: 'ab' })).bytes, content(2).length);
  files = { 'a-00001-of-00002.gguf': content(1), 'a-00002-of-00002.gguf': content(1) };
  await assert.rejects(pull('hf:me/tiny'), { code: 'MODEL_NOT_ON_HUB', message: /split/ });
  files = { 'model.safetensors': content(1) };
  await assert.rejects(pull('hf:me/tiny'), { code: 'MODEL_NOT_ON_HUB', message: /no GGUF/ });
});

test('the token goes to the hub and to nobody else', async () => {
  process.env.HF_TOKEN = 'secret';
  await pull('hf:me/tiny');
  assert.deepEqual(
    requests.map(({ host, authorization }) => [host, authorization]),
    [
      ['hub', 'Bearer secret'],
      ['hub', 'Bearer secret'],
      ['storage', undefined],
    ],
  );
});

test('a cut in the middle goes on, across the redirect', async () => {
  let cuts = 0;
  intercept = (host, request, response) => {
    if (host !== 'storage' || cuts++ > 0) return false;
    const bytes = files[(request.url ?? '').slice('/blob/'.length)] as Buffer;
    response.writeHead(200, { 'content-length': bytes.length });
    response.write(bytes.subarray(0, 50_000));
    cutWhenStored(response, join(home, 'store/models/tiny-Q4_K_M.gguf.partial'), 50_000);
    return true;
  };
  await pull('hf:me/tiny');
  assert.equal(requests.at(-1)?.range, 'bytes=50000-');
});

test('other bytes than the hub says are refused, by either checksum', async () => {
  intercept = (host, request, response) => {
    if (host !== 'storage') return false;
    const bytes = Buffer.from(files[(request.url ?? '').slice('/blob/'.length)] as Buffer);
    bytes[100_000] = 99;
    response.end(bytes);
    return true;
  };
  await assert.rejects(pull('hf:me/tiny'), { code: 'CHECKSUM_MISMATCH' });
  apart = false;
  await assert.rejects(pull('hf:me/tiny'), { code: 'CHECKSUM_MISMATCH', message: /git/ });
  await assert.rejects(pull('hf:me/tiny', { sha256: '0'.repeat(64) }), { code: 'CHECKSUM_MISMATCH' });
  assert.deepEqual(stored(), []);
  intercept = () => false;
  assert.equal((await pull('hf:me/tiny')).fetched, true);
});

test('what the hub refuses is said with what to do', async () => {
  const answer = (status: number, where: RegExp) => {
    intercept = (_host, request, response) => {
      if (!where.test(request.url ?? '')) return false;
      response.writeHead(status).end();
      return true;
    };
  };
  for (const where of [/^\/api/, /resolve/]) {
    answer(401, where);
    await assert.rejects(pull('hf:me/tiny'), { code: 'HUB_ACCESS', message: /set HF_TOKEN/ });
    process.env.HF_TOKEN = 'secret';
    answer(403, where);
    await assert.rejects(pull('hf:me/tiny'), { code: 'HUB_ACCESS', message: /terms/ });
    delete process.env.HF_TOKEN;
    answer(404, where);
    await assert.rejects(pull('hf:me/tiny'), { code: 'MODEL_NOT_ON_HUB' });
    answer(503, where);
    await assert.rejects(pull('hf:me/tiny'), { code: 'DOWNLOAD_FAILED', message: /503.*again/ });
  }
  answer(416, /blob/);
  await assert.rejects(pull('hf:me/tiny'), { code: 'DOWNLOAD_FAILED', message: /416/ });
  intercept = (_host, _request, response) => response.end('<html>sign in</html>') !== undefined;
  await assert.rejects(pull('hf:me/tiny'), { code: 'DOWNLOAD_FAILED', message: /HF_ENDPOINT/ });
  assert.deepEqual(
    stored().filter((name) => !name.includes('.partial')),
    [],
  );
});

test('a busy hub is waited for as long as it asks', async () => {
  let times = 0;
  intercept = (_host, _request, response) => {
    if (times++ > 0) return false;
    response.writeHead(429, { 'retry-after': '1' }).end();
    return true;
  };
  await pull('hf:me/tiny');
  assert.ok(
    logged.some((line) => /429.*again in 1 s/.test(line)),
    logged.join('\n'),
  );
});

test('what would pass --max-store is refused before it is asked for', async () => {
  await assert.rejects(pull('hf:me/tiny', { maxStoreBytes: 100_000 }), { code: 'STORE_FULL', message: /cache prune/ });
  assert.ok(requests.every(({ url }) => url.startsWith('/api/')));
  assert.deepEqual(stored(), []);
  assert.equal((await pull('hf:me/tiny', { maxStoreBytes: 300_000 })).fetched, true);
  await assert.rejects(pull('hf:me/tiny:Q8_0', { maxStoreBytes: 300_000 }), { code: 'STORE_FULL' });
});

test('names that are none', async () => {
  for (const name of ['hf:', 'hf:me', 'hf:me/tiny/x', 'hf:../tiny', 'hf:me/tiny@', 'hf:me/tiny:', 'hf:me/tiny:../x'])
    await assert.rejects(pull(name), { code: 'USAGE' }, name);
  assert.deepEqual(requests, []);
});
