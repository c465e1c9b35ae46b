import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { freePort, type RunningServer, runServer } from './process.ts';

export interface NatsServer extends RunningServer {
  url: string;
}

/** `configuration` is further lines of a nats-server.conf (accounts, TLS, limits), written to `configurationFile`. */
export async function startNats(
  options: { configurationFile?: string; configuration?: string } = {},
): Promise<NatsServer> {
  const port = await freePort();
  const { configurationFile, configuration } = options;
  if (configurationFile !== undefined) await writeFile(configurationFile, configuration ?? '');
  const server = await runServer({
    name: 'nats-server',
    arguments: (directory) => [
      ...['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', directory],
      ...(configurationFile === undefined ? [] : ['-c', configurationFile]),
    ],
    ready: () => greets(port),
  });
  return Object.defineProperties(server, { url: { value: `nats://127.0.0.1:${port}` } }) as NatsServer;
}

/** The server speaks first: "INFO {...}". */
function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(2000, () => end(false));
    socket.on('error', () => end(false));
    socket.on('data', (data) => end(data.toString().includes('"jetstream":true')));
  });
}
