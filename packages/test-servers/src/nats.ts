import { connect } from 'node:net';
import { freePort, type RunningServer, runServer } from './process.ts';

export interface NatsServer extends RunningServer {
  url: string;
}

export interface NatsServerOptions {
  /** A nats-server.conf, for permissions and TLS. */
  configurationFile?: string;
  /** What the configuration takes from the environment. */
  environment?: Record<string, string>;
}

export async function startNats(options: NatsServerOptions = {}): Promise<NatsServer> {
  const port = await freePort();
  const { configurationFile, environment = {} } = options;
  const server = await runServer({
    name: 'nats-server',
    arguments: (directory) => [
      ...['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', directory],
      ...(configurationFile === undefined ? [] : ['-c', configurationFile]),
    ],
    environment,
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
