// The profiler: a gRPC front that queues jobs, and workers that do them.
import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bus } from '@flash-slim/bus';
import { type ProfilerConfig, serverSecurity } from '@flash-slim/config';
import { jobRetries, openJobBucket, openJobQueue, openModelTopic } from '@flash-slim/messages';
import { ProfilerServiceDefinition } from '@flash-slim/proto';
import { RpcServer } from '@flash-slim/rpc';
import type { ObjectStore } from '@flash-slim/store';
import type { Logger } from '@flash-slim/telemetry';
import { createFront } from './front.ts';
import { JobRecords } from './job-record.ts';
import { reconcile } from './reconcile.ts';
import { UploadUrls } from './upload-urls.ts';
import { type WorkerOptions, workOn } from './worker.ts';

export interface ProfilerOptions extends Pick<WorkerOptions, 'profile' | 'pull'> {
  config: ProfilerConfig;
  /** Of this service on this machine. */
  directory: string;
  bus: Bus;
  store: ObjectStore;
  log: Logger;
}

export interface RunningService {
  address: string;
  /** No new work; what is under way has so long to end, and is given back then. */
  stop(drainMs: number): Promise<void>;
}

const reconcilePeriodMs = 30_000;

export async function startProfiler(options: ProfilerOptions): Promise<RunningService> {
  const { config, bus, store, log } = options;
  await store.check();
  const [queue, bucket, models] = await Promise.all([openJobQueue(bus), openJobBucket(bus), openModelTopic(bus)]);
  const records = new JobRecords(bucket);
  const workDirectory = join(options.directory, 'work');
  await mkdir(workDirectory, { recursive: true });
  const stopping = new AbortController();
  const abort = new AbortController();
  const uploadUrls = new UploadUrls(store, log);

  const server = new RpcServer({ listen: config.listen ?? '127.0.0.1:7431', security: serverSecurity(config), log });
  const { maxModelBytes } = config;
  server.add(
    ProfilerServiceDefinition,
    createFront({ store, queue, records, uploadUrls, maxModelBytes, log, signal: stopping.signal }),
  );
  const address = await server.listen();

  const worker: WorkerOptions = {
    store,
    directories: config.sourceDirectories,
    maxModelBytes,
    pull: options.pull,
    profile: options.profile,
    workDirectory,
    records,
    models,
    workerId: randomUUID(),
    jobMinutes: config.jobMinutes,
    maxAttempts: jobRetries.maxAttempts,
    log,
  };
  const working = queue.consume((delivery) => workOn(delivery, worker), {
    signal: stopping.signal,
    abort: abort.signal,
    concurrency: config.workers,
  });
  const reconciling = keepReconciling(records, queue, log, stopping.signal);
  const readiness = server.readyWhile(() => bus.connected, stopping.signal);
  log.info({ address, store: store.name, bus: bus.name }, 'profiler is ready');

  return {
    address,
    stop: async (drainMs) => {
      server.setReady(false);
      stopping.abort();
      const timer = setTimeout(() => abort.abort(), drainMs);
      await Promise.all([working, reconciling, readiness, server.stop(drainMs), uploadUrls.close()]);
      clearTimeout(timer);
    },
  };
}

async function keepReconciling(
  records: JobRecords,
  queue: Parameters<typeof reconcile>[1],
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  for (let first = true; !signal.aborted; first = false) {
    await reconcile(records, queue, log, first).catch((error) =>
      log.warn({ err: error }, 'could not look for lost jobs'),
    );
    await sleep(reconcilePeriodMs, undefined, { signal }).catch(() => {});
  }
}
