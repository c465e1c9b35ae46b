// A runtime node: announces itself, follows its plans, serves tokens. It goes on serving what is loaded whoever else is away.
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Bus } from '@flash-slim/bus';
import { type RuntimeConfig, serverSecurity } from '@flash-slim/config';
import { residentSetBytes } from '@flash-slim/engine';
import { deviceClassName, openMeasurementTopic, openNodeBucket, openPlanTopic } from '@flash-slim/messages';
import { deviceFacts } from '@flash-slim/native';
import type { DeviceProfile } from '@flash-slim/plan';
import { NodeState, RuntimeServiceDefinition } from '@flash-slim/proto';
import { RpcServer } from '@flash-slim/rpc';
import type { StoreLocation } from '@flash-slim/store';
import type { Logger } from '@flash-slim/telemetry';
import { Changes } from './changes.ts';
import { createFront } from './front.ts';
import { EngineHost, servingGrowthBytes } from './host.ts';
import { Measurements } from './measurements.ts';
import { NodeReporter } from './node-state.ts';
import { Scheduler } from './scheduler.ts';

export interface RuntimeOptions {
  config: RuntimeConfig;
  /** Of this node: its name, weights, plans. */
  directory: string;
  device: DeviceProfile;
  bus: Bus;
  location: StoreLocation;
  version: string;
  log: Logger;
}

export interface RunningService {
  address: string;
  /** No new work; what is under way has so long to end. */
  stop(drainMs: number): Promise<void>;
}

/** What a ready engine takes on top of this process before it has one: measured with SmolLM2; told the planner until it is measured here. */
const engineBytes = 64e6;

export async function startRuntime(options: RuntimeOptions): Promise<RunningService> {
  const { config, directory, device, bus, location, log } = options;
  await mkdir(directory, { recursive: true });
  const id = config.nodeId ?? (await keptId(directory));
  const threads = Math.min(config.threads, availableParallelism());
  const target = {
    memoryBudgetBytes: config.memoryBudget ?? memoryLimit(),
    contextLength: config.contextLength,
    kvType: config.kvType,
  };
  const deviceClass = { name: deviceClassName(device, threads), deviceProfileJson: JSON.stringify(device) };
  const [nodes, plans, measurementTopic] = await Promise.all([
    openNodeBucket(bus),
    openPlanTopic(bus),
    openMeasurementTopic(bus),
  ]);

  const stopping = new AbortController();
  const abort = new AbortController();
  const { signal } = stopping;
  const scheduler = new Scheduler(config.queueLimit);
  const host = new EngineHost({ threads, kernel: config.kernel, reader: config.reader, log });
  const identity = { id, labels: labelsOf(config.labels), ...target, threads, deviceClass, version: options.version };
  const reporter = new NodeReporter(identity, host, scheduler);
  const changes = new Changes({
    facts: { deviceClass: deviceClass.name, target },
    model: config.model ?? '',
    location,
    directory,
    weightStoreBytes: config.weightStoreBytes,
    host,
    scheduler,
    reporter,
    log,
    signal,
  });
  const measurements = new Measurements(measurementTopic, id);
  const server = new RpcServer({ listen: config.listen ?? '127.0.0.1:7433', security: serverSecurity(config), log });
  server.add(
    RuntimeServiceDefinition,
    createFront({
      host,
      scheduler,
      changes,
      reporter,
      measurements,
      log,
      abort: abort.signal,
      onDrained: () => server.setReady(false),
    }),
  );
  const address = await server.listen();
  reporter.listensAt(config.advertise ?? address);
  reporter.baselineBytes = residentSetBytes() + engineBytes + servingGrowthBytes;
  reporter.set(NodeState.IDLE, 'no plan for this node yet');
  server.setReady(true);
  const running = [
    reporter.keepAnnouncing(nodes, log, signal),
    changes.follow(plans),
    // What is announced is enough, as a rule; without it the store tells.
    changes.look().catch((error) => signal.aborted || log.warn({ err: error }, 'cannot look for plans in the store')),
  ];
  log.info(
    { address, node: id, deviceClass: deviceClass.name, budget: target.memoryBudgetBytes },
    'runtime node is ready',
  );

  return {
    address,
    stop: async (drainMs) => {
      server.setReady(false);
      stopping.abort();
      const timer = setTimeout(() => abort.abort(), drainMs);
      await scheduler.drain();
      clearTimeout(timer);
      await Promise.all([...running, server.stop(Math.min(drainMs, 2000))]);
      await host.unload();
    },
  };
}

/** The name that this node gave itself at its first start. */
async function keptId(directory: string): Promise<string> {
  const path = join(directory, 'node-id');
  const there = await readFile(path, 'utf8').catch(() => '');
  if (/^node-[0-9a-f-]{36}$/.test(there.trim())) return there.trim();
  const id = `node-${randomUUID()}`;
  await writeFile(`${path}.partial`, `${id}\n`);
  await rename(`${path}.partial`, path);
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
