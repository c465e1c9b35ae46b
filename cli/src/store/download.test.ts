import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import type { Activity } from './activity.ts';
import { cutWhenStored } from './cut-connection.ts';
import { type DownloadOptions, download } from './download.ts';

const content = randomBytes(3_000_000);
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const quick: DownloadOptions = { willBeChecked: false, attempts: 3, backoffMilliseconds: 5, stallMilliseconds: 2000 };

let directory: string;
let partial: string;
let server: Server;
let requests: IncomingMessage[];
/** What the server does with request number n (from 1); by default it serves `content` with ranges and an ETag. */
let behave: (n: number, request: IncomingMessage, response: ServerResponse) => void;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'download-'));
  partial = join(directory, 'model.gguf.partial');
  requests = [];
  behave = (_n, request, response) => serve(request, response);
  server = createServer((request, response) => behave(requests.push(request), request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
  rmSync(directory, { recursive: true });
});

interface Serving {
  etag?: string | null;
  bytes?: Buffer;
  /** The connection is cut after so many bytes. */
  cutAfter?: number;
  length?: number | null;
  ranges?: boolean;
}

function serve(request: IncomingMessage, response: ServerResponse, options: Serving = {}): void {
  const { etag = '"v1"', bytes = content, cutAfter, length, ranges = true } = options;
  const asked = ranges ? /^bytes=(\d+)-$/.exec(request.headers.range ?? '') : null;
  const condition = request.headers['if-range'];
  const offset = asked && (condition === undefined || condition === etag) ? Number(asked[1]) : 0;
  if (etag !== null) response.setHeader('etag', etag);
  if (offset >= bytes.length) return void response.writeHead(416).end();
  if (offset > 0) response.setHeader('content-range', `bytes ${offset}-${bytes.length - 1}/${bytes.length}`);
  if (length !== null) response.setHeader('content-length', length ?? bytes.length - offset);
  response.writeHead(offset > 0 ? 206 : 200);
  if (cutAfter === undefined) return void response.end(bytes.subarray(offset));
  response.write(bytes.subarray(offset, offset + cutAfter));
  cutWhenStored(response, partial, offset + cutAfter);
}

