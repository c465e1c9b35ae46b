import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { type MinioServer, serverPath, startMinio } from '@flash-slim/test-servers';
import { Client } from 'minio';
import { storeConformance } from './conformance.ts';
import { openStore } from './open.ts';

describe('a directory', () => {
  let directory: string;
  after(() => rm(directory, { recursive: true }));
  storeConformance(async () => {
    directory = await mkdtemp(join(tmpdir(), 'flash-slim-objects-'));
    const overwrite = (key: string, body: Uint8Array) => writeFile(join(directory, 'objects', `${key}@`), body);
    return { store: await openStore({ directory }), presigns: false, overwrite };
  });
});

const minio = await serverPath('minio');

describe('S3: a real MinIO', { skip: minio === null ? 'no minio here: node scripts/servers.mjs minio' : false }, () => {
  let server: MinioServer;
  after(() => server?.stop());
  storeConformance(async () => {
    server = await startMinio();
    const { endpoint, accessKey, secretKey } = server;
    const { hostname, port } = new URL(endpoint);
    const client = new Client({ endPoint: hostname, port: Number(port), useSSL: false, accessKey, secretKey });
    await client.makeBucket('conformance');
    return {
      store: await openStore({ s3: { endpoint, bucket: 'conformance', accessKey, secretKey } }),
      presigns: true,
      overwrite: async (key, body) => {
        await client.putObject('conformance', key, Buffer.from(body));
      },
    };
  });

  test('a bucket is made where that is asked for, and URLs are signed for who comes from outside', async () => {
    const { endpoint, accessKey, secretKey } = server;
    const s3 = { endpoint, bucket: 'made-here', accessKey, secretKey };
    const refusing = await openStore({ s3 });
    await assert.rejects(refusing.check(), { code: 'STORE_MISCONFIGURED' });
    const publicEndpoint = endpoint.replace('127.0.0.1', 'localhost');
    const store = await openStore({ s3: { ...s3, createBucket: true, publicEndpoint } });
    await store.check();
    await store.check();
    const upload = await store.createUpload('a');
    const url = await store.presignPart('a', upload, 1, 60);
    assert.ok(url?.startsWith(publicEndpoint), url ?? 'null');
    const { status } = await fetch(url as string, { method: 'PUT', body: 'x' });
    assert.equal(status, 200);
    assert.equal((await store.listParts('a', upload)).length, 1);
    await Promise.all([store.close(), refusing.close()]);
  });
});
