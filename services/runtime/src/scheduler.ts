// Who runs next. First in, first out, one at a time, bounded: the seam where continuous batching will go, so nobody else
// knows about any of that.
import { RpcError, Status } from '@flash-slim/rpc';

interface Waiting {
  start(): void;
}

export class Scheduler {
  readonly limit: number;
  readonly #waiting: Waiting[] = [];
  #busy = false;
  #closed = false;
  #completed = 0;
  readonly #idle: (() => void)[] = [];

  constructor(limit: number) {
    this.limit = limit;
  }

  get queued(): number {
    return this.#waiting.length;
  }

  /** Requests that ended so far. */
  get completed(): number {
    return this.#completed;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Runs `work` in its turn. Throws RESOURCE_EXHAUSTED where the queue is full, UNAVAILABLE once it drains. */
  async *run<T>(signal: AbortSignal, work: () => AsyncGenerator<T, void>): AsyncGenerator<T, void> {
    if (this.#closed)
      throw new RpcError(Status.UNAVAILABLE, 'NODE_DRAINING', 'this node takes no new requests: ask another');
    await this.#turn(signal);
    try {
      yield* work();
    } finally {
      this.#completed++;
      this.#next();
    }
  }

  /** A piece of work of the node's own, between requests. */
  async exclusive<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    await this.#turn(signal, true);
    try {
      return await work();
    } finally {
      this.#next();
    }
  }

  /** No new requests; resolves when those that are here have ended. */
  async drain(): Promise<void> {
    this.#closed = true;
    if (!this.#busy && this.#waiting.length === 0) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  async #turn(signal: AbortSignal, first = false): Promise<void> {
    signal.throwIfAborted();
    if (!this.#busy) {
      this.#busy = true;
      return;
    }
    if (!first && this.#waiting.length >= this.limit)
      throw new RpcError(
        Status.RESOURCE_EXHAUSTED,
        'QUEUE_FULL',
        `${this.#waiting.length} requests wait already, and no more may (--queue-limit): try again later, or another node`,
      );
    await new Promise<void>((resolve, reject) => {
      const waiting = {
        start: () => {
          signal.removeEventListener('abort', leave);
          resolve();
        },
      };
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        reject(signal.reason);
        if (!this.#busy) this.#next();
      };
      signal.addEventListener('abort', leave, { once: true });
      if (first) this.#waiting.unshift(waiting);
      else this.#waiting.push(waiting);
    });
  }

  #next(): void {
    const next = this.#waiting.shift();
    this.#busy = next !== undefined;
    if (next !== undefined) next.start();
    else if (this.#closed) for (const resolve of this.#idle.splice(0)) resolve();
  }
}
