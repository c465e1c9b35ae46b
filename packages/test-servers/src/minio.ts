import { createHash, createHmac, randomUUID } from 'node:crypto';
import { answers, freePort, type RunningServer, runServer } from './process.ts';

export interface MinioServer extends RunningServer {
  endpoint: string;
  accessKey: string;
  secretKey: string;
  makeBucket(name: string): Promise<void>;
}

export async function startMinio(): Promise<MinioServer> {
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const accessKey = 'flashslim';
  const secretKey = randomUUID();
  const server = await runServer({
    name: 'minio',
    arguments: (directory) => ['server', '--quiet', '--address', `127.0.0.1:${port}`, directory],
    environment: {
      MINIO_ROOT_USER: accessKey,
      MINIO_ROOT_PASSWORD: secretKey,
      MINIO_BROWSER: 'off',
      MINIO_UPDATE: 'off',
    },
    ready: () => answers(`${endpoint}/minio/health/cluster`),
  });
  return Object.defineProperties(server, {
    endpoint: { value: endpoint },
    accessKey: { value: accessKey },
    secretKey: { value: secretKey },
    makeBucket: { value: (name: string) => makeBucket(endpoint, name, accessKey, secretKey) },
  }) as MinioServer;
}

/** One signed PUT (AWS Signature Version 4): a client for that alone would be a dependency of everybody's. */
async function makeBucket(endpoint: string, name: string, accessKey: string, secretKey: string): Promise<void> {
  const { host } = new URL(endpoint);
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const day = time.slice(0, 8);
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
  const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();
  const empty = sha256('');
  const signed = 'host;x-amz-content-sha256;x-amz-date';
  const request = `PUT\n/${name}\n\nhost:${host}\nx-amz-content-sha256:${empty}\nx-amz-date:${time}\n\n${signed}\n${empty}`;
  const scope = `${day}/us-east-1/s3/aws4_request`;
  const key = ['us-east-1', 's3', 'aws4_request'].reduce<Buffer>(hmac, hmac(`AWS4${secretKey}`, day));
  const signature = hmac(key, `AWS4-HMAC-SHA256\n${time}\n${scope}\n${sha256(request)}`).toString('hex');
  const response = await fetch(`${endpoint}/${name}`, {
    method: 'PUT',
    headers: {
      'x-amz-date': time,
      'x-amz-content-sha256': empty,
      authorization: `AWS4-HMAC-SHA256 Credential=${accessKey}/${scope}, SignedHeaders=${signed}, Signature=${signature}`,
    },
  });
  if (!response.ok) throw new Error(`cannot make the bucket ${name}: ${await response.text()}`);
}
