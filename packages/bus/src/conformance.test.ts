import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from 'node:test';
import { serverPath, startNats } from '@flash-slim/test-servers';
import { busConformance } from './conformance/index.ts';
import { openBus } from './open.ts';

describe('in one process', () => {
  busConformance(async () => {
    const directory = await mkdtemp(join(tmpdir(), 'flash-slim-bus-'));
    const file = join(directory, 'bus.sqlite');
    let bus = await openBus({ file });
    return {
      bus,
      other: bus,
      crash: async () => {
        await bus.close();
        bus = await openBus({ file });
        return { bus, other: bus };
      },
      stop: async () => {
        await bus.close();
        await rm(directory, { recursive: true });
      },
    };
  });
});

const missing = (await serverPath('nats-server')) === null;

describe('NATS', { skip: missing ? 'no nats-server here: node scripts/servers.mjs nats-server' : false }, () => {
  busConformance(async () => {
    const server = await startNats();
    const [bus, other] = await Promise.all(
      [1, 2].map(() => openBus({ nats: { servers: server.url, namespace: 'conformance' } })),
    );
    if (bus === undefined || other === undefined) throw new Error('two connections were made');
    return {
      bus,
      other,
      crash: async () => {
        await server.kill();
        await server.start();
        return { bus, other };
      },
      stop: async () => {
        await Promise.all([bus.close(), other.close()]);
        await server.stop();
      },
    };
  });
});
