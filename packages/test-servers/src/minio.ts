import { randomUUID } from 'node:crypto';
import { answers, freePort, type RunningServer, runServer } from './process.ts';

export interface MinioServer extends RunningServer {
  endpoint: string;
  accessKey: string;
  secretKey: string;
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
  }) as MinioServer;
}