const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/model.gguf`;

const activity = (signal = new AbortController().signal): Activity => ({
  signal,
  log: () => {},
  progress: () => ({ update: () => {}, stop: () => {} }),
});

const get = (options: Partial<DownloadOptions> = {}, signal?: AbortSignal) =>
  download(url(), partial, activity(signal), { ...quick, ...options });

test('a file comes whole', async () => {
  await get();
  assert.equal(sha256(readFileSync(partial)), sha256(content));
  assert.equal(requests.length, 1);
});

test('a dropped connection goes on where it stopped, any number of times', async () => {
  behave = (n, request, response) => serve(request, response, n <= 5 ? { cutAfter: 400_000 } : {});
  await get();
  assert.equal(sha256(readFileSync(partial)), sha256(content));
  assert.equal(requests.length, 6);
  assert.equal(requests[5]?.headers.range, 'bytes=2000000-');
  assert.equal(requests[5]?.headers['if-range'], '"v1"');
});

test('another run goes on with what an interrupted one left', async () => {
  const controller = new AbortController();
  behave = (_n, request, response) => {
    serve(request, response, { cutAfter: 1_000_000 });
    response.on('close', () => controller.abort(130));
  };
  await assert.rejects(get({ backoffMilliseconds: 10_000 }, controller.signal));
  const had = readFileSync(partial).length;
  assert.equal(had, 1_000_000);
  behave = (_n, request, response) => serve(request, response);
  await get();
  assert.equal(requests.at(-1)?.headers.range, `bytes=${had}-`);
  assert.equal(sha256(readFileSync(partial)), sha256(content));
});

test('a file that changed on the server starts over', async () => {
  const other = randomBytes(2_000_000);
  behave = (n, request, response) =>
    n === 1
      ? serve(request, response, { cutAfter: 500_000 })
      : serve(request, response, { etag: '"v2"', bytes: other });
  await get();
  assert.equal(sha256(readFileSync(partial)), sha256(other));
});

test('a part of a file of another size is never joined on', async () => {
  const other = randomBytes(2_000_000);
  // The checksum would let it go on without a validator; the size gives it away.
  behave = (n, request, response) =>
    serve(request, response, n === 1 ? { etag: null, cutAfter: 500_000 } : { etag: null, bytes: other });
  await get({ willBeChecked: true });
  assert.equal(sha256(readFileSync(partial)), sha256(other));
});

test('without a validator or a checksum nothing is joined on', async () => {
  behave = (n, request, response) => serve(request, response, { etag: null, ...(n === 1 && { cutAfter: 500_000 }) });
  await get();
  assert.equal(requests[1]?.headers.range, undefined);
  assert.equal(sha256(readFileSync(partial)), sha256(content));
});

test('a server without ranges sends it all again', async () => {
  behave = (n, request, response) => serve(request, response, { ranges: false, ...(n === 1 && { cutAfter: 500_000 }) });
  await get();
  assert.equal(sha256(readFileSync(partial)), sha256(content));
});

test('more bytes on disk than the server has: start over', async () => {
  behave = (n, request, response) =>
    n === 1
      ? serve(request, response, { cutAfter: 500_000 })
      : serve(request, response, { bytes: content.subarray(0, 1000) });
  await get();
  assert.equal(readFileSync(partial).length, 1000);
});

test('a length that is not kept is an error in the end', async () => {
  behave = (_n, request, response) => serve(request, response, { cutAfter: 100, etag: null });
  await assert.rejects(get(), {
    code: 'DOWNLOAD_FAILED',
    message: /100 of 3000000|terminated|other side|aborted|socket/,
  });
  assert.equal(requests.length, 3);
});

test('no length at all', async () => {
  behave = (_n, request, response) => serve(request, response, { length: null });
  await get();
  assert.equal(sha256(readFileSync(partial)), sha256(content));
});

test('404 fails at once, 503 is tried again', async () => {
  behave = (_n, _request, response) => void response.writeHead(404).end();
  await assert.rejects(get(), { code: 'DOWNLOAD_FAILED', message: /404 Not Found/ });
  assert.equal(requests.length, 1);
  assert.ok(!existsSync(partial));
  behave = (n, request, response) => (n < 4 ? void response.writeHead(503).end() : serve(request, response));
  await get();
  assert.equal(requests.length, 4);
});

test('silence is given up', async () => {
  behave = (_n, _request, response) => {
    response.writeHead(200, { 'content-length': 1000 });
    response.write('x');
  };
  const start = Date.now();
  await assert.rejects(get({ stallMilliseconds: 100 }), { message: /nothing arrived for 0.1 s/ });
  assert.ok(Date.now() - start < 5000);
});

test('a slow server is waited for as long as something arrives', async () => {
  behave = (_n, _request, response) => {
    let sent = 0;
    response.writeHead(200, { 'content-length': 10 });
    const timer = setInterval(() => {
      response.write('x');
      if (++sent === 10) clearInterval(timer);
    }, 150);
  };
  await get({ stallMilliseconds: 1000 });
  assert.equal(requests.length, 1);
});

test('redirects are followed, but not for ever', async () => {
  behave = (n, request, response) =>
    n < 4 ? void response.writeHead(302, { location: `/there/${n}` }).end() : serve(request, response);
  await get();
  assert.equal(sha256(readFileSync(partial)), sha256(content));
  rmSync(partial);
  behave = (_n, _request, response) => void response.writeHead(302, { location: '/again' }).end();
  await assert.rejects(get(), { code: 'DOWNLOAD_FAILED', message: /redirects more than 5 times/ });
  behave = (_n, _request, response) => void response.writeHead(302, { location: 'file:///etc/passwd' }).end();
  await assert.rejects(get(), { code: 'DOWNLOAD_FAILED', message: /file:/ });
});

test('Ctrl-C stops within a second', async () => {
  behave = () => {}; // never answers
  const start = Date.now();
  await assert.rejects(get({}, AbortSignal.timeout(50)));
  assert.ok(Date.now() - start < 1000);
});
