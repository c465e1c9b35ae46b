// First in, first out, one request at a time.
import { type Engine, generate } from '@flash-slim/engine';
import { RpcError, Status } from '@flash-slim/rpc';
import type { Loaded } from './host.ts';
import { sameWeights } from './known-plans.ts';
import type { Change, ScheduledEvent, ScheduledRequest, Scheduler, StepFigures } from './scheduler.ts';

interface WaitingChange {
  between: boolean;
  run(): Promise<void>;
}

export class FifoScheduler implements Scheduler {
  readonly limit: number;
  readonly #loaded: () => Loaded | null;
  readonly #waiting: (() => void)[] = [];
  #change: WaitingChange | null = null;
  /** Somebody has the turn: a request, or a change. */
  #busy = false;
  #closed = false;
  #completed = 0;
  readonly #idle: (() => void)[] = [];

  /** `loaded`: what is loaded at the moment. */
  constructor(limit: number, loaded: () => Loaded | null) {
    this.limit = limit;
    this.#loaded = loaded;
  }

  get queued(): number {
    return this.#waiting.length;
  }

  get completed(): number {
    return this.#completed;
  }

  get closed(): boolean {
    return this.#closed;
  }

  async *generate(request: ScheduledRequest): AsyncGenerator<ScheduledEvent, void> {
    if (this.#closed)
      throw new RpcError(Status.UNAVAILABLE, 'NODE_DRAINING', 'this node takes no new requests: ask another');
    await this.#turn(request.signal);
    try {
      yield* this.#serve(request);
    } finally {
      this.#completed++;
      this.#next();
    }
  }

  change<T>({ signal, between, work }: Change<T>): Promise<T> {
    if (this.#change !== null) throw new Error('one change at a time');
    return new Promise<T>((resolve, reject) => {
      signal.throwIfAborted();
      const leave = () => {
        this.#change = null;
        reject(signal.reason);
      };
      const run = async () => {
        this.#change = null;
        signal.removeEventListener('abort', leave);
        await work().then(resolve, reject);
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#change = { between, run };
      if (!this.#busy) this.#next();
    });
  }

  async drain(): Promise<void> {
    this.#closed = true;
    if (!this.#busy && this.#waiting.length === 0) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  async *#serve({ signal, begin }: ScheduledRequest): AsyncGenerator<ScheduledEvent, void> {
    const request = await begin();
    const { promptTokens, maxTokens, sampling, isEnd } = request;
    yield { kind: 'begin', request };
    let { loaded } = request;
    const tokens = Array.from(promptTokens);
    for (;;) {
      const begun = tokens.length - promptTokens.length;
      const context = loaded.engine.plan.metadata.context_length;
      // The prompt again, after a change: the same weights give the same tokens, and the sampler goes on with its draws.
      const steps = generate(loaded.engine, {
        promptTokens: tokens.slice(),
        maxDecodeSteps: maxTokens - begun,
        sampling: { ...sampling, drawn: begun },
        isEnd,
        signal,
      });
      let givesWay = false;
      try {
        for (let before = totalsOf(loaded.engine); !givesWay; before = totalsOf(loaded.engine)) {
          signal.throwIfAborted();
          const next = await steps.next();
          if (next.done) return;
          const token = next.value;
          tokens.push(token);
          const chunkMs = request.chunkTimes ? await loaded.engine.chunkComputeMs() : null;
          yield { kind: 'token', token, step: difference(totalsOf(loaded.engine), before), chunkMs };
          const more = !isEnd(token) && tokens.length < context && tokens.length - promptTokens.length < maxTokens;
          givesWay = more && this.#change?.between === true;
        }
      } finally {
        await steps.return();
      }
      await this.#change?.run();
      const now = this.#loaded();
      if (now === null || !sameWeights(now.plan, loaded.plan))
        throw new RpcError(Status.UNAVAILABLE, 'MODEL_GONE', 'the model could not be loaded again: ask again later');
      loaded = now;
      yield { kind: 'moved', loaded };
    }
  }

  /** Waits for its turn, in the order of arrival. */
  async #turn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (!this.#busy) {
      this.#busy = true;
      return;
    }
    if (this.#waiting.length >= this.limit)
      throw new RpcError(
        Status.RESOURCE_EXHAUSTED,
        'QUEUE_FULL',
        `${this.#waiting.length} requests wait already, and no more may (--queue-limit): try again later, or another node`,
      );
    await new Promise<void>((resolve, reject) => {
      const start = () => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(start), 1);
        reject(signal.reason);
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#waiting.push(start);
    });
  }

  /** Passes the turn on: to a change before any request. */
  #next(): void {
    if (this.#change !== null) {
      this.#busy = true;
      void this.#change.run().then(() => this.#next());
      return;
    }
    const start = this.#waiting.shift();
    this.#busy = start !== undefined;
    if (start !== undefined) start();
    else if (this.#closed) for (const resolve of this.#idle.splice(0)) resolve();
  }
}

function totalsOf({ totals: { PREFILL, DECODE } }: Engine): StepFigures {
  return {
    passes: PREFILL.passes + DECODE.passes,
    tokens: PREFILL.tokens + DECODE.tokens,
    wallMs: PREFILL.wallMs + DECODE.wallMs,
    stallMs: PREFILL.stallMs + DECODE.stallMs,
    ioBusyMs: PREFILL.ioBusyMs + DECODE.ioBusyMs,
    bytesRead: PREFILL.bytesRead + DECODE.bytesRead,
  };
}

function difference(now: StepFigures, before: StepFigures): StepFigures {
  const fields = Object.keys(now) as (keyof StepFigures)[];
  return Object.fromEntries(fields.map((field) => [field, now[field] - before[field]])) as unknown as StepFigures;
}
