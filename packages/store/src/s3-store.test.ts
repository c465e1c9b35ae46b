// What S3Store does about servers that say "later", without one: a few lines of HTTP say it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { S3Store } from './s3-store.ts';

const page = (keys: string[], next: string) =>
  `<?xml version="1.0"?><ListBucketResult><IsTruncated>${next !== ''}</IsTruncated>${next && `<NextContinuationToken>${next}</NextContinuationToken>`}${keys
    .map(
      (key) =>
        `<Contents><Key>${key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>"e"</ETag><Size>1</Size></Contents>`,
    )
    .join('')}</ListBucketResult>`;

async function serve(answer: (url: URL, count: number) => { status: number; body: string }) {
  let count = 0;
  const server = createServer((request, response) => {
    const { status, body } = answer(new URL(request.url ?? '', 'http://x'), ++count);
    response.writeHead(status, { 'content-type': 'application/xml' });
    response.end(body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const store = new S3Store({
    endpoint: `http://127.0.0.1:${port}`,
    bucket: 'bucket',
    accessKey: 'a',
    secretKey: 'b',
    attempts: 3,
  });
  return {
    store,
    count: () => count,
    stop: async () => {
      await store.close();
      server.closeAllConnections();
      server.close();
    },
  };
}

const busy = { status: 503, body: '<Error><Code>SlowDown</Code></Error>' };

test('a listing goes on after a page that was refused, and skips and repeats nothing', async (t) => {
  const { store, stop } = await serve((url, count) => {
    if (count % 2 === 1) return busy;
    const after = url.searchParams.get('start-after') ?? '';
    if (url.searchParams.has('continuation-token')) return { status: 200, body: page(['c', 'd'], '') };
    return { status: 200, body: after === 'b' ? page(['c', 'd'], '') : page(['a', 'b'], 'next') };
  });
  t.after(stop);
  const keys: string[] = [];
  for await (const { key } of store.list('')) keys.push(key);
  assert.deepEqual(keys, ['a', 'b', 'c', 'd']);
});

test('a server that is always busy is given up after the tries there are', async (t) => {
  const { store, count, stop } = await serve(() => busy);
  t.after(stop);
  const unavailable = { name: 'StoreError', code: 'STORE_UNAVAILABLE' };
  await assert.rejects(store.head('key'), unavailable);
  assert.equal(count(), 3);
  await assert.rejects(store.put('key', Buffer.from('x')), unavailable);
  await assert.rejects(async () => {
    for await (const _ of store.list(''));
  }, unavailable);
  assert.equal(count(), 9);
});

test('what is wrong is not tried again', async (t) => {
  const { store, count, stop } = await serve(() => ({
    status: 403,
    body: '<Error><Code>AccessDenied</Code><Message>no</Message></Error>',
  }));
  t.after(stop);
  await assert.rejects(store.put('key', Buffer.from('x')), { code: 'STORE_ACCESS_DENIED' });
  assert.equal(count(), 1);
});

test('an endpoint that is none', () => {
  for (const endpoint of ['x', 'ftp://x', 'http://x/path', 'http://user@x'])
    assert.throws(() => new S3Store({ endpoint, bucket: 'b', accessKey: 'a', secretKey: 's' }), {
      code: 'STORE_MISCONFIGURED',
    });
});
