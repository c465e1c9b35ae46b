// The planner: durable consumers of what happens, around the pure planner of packages/plan.
import type { Bus, Delivery } from '@flash-slim/bus';
import { type PlannerConfig, serverSecurity } from '@flash-slim/config';
import {
  decodeMeasurement,
  decodeModelMessage,
  decodeNode,
  openMeasurementTopic,
  openModelTopic,
  openNodeBucket,
  openPlanTopic,
  readPlanVersion,
} from '@flash-slim/messages';
import { PlannerServiceDefinition } from '@flash-slim/proto';
import { RpcServer } from '@flash-slim/rpc';
import type { ObjectStore } from '@flash-slim/store';
import { inSpan, type Logger, SpanKind } from '@flash-slim/telemetry';
import { Fleet } from './fleet.ts';
import { createFront } from './front.ts';
import { Measured } from './measured.ts';
import { PlanMaker } from './plan-maker.ts';

export interface PlannerOptions {
  config: PlannerConfig;
  bus: Bus;
  store: ObjectStore;
  log: Logger;
}

export interface RunningService {
  address: string;
  /** No new work; what is under way has so long to end, and is given back then. */
  stop(drainMs: number): Promise<void>;
}

const durable = 'planner';

export async function startPlanner({ config, bus, store, log }: PlannerOptions): Promise<RunningService> {
  await store.check();
  const [models, plans, measurements, nodes] = await Promise.all([
    openModelTopic(bus),
    openPlanTopic(bus),
    openMeasurementTopic(bus),
    openNodeBucket(bus),
  ]);
  const maker = new PlanMaker({ store, bus, plans, log });
  const fleet = new Fleet({ store, nodes, maker, log });
  const measured = new Measured({ share: config.replanShare, pauseMs: config.replanMinutes * 60_000 });
  const stopping = new AbortController();
  const { signal } = stopping;

  const server = new RpcServer({ listen: config.listen ?? '127.0.0.1:7432', security: serverSecurity(config), log });
  server.add(PlannerServiceDefinition, createFront({ store, fleet, maker, measured }));
  const address = await server.listen();

  const onModel = (delivery: Delivery) =>
    inSpan('planner model', { kind: SpanKind.CONSUMER, parent: delivery.headers }, async () => {
      const { model_digest: model } = decodeModelMessage(delivery.body);
      log.info({ model }, 'a model was profiled');
      await fleet.reconcile('profiled');
    });

  const onMeasurement = async (delivery: Delivery) => {
    const report = decodeMeasurement(delivery.body);
    const plan = (await readPlanVersion(store, report.plan_id))?.plan;
    if (plan === undefined || !measured.take(report, plan)) return;
    const wish = (await fleet.wishes()).get(plan.id);
    const correction = measured.correctionOf(plan);
    if (wish === undefined || correction === null) return;
    await maker.ensure(wish, measured.describe(plan), ({ version }) => version === plan.version, correction);
  };

  const running = [
    models.consume(durable, onModel, { signal }),
    measurements.consume(durable, onMeasurement, { signal }),
    watchNodes(fleet, nodes.watch({ signal }), log),
    fleet.keepReconciling(signal),
    server.readyWhile(() => bus.connected, signal),
  ];
  log.info({ address, store: store.name, bus: bus.name }, 'planner is ready');

  return {
    address,
    stop: async (drainMs) => {
      server.setReady(false);
      stopping.abort();
      await Promise.all([...running, server.stop(drainMs)]);
    },
  };
}

/** A round whenever a node is new, or has another class, budget or baseline than before: heartbeats are not news. */
async function watchNodes(
  fleet: Fleet,
  changes: AsyncIterable<{ key: string; entry: { value: Uint8Array } | null }>,
  log: Logger,
): Promise<void> {
  const known = new Map<string, string>();
  for await (const { key, entry } of changes) {
    if (entry === null) {
      known.delete(key);
      continue;
    }
    const facts = factsOf(entry.value);
    if (known.get(key) === facts) continue;
    known.set(key, facts);
    log.info({ node: key }, 'a node announced itself');
    await fleet.reconcile('node announced').catch((error) => log.warn({ err: error }, 'could not plan for a node'));
  }
}

/** What plans depend on, as one word; an announcement that is not understood has none. */
function factsOf(value: Uint8Array): string {
  try {
    const { memoryBudgetBytes, baselineBytes, contextLength, kvType, deviceClass } = decodeNode(value);
    return JSON.stringify([memoryBudgetBytes, baselineBytes, contextLength, kvType, deviceClass?.name]);
  } catch {
    return 'not understood';
  }
}
