// Real servers and the three services around them, for one test file.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeRandomGguf } from '@flash-slim/model/testing';
import { type ObjectStore, openStore } from '@flash-slim/store';
import {
  type Answer,
  ask,
  type MinioServer,
  type NatsServer,
  type ServiceProcess,
  startMinio,
  startNats,
  startService,
  temporaryDirectory,
} from '@flash-slim/test-servers';

export interface World {
  nats: NatsServer;
  minio: MinioServer;
  /** For the services and the command. */
  environment: Record<string, string>;
  store: ObjectStore;
  directory: string;
  start(
    name: 'profiler' | 'planner' | 'runtime',
    options?: { directory?: string; arguments?: string[] },
  ): Promise<ServiceProcess>;
  /** A command against the services started last. */
  flashSlim(...args: string[]): Promise<Answer>;
  /** What the services said. */
  logs(): string;
  stop(): Promise<void>;
}

export async function startWorld(extra: Record<string, string> = {}): Promise<World> {
  const [nats, minio, home] = await Promise.all([startNats(), startMinio(), temporaryDirectory('world')]);
  await minio.makeBucket('flashslim');
  const environment: Record<string, string> = {
    FLASH_SLIM_HOME: join(home.path, 'home'),
    FLASH_SLIM_NATS: nats.url,
    FLASH_SLIM_S3: minio.endpoint,
    FLASH_SLIM_S3_ACCESS_KEY: minio.accessKey,
    FLASH_SLIM_S3_SECRET_KEY: minio.secretKey,
    ...extra,
  };
  const { endpoint, accessKey, secretKey } = minio;
  const store = await openStore({ s3: { endpoint, bucket: 'flashslim', accessKey, secretKey } });
  const services: ServiceProcess[] = [];
  return {
    nats,
    minio,
    environment,
    store,
    directory: home.path,
    start: async (name, options = {}) => {
      const own = { ...environment, FLASH_SLIM_DIRECTORY: options.directory ?? join(home.path, name) };
      const service = await startService({ name, environment: own, arguments: options.arguments ?? [] });
      services.push(service);
      environment[`FLASH_SLIM_${name.toUpperCase()}_ADDRESS`] = service.address;
      return service;
    },
    flashSlim: (...args) => ask(args, environment),
    logs: () => services.map((service) => service.log()).join(''),
    stop: async () => {
      await Promise.all(services.map((service) => service.stop()));
      await store.close();
      await Promise.all([nats.stop(), minio.stop()]);
      await home.remove();
    },
  };
}

/** A model of some hundred kilobytes whose greedy continuation is decisive; another one for each seed. */
export function tinyModel(directory: string, seed = randomBytes(4).readUInt32LE()): string {
  const path = join(directory, `tiny-${seed}.gguf`);
  writeRandomGguf(path, { seed, peaky: true, tiedHead: false });
  return path;
}

/** Until `look` answers something, at most so long. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | null | undefined | false>,
  seconds = 60,
): Promise<T> {
  let last: unknown;
  for (const deadline = Date.now() + seconds * 1000; Date.now() < deadline; await sleep(200)) {
    try {
      const found = await look();
      if (found) return found;
    } catch (error) {
      last = error;
    }
  }
  throw new Error(`waited in vain for ${what}`, { cause: last });
}
