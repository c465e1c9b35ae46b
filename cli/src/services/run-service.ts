// The life of a service process: settings, telemetry, bus and store, start, wait for a signal, drain, flush, end.
import { join } from 'node:path';
import { type Bus, openBus } from '@flash-slim/bus';
import { busLocation, type CommonConfig, storeLocation } from '@flash-slim/config';
import { type ObjectStore, openStore, type StoreLocation } from '@flash-slim/store';
import { createLogger, type Logger, startTelemetry } from '@flash-slim/telemetry';
import { makeDirectories } from '@flash-slim/weight-cache';
import type { Context } from '../context.ts';
import { storeDirectory } from '../store/store.ts';

export interface ServiceParts {
  directory: string;
  log: Logger;
  bus: Bus;
  location: StoreLocation;
  /** Opened when it is asked for: a runtime node has no use for it. */
  store(): Promise<ObjectStore>;
}

export interface Running {
  address: string;
  stop(drainMs: number): Promise<void>;
}

export async function runService(
  context: Context,
  name: string,
  config: CommonConfig,
  start: (parts: ServiceParts) => Promise<Record<string, Running>>,
): Promise<void> {
  const directory = config.directory ?? join(storeDirectory(), 'services');
  await makeDirectories(directory);
  const telemetry = await startTelemetry(`flash-slim-${name}`);
  const log = createLogger({ level: context.quiet ? 'silent' : config.logLevel });
  // A task in the background that failed is a service that only looks alive: whoever supervises it starts it again.
  process.once('unhandledRejection', (error) => {
    log.fatal({ err: error, service: name }, 'a task failed; the service ends');
    process.exit(1);
  });
  const location = storeLocation(config, directory);
  const bus = await openBus(busLocation(config, directory, `flash-slim-${name}`));
  let store: ObjectStore | null = null;
  let running: Record<string, Running> = {};
  try {
    const parts: ServiceParts = {
      directory,
      log,
      bus,
      location,
      store: async () => {
        store ??= await openStore(location);
        return store;
      },
    };
    running = await start(parts);
    const addresses = Object.fromEntries(Object.entries(running).map(([service, { address }]) => [service, address]));
    // One line that scripts can wait for.
    context.result(
      { ready: true, ...addresses },
      Object.entries(addresses)
        .map(([service, address]) => `${service} listens at ${address}`)
        .join('\n'),
    );
    await untilAborted(context.signal);
    log.info({ service: name, seconds: config.drainSeconds }, 'draining');
  } finally {
    await Promise.all(Object.values(running).map((service) => service.stop(config.drainSeconds * 1000)));
    await bus.close();
    await (store as ObjectStore | null)?.close();
    await telemetry.shutdown();
    log.info({ service: name }, 'stopped');
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  // The timer keeps the process alive whatever else does.
  const timer = setInterval(() => {}, 2 ** 30);
  return new Promise((resolve) =>
    signal.addEventListener(
      'abort',
      () => {
        clearInterval(timer);
        resolve();
      },
      { once: true },
    ),
  );
}
