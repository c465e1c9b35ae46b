import { createHash, createHmac, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, type RunningServer, runServer } from './process.ts';

export interface MinioCredentials {
  accessKey: string;
  secretKey: string;
  sessionToken: string;
}

export interface MinioServer extends RunningServer {
  endpoint: string;
  accessKey: string;
  secretKey: string;
  makeBucket(name: string): Promise<void>;
  /** Temporary credentials that may do what the policy says, and nothing else. */
  restricted(policy: string): Promise<MinioCredentials>;
}

export interface MinioServerOptions {
  /** PEM texts: https. */
  tls?: { authority: string; certificate: string; key: string };
}

export async function startMinio({ tls }: MinioServerOptions = {}): Promise<MinioServer> {
  const port = await freePort();
  const endpoint = `http${tls ? 's' : ''}://127.0.0.1:${port}`;
  const root = { accessKey: 'flashslim', secretKey: randomUUID() };
  const certificates = mkdtempSync(join(tmpdir(), 'flash-slim-minio-certificates-'));
  if (tls) {
    writeFileSync(join(certificates, 'public.crt'), tls.certificate);
    writeFileSync(join(certificates, 'private.key'), tls.key);
  }
  const call = (method: string, path: string, body = '', service: 's3' | 'sts' = 's3') =>
    signedRequest({ endpoint, authority: tls?.authority, ...root }, method, path, body, service);
  const server = await runServer({
    name: 'minio',
    arguments: (directory) => [
      'server',
      '--quiet',
      '--certs-dir',
      certificates,
      '--address',
      `127.0.0.1:${port}`,
      directory,
    ],
    environment: {
      MINIO_ROOT_USER: root.accessKey,
      MINIO_ROOT_PASSWORD: root.secretKey,
      MINIO_BROWSER: 'off',
      MINIO_UPDATE: 'off',
    },
    ready: async () => (await call('GET', '/minio/health/cluster')).status === 200,
  });
  const { stop } = server;
  return Object.defineProperties(server, {
    endpoint: { value: endpoint },
    accessKey: { value: root.accessKey },
    secretKey: { value: root.secretKey },
    makeBucket: {
      value: async (name: string) => {
        const { status, text } = await call('PUT', `/${name}`);
        if (status !== 200) throw new Error(`cannot make the bucket ${name}: ${text}`);
      },
    },
    restricted: {
      value: async (policy: string): Promise<MinioCredentials> => {
        const form = new URLSearchParams({
          Action: 'AssumeRole',
          Version: '2011-06-15',
          DurationSeconds: '3600',
          Policy: policy,
        });
        const { text } = await call('POST', '/', form.toString(), 'sts');
        const field = (name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1];
        const [accessKey, secretKey, sessionToken] = ['AccessKeyId', 'SecretAccessKey', 'SessionToken'].map(field);
        if (!accessKey || !secretKey || !sessionToken) throw new Error(`no credentials: ${text}`);
        return { accessKey, secretKey, sessionToken };
      },
    },
    stop: {
      value: async () => {
        await stop();
        rmSync(certificates, { recursive: true, force: true });
      },
    },
  }) as MinioServer;
}

interface Signer {
  endpoint: string;
  authority: string | undefined;
  accessKey: string;
  secretKey: string;
}

/** One request with AWS Signature Version 4: a client for that alone would be a dependency of everybody's. */
async function signedRequest(
  { endpoint, authority, accessKey, secretKey }: Signer,
  method: string,
  path: string,
  body: string,
  service: 's3' | 'sts',
): Promise<{ status: number; text: string }> {
  const { host, protocol, hostname, port } = new URL(endpoint);
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const day = time.slice(0, 8);
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
  const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();
  const digest = sha256(body);
  const signed = 'host;x-amz-content-sha256;x-amz-date';
  const canonical = `${method}\n${path}\n\nhost:${host}\nx-amz-content-sha256:${digest}\nx-amz-date:${time}\n\n${signed}\n${digest}`;
  const scope = `${day}/us-east-1/${service}/aws4_request`;
  const key = ['us-east-1', service, 'aws4_request'].reduce<Buffer>(hmac, hmac(`AWS4${secretKey}`, day));
  const signature = hmac(key, `AWS4-HMAC-SHA256\n${time}\n${scope}\n${sha256(canonical)}`).toString('hex');
  const headers = {
    'x-amz-date': time,
    'x-amz-content-sha256': digest,
    'content-length': Buffer.byteLength(body),
    'content-type': 'application/x-www-form-urlencoded',
    authorization: `AWS4-HMAC-SHA256 Credential=${accessKey}/${scope}, SignedHeaders=${signed}, Signature=${signature}`,
  };
  const options = { hostname, port, method, path, headers, timeout: 5000 };
  const outgoing = protocol === 'https:' ? httpsRequest({ ...options, ca: authority }) : httpRequest(options);
  outgoing.on('timeout', () => outgoing.destroy(new Error('no answer')));
  outgoing.end(body);
  const [answer] = await once(outgoing, 'response');
  let text = '';
  for await (const piece of answer) text += piece;
  return { status: answer.statusCode, text };
}
