// What the node says of itself, to whoever asks and in its announcements.
import { setTimeout as sleep } from 'node:timers/promises';
import type { KeyValue } from '@flash-slim/bus';
import { encodeNode, heartbeatMs } from '@flash-slim/messages';
import { type Node, NodeState } from '@flash-slim/proto';
import type { Logger } from '@flash-slim/telemetry';
import type { EngineHost } from './host.ts';
import type { Scheduler } from './scheduler.ts';

export type NodeIdentity = Pick<
  Node,
  'id' | 'labels' | 'memoryBudgetBytes' | 'contextLength' | 'kvType' | 'threads' | 'deviceClass' | 'version'
>;

/** A farewell that nobody hears is not waited for. */
const farewellMs = 1_000;

export class NodeReporter {
  readonly #identity: NodeIdentity;
  readonly #host: EngineHost;
  readonly #scheduler: Scheduler;
  readonly #startTime = new Date();
  #loading = false;
  #message = '';
  #address = '';
  /** Wakes the heartbeat: a change is told at once. */
  #news = new AbortController();

  constructor(identity: NodeIdentity, host: EngineHost, scheduler: Scheduler) {
    this.#identity = identity;
    this.#host = host;
    this.#scheduler = scheduler;
  }

  /** What is being done, or why something could not be done, for people. */
  tell(message: string, loading = false): void {
    this.#loading = loading;
    this.#message = message;
    this.announceNow();
  }

  /** Told with the next heartbeat. */
  progress(message: string): void {
    this.#message = message;
  }

  listensAt(address: string): void {
    this.#address = address;
  }

  announceNow(): void {
    this.#news.abort();
  }

  get state(): NodeState {
    if (this.#address === '') return NodeState.STARTING;
    if (this.#scheduler.closed) return NodeState.DRAINING;
    if (this.#host.loaded !== null) return NodeState.READY;
    return this.#loading ? NodeState.LOADING : NodeState.IDLE;
  }

  describe(): Node {
    return {
      ...this.#identity,
      state: this.state,
      message: this.#message,
      baselineBytes: this.#host.baselineBytes,
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
      this.#news = new AbortController();
      const woken = AbortSignal.any([signal, this.#news.signal]);
      try {
        await nodes.put(this.#identity.id, encodeNode(this.describe()));
        if (lost) log.info('announced again');
        lost = false;
      } catch (error) {
        // It goes on serving: only nobody hears of it.
        if (!lost) log.warn({ err: error }, 'cannot announce this node; it goes on serving');
        lost = true;
      }
      await sleep(heartbeatMs, undefined, { signal: woken }).catch(() => {});
    }
    await Promise.race([nodes.delete(this.#identity.id).catch(() => {}), sleep(farewellMs, undefined, { ref: false })]);
  }
}
