// A runtime node: announces itself, follows its plans, serves tokens. It goes on serving what is loaded whoever else is away.
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bus, Topic } from '@flash-slim/bus';
import { type RuntimeConfig, serverSecurity } from '@flash-slim/config';
import { deviceClassName, openMeasurementTopic, openNodeBucket, openPlanTopic } from '@flash-slim/messages';
import { deviceFacts } from '@flash-slim/native';
import type { DeviceProfile } from '@flash-slim/plan';
import { RuntimeServiceDefinition } from '@flash-slim/proto';
import { RpcServer } from '@flash-slim/rpc';
import type { StoreLocation } from '@flash-slim/store';
import type { Logger } from '@flash-slim/telemetry';
import { FifoScheduler } from './fifo-scheduler.ts';
import { createFront } from './front.ts';
import { EngineHost, servingGrowthBytes } from './host.ts';
import { KnownPlans } from './known-plans.ts';
import { LocalStore, writeWhole } from './local-store.ts';
import { Measurements } from './measurements.ts';
import { readyMemoryBytes, releaseMemory } from './memory.ts';
import { NodeMetrics } from './metrics.ts';
import { NodeReporter } from './node-state.ts';
import type { RetryDelays } from './retries.ts';
import { Supply } from './supply.ts';
import { Switcher } from './switcher.ts';

export interface RuntimeOptions {
  config: RuntimeConfig;
  /** Of this node: its name, weights, plans. */
  directory: string;
  device: DeviceProfile;
  bus: Bus;
  location: StoreLocation;
  version: string;
  log: Logger;
  /** Other times and sizes than usual, for tests. */
  retryDelays?: RetryDelays;
  lookEveryMs?: number;
  pullBytes?: number;
}

export interface RunningService {
  address: string;
  /** No new work; what is under way has so long to end. Called again, with less, it ends earlier. */
  stop(drainMs: number): Promise<void>;
}

/** What a ready engine takes on top of this process before it has one: told the planner until it is measured here. */
const engineBytes = 40e6;

export async function startRuntime(options: RuntimeOptions): Promise<RunningService> {
  const { config, directory, device, bus, location, log } = options;
  const local = new LocalStore(directory);
  await local.prepare();
  const id = config.nodeId ?? (await keptId(directory));
  const threads = Math.min(config.threads, availableParallelism());
  const target = {
    memoryBudgetBytes: config.memoryBudget ?? memoryLimit(),
    contextLength: config.contextLength,
    kvType: config.kvType,
  };
  const deviceClass = { name: deviceClassName(device, threads), deviceProfileJson: JSON.stringify(device) };
  const facts = { deviceClass: deviceClass.name, target };

  const stopping = new AbortController();
  const abort = new AbortController();
  const { signal } = stopping;
  const expectedBaselineBytes = readyMemoryBytes() + engineBytes + servingGrowthBytes;
  const { kernel, reader } = config;
  const host = new EngineHost({ expectedBaselineBytes, threads, kernel, reader, log });
  const scheduler = new FifoScheduler(config.queueLimit, () => host.loaded);
  const identity = { id, labels: labelsOf(config.labels), ...target, threads, deviceClass, version: options.version };
  const reporter = new NodeReporter(identity, host, scheduler);
  const known = new KnownPlans(facts);
  const { weightStoreBytes } = config;
  const budgetBytes = target.memoryBudgetBytes;
  const switcher = new Switcher({
    known,
    model: config.model ?? '',
    local,
    supply: new Supply({ location, local, budgetBytes, weightStoreBytes, facts, signal, pullBytes: options.pullBytes }),
    host,
    scheduler,
    reporter,
    log,
    signal,
    ...(options.retryDelays && { retryDelays: options.retryDelays }),
    ...(options.lookEveryMs !== undefined && { lookEveryMs: options.lookEveryMs }),
  });
  let measurementTopic: Topic | null = null;
  const server = new RpcServer({ listen: config.listen ?? '127.0.0.1:7433', security: serverSecurity(config), log });
  server.add(
    RuntimeServiceDefinition,
    createFront({
      host,
      scheduler,
      switcher,
      reporter,
      measurements: new Measurements(() => measurementTopic, id),
      metrics: new NodeMetrics(scheduler),
      log,
      abort: abort.signal,
      onDraining: () => server.setReady(false),
    }),
  );
  const address = await server.listen();
  reporter.listensAt(config.advertise ?? address);
  reporter.tell('no plan for this node yet');
  releaseMemory();
  server.setReady(true);

  const running = [
    whenThere(
      () => openNodeBucket(bus),
      log,
      signal,
      (nodes) => reporter.keepAnnouncing(nodes, log, signal),
    ),
    whenThere(
      () => openPlanTopic(bus),
      log,
      signal,
      (plans) => switcher.follow(plans),
    ),
    whenThere(
      () => openMeasurementTopic(bus),
      log,
      signal,
      async (topic) => {
        measurementTopic = topic;
      },
    ),
    switcher.run(),
  ];
  log.info({ address, node: id, deviceClass: deviceClass.name, budget: budgetBytes }, 'runtime node is ready');

  let stopped: Promise<void> | null = null;
  const end = async () => {
    server.setReady(false);
    stopping.abort();
    await scheduler.drain();
    await Promise.all([...running, server.stop(2_000)]);
    await host.unload();
  };
  return {
    address,
    stop: async (drainMs) => {
      const timer = setTimeout(() => abort.abort(), drainMs);
      stopped ??= end();
      await stopped.finally(() => clearTimeout(timer));
    },
  };
}

/** Goes on once the bus is there; a node that serves what it has does not need it for that. */
async function whenThere<T>(
  open: () => Promise<T>,
  log: Logger,
  signal: AbortSignal,
  use: (opened: T) => Promise<void>,
): Promise<void> {
  for (let failures = 0; !signal.aborted; failures++) {
    try {
      await use(await open());
      return;
    } catch (error) {
      if (signal.aborted) return;
      if (failures === 0) log.warn({ err: error }, 'the bus cannot be used; it is tried again');
      await sleep(Math.min(500 * 2 ** failures, 10_000), undefined, { signal }).catch(() => {});
    }
  }
}

/** The name that this node gave itself at its first start. */
async function keptId(directory: string): Promise<string> {
  const path = join(directory, 'node-id');
  const there = await readFile(path, 'utf8').catch(() => '');
  if (/^node-[0-9a-f-]{36}$/.test(there.trim())) return there.trim();
  const id = `node-${randomUUID()}`;
  await writeWhole(path, `${id}\n`);
  return id;
}

function memoryLimit(): number {
  const { memoryLimitBytes, memoryTotalBytes } = deviceFacts();
  return memoryLimitBytes ?? Math.floor(memoryTotalBytes * 0.8);
}

function labelsOf(labels: string[]): Record<string, string> {
  return Object.fromEntries(
    labels.map((label) => label.split(/=(.*)/s, 2)).map(([name = '', value = '']) => [name, value]),
  );
}
