// What the node says of itself, to whoever asks and in its announcements.

import { setTimeout as sleep } from 'node:timers/promises';
import type { BusError, KeyValue } from '@flash-slim/bus';
import { encodeNode, heartbeatMs } from '@flash-slim/messages';
import { type Node, NodeState } from '@flash-slim/proto';
import type { Logger } from '@flash-slim/telemetry';
import type { EngineHost } from './host.ts';
import type { Scheduler } from './scheduler.ts';

export interface NodeIdentity
  extends Pick<
    Node,
    'id' | 'labels' | 'memoryBudgetBytes' | 'contextLength' | 'kvType' | 'threads' | 'deviceClass' | 'version'
  > {}

export class NodeReporter {
  readonly #identity: NodeIdentity;
  readonly #host: EngineHost;
  readonly #scheduler: Scheduler;
  readonly #startTime = new Date();
  #state: NodeState = NodeState.STARTING;
  #message = '';
  #address = '';
  /** Wakes the heartbeat: a change is told at once. */
  #wake: (() => void) | null = null;
  baselineBytes = 0;

  constructor(identity: NodeIdentity, host: EngineHost, scheduler: Scheduler) {
    this.#identity = identity;
    this.#host = host;
    this.#scheduler = scheduler;
  }

  set(state: NodeState, message = ''): void {
    this.#state = this.#scheduler.closed ? NodeState.DRAINING : state;
    this.#message = message;
    this.announceNow();
  }

  listensAt(address: string): void {
    this.#address = address;
  }

  announceNow(): void {
    this.#wake?.();
  }

  get state(): NodeState {
    return this.#scheduler.closed ? NodeState.DRAINING : this.#state;
  }

  describe(): Node {
    return {
      ...this.#identity,
      state: this.state,
      message: this.#message,
      baselineBytes: this.baselineBytes,
      loaded: this.#host.describe(),
      address: this.#address,
      queued: this.#scheduler.queued,
      queueLimit: this.#scheduler.limit,
      startTime: this.#startTime,
      heartbeatTime: new Date(),
    };
  }

  /** Heartbeats until the signal; the entry is taken out then, so that nobody waits for a node that is gone. */
  async keepAnnouncing(nodes: KeyValue, log: Logger, signal: AbortSignal): Promise<void> {
    let lost = false;
    while (!signal.aborted) {
      try {
        await nodes.put(this.#identity.id, encodeNode(this.describe()));
        if (lost) log.info('announced again');
        lost = false;
      } catch (error) {
        // It goes on serving: only nobody hears of it.
        if (!lost) log.warn({ err: error as BusError }, 'cannot announce this node; it goes on serving');
        lost = true;
      }
      const waking = new AbortController();
      this.#wake = () => waking.abort();
      await sleep(heartbeatMs, undefined, { signal: AbortSignal.any([signal, waking.signal]) }).catch(() => {});
    }
    await nodes.delete(this.#identity.id).catch(() => {});
  }
}
