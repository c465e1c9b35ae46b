// What the planner knows of the world, and the one loop that brings plans in line with it: for every wish without a plan that
// still holds, one is made. Every bell only asks for another round, so a bell that was missed costs time and nothing else.
import { setTimeout as sleep } from 'node:timers/promises';
import type { KeyValue } from '@flash-slim/bus';
import {
  type DeviceClassManifest,
  decodeNode,
  ensureDeviceClass,
  listDeviceClasses,
  listModelManifests,
  type ModelManifest,
} from '@flash-slim/messages';
import { PlanError } from '@flash-slim/plan';
import type { Node, Plan } from '@flash-slim/proto';
import type { ObjectStore } from '@flash-slim/store';
import type { Logger } from '@flash-slim/telemetry';
import type { PlanMaker, Wish } from './plan-maker.ts';
import { wishesFor } from './wishes.ts';

const periodMs = 30_000;
const retryMs = 3_000;

/** What is wrong with one model or plan, and no reason to leave the others without. */
const ownAffairs = new Set([
  'CMT_INVALID',
  'DIGEST_MISMATCH',
  'OBJECT_NOT_FOUND',
  'OBJECT_TOO_LARGE',
  'MANIFEST_INVALID',
]);

export interface FleetOptions {
  store: ObjectStore;
  nodes: KeyValue;
  maker: PlanMaker;
  log: Logger;
}

export class Fleet {
  readonly #options: FleetOptions;
  #round: Promise<void> | null = null;
  #again = false;
  /** Why wishes could not be granted, so that each reason is logged once. */
  readonly #refused = new Map<string, string>();

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  async nodes(): Promise<Node[]> {
    const entries = await this.#options.nodes.entries();
    return entries.flatMap(({ key, value }) => {
      try {
        return [decodeNode(value)];
      } catch (error) {
        this.#options.log.warn({ err: error, node: key }, 'an announcement was not understood');
        return [];
      }
    });
  }

  models(): Promise<ModelManifest[]> {
    return listModelManifests(this.#options.store, (error) =>
      this.#options.log.warn({ err: error }, 'a manifest was passed over'),
    );
  }

  /** Classes of nodes that ever were there. */
  async classes(nodes: Node[]): Promise<DeviceClassManifest[]> {
    const { store, log } = this.#options;
    for (const { id, deviceClass, threads } of nodes) {
      if (deviceClass === undefined) continue;
      try {
        const profile = JSON.parse(deviceClass.deviceProfileJson);
        await ensureDeviceClass(store, {
          format: 'flash-slim device class',
          version: 1,
          name: deviceClass.name,
          profile,
          threads,
        });
      } catch (error) {
        log.warn({ err: error, node: id }, 'a device class was not understood');
      }
    }
    return listDeviceClasses(store, (error) => log.warn({ err: error }, 'a device class was passed over'));
  }

  async wishes(): Promise<Map<string, Wish>> {
    const nodes = await this.nodes();
    return wishesFor(await this.models(), await this.classes(nodes), nodes);
  }

  /** Makes what is missing. Resolves after a round that began after the call; rejects when that one failed. */
  async reconcile(reason: string): Promise<void> {
    if (this.#round !== null) {
      this.#again = true;
      await this.#round.catch(() => {});
      if (this.#round !== null || !this.#again) return this.#round ?? undefined;
    }
    this.#again = false;
    this.#round = this.#grantAll(reason).finally(() => {
      this.#round = null;
    });
    await this.#round;
  }

  /** Rounds now and then, until the signal: for what no bell told of. Sooner after one that failed. */
  async keepReconciling(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      let pauseMs = periodMs;
      try {
        await this.reconcile('looked for');
      } catch (error) {
        this.#options.log.warn({ err: error }, 'could not look for missing plans');
        pauseMs = retryMs;
      }
      await sleep(pauseMs, undefined, { signal }).catch(() => {});
    }
  }

  async #grantAll(reason: string): Promise<void> {
    for (const [id, wish] of await this.wishes()) {
      try {
        const { maker } = this.#options;
        const { plan, isNew } = await maker.ensure(wish, reason, (newest) => isOutdated(newest, wish));
        if (!isNew) await maker.announceIfMissing(plan);
        this.#refused.delete(id);
      } catch (error) {
        const { code, message } = error as { code?: string; message: string };
        if (!(error instanceof PlanError) && !ownAffairs.has(code ?? '')) throw error;
        if (this.#refused.get(id) !== message)
          this.#options.log.warn({ err: error, plan: id, model: wish.model.model_digest }, 'no plan');
        this.#refused.set(id, message);
      }
    }
  }
}

/** Memory that a plan may leave unused before it is worth another plan. */
const wasteBytes = 12e6;

/**
 * A plan of another weight cache; one that gives away memory that a node's process holds already, or leaves much unused. Where
 * no node is there, what it would hold is a guess, and no reason for another plan.
 */
export function isOutdated(plan: Plan, { model, baselineBytes, baselineIsKnown }: Wish): boolean {
  if (plan.weightCacheDigest !== model.weight_cache_digest) return true;
  const planned = plan.summary?.baselineBytes ?? 0;
  return baselineIsKnown && (planned < baselineBytes || planned > baselineBytes + wasteBytes);
}
