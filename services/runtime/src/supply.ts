// Brings what plans need from the object store to this node's disk. The store's client runs in a child, which takes room: it
// is started beside loaded weights only where the budget has that room.
import { connect } from 'node:net';
import { residentSetBytes } from '@flash-slim/engine';
import { Plan } from '@flash-slim/proto';
import { StoreError, type StoreLocation } from '@flash-slim/store';
import { inSpan } from '@flash-slim/telemetry';
import { childBytes, pullInChild } from './child.ts';
import { servingGrowthBytes } from './host.ts';
import type { KnownPlan, NodeFacts } from './known-plans.ts';
import type { LocalStore } from './local-store.ts';

export interface SupplyOptions {
  location: StoreLocation;
  local: LocalStore;
  budgetBytes: number;
  weightStoreBytes: number;
  facts: NodeFacts;
  signal: AbortSignal;
  /** What a pull takes beside this process; for tests. */
  pullBytes?: number | undefined;
}

export class Supply {
  readonly #options: SupplyOptions;

  constructor(options: SupplyOptions) {
    this.#options = options;
  }

  /** Whether the child fits beside this process as it is. */
  hasRoom(): boolean {
    const { location, budgetBytes, pullBytes = childBytes(location) } = this.#options;
    return residentSetBytes() + servingGrowthBytes + pullBytes <= budgetBytes;
  }

  /** This node's plans in the store. */
  async look(signal: AbortSignal): Promise<KnownPlan[]> {
    const { facts, location } = this.#options;
    const result = await pullInChild({ location, request: { kind: 'look', ...facts } }, { signal });
    return result.plans.map(({ plan, trace }) => ({ plan: Plan.fromJSON(plan), planJson: null, trace }));
  }

  /** Cheaper than to find out with nothing loaded. Throws STORE_UNAVAILABLE. */
  async checkReachable(): Promise<void> {
    const { location, signal } = this.#options;
    if ('directory' in location) return;
    const url = new URL(location.s3.endpoint);
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const socket = connect({
      host,
      port: Number(url.port) || (url.protocol === 'https:' ? 443 : 80),
      signal,
    });
    try {
      await new Promise<void>((resolve, reject) => {
        socket.setTimeout(3_000, () => reject(new Error('no answer within 3 s')));
        socket.on('connect', resolve).on('error', reject);
      });
    } catch (cause) {
      signal.throwIfAborted();
      const why = (cause as Error).message;
      throw new StoreError('STORE_UNAVAILABLE', `${url.origin} cannot be reached: ${why}`, { cause });
    } finally {
      socket.destroy();
    }
  }

  /** What the plan needs, brought here. `keep`: weights that must stay. */
  async bring({ plan }: KnownPlan, keep: string[], onProgress: (done: number, total: number) => void): Promise<void> {
    const { location, local, weightStoreBytes: mostBytes, signal } = this.#options;
    const attributes = { 'flash_slim.plan.id': plan.id, 'flash_slim.weight_cache_digest': plan.weightCacheDigest };
    await inSpan('pull', { attributes }, async (span) => {
      const { directory } = local;
      const request = { kind: 'bring' as const, plan: Plan.toJSON(plan), directory, mostBytes, keep };
      await pullInChild(
        { location, request },
        {
          signal,
          onProgress: (done, total) => {
            span.setAttribute('flash_slim.bytes', total);
            onProgress(done, total);
          },
        },
      );
    });
  }
}
