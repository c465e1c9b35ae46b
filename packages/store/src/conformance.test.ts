import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe } from 'node:test';
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
});
