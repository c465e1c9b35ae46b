// From what the node should serve to what it serves: pulls what is missing, loads it between passes. Whatever goes wrong
// leaves what is loaded where it is, or puts it back, and is tried again.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Topic } from '@flash-slim/bus';
import { decodePlanMessage } from '@flash-slim/messages';
import { notFound } from '@flash-slim/rpc';
import { StoreError } from '@flash-slim/store';
import { failSpan, type Logger, openSpan, runWithin, type Context as TraceContext } from '@flash-slim/telemetry';
import { type EngineHost, type Loaded, planAttributes } from './host.ts';
import { isOf, type KnownPlan, type KnownPlans, sameWeights } from './known-plans.ts';
import type { LocalFiles, LocalStore } from './local-store.ts';
import { Mutex } from './mutex.ts';
import type { NodeReporter } from './node-state.ts';
import { Retries, type RetryDelays } from './retries.ts';
import type { Scheduler } from './scheduler.ts';
import type { Supply } from './supply.ts';

export interface SwitcherOptions {
  known: KnownPlans;
  /** The model to serve; '': the one planned, or asked for, last. */
  model: string;
  local: LocalStore;
  supply: Supply;
  host: EngineHost;
  scheduler: Scheduler;
  reporter: NodeReporter;
  log: Logger;
  signal: AbortSignal;
  retryDelays?: RetryDelays;
  /** How often the store is asked for plans whose announcement never came. */
  lookEveryMs?: number;
}

/** A node that can serve something already does not wait longer for a store that does not answer. */
const firstLookMs = 8_000;
/** A node that has nothing to serve looks more often. */
const idleLookMs = 20_000;
/** Weights on this node's disk that are not what they were when they were pulled, and checked. */
const damagedHere = new Set([
  'CHUNK_CORRUPT',
  'CHUNK_TRUNCATED',
  'CACHE_CORRUPT',
  'CACHE_TRUNCATED',
  'CACHE_INCOMPLETE',
]);

const codeOf = (error: unknown): string => (error as { code?: string }).code ?? '';

export class Switcher {
  readonly #options: SwitcherOptions;
  readonly #retries: Retries;
  /** Pulls and loads, which have memory for one of them. Whoever has a turn of the scheduler may wait for it, never the reverse. */
  readonly #memory = new Mutex();
  #news = new AbortController();
  #lookAt = 0;
  /** What is loaded, and found to be damaged on this disk. */
  #damaged: Loaded | null = null;

  constructor(options: SwitcherOptions) {
    this.#options = options;
    this.#retries = new Retries(options.retryDelays);
  }

  /** Something may have changed. */
  ring(): void {
    this.#news.abort();
  }

  /** Follows announcements until the signal. */
  async follow(plans: Topic): Promise<void> {
    const { known, signal, log } = this.#options;
    for await (const message of plans.follow({ signal, from: 'latest' })) {
      try {
        const { plan, planJson } = decodePlanMessage(message.body);
        if (known.add({ plan, planJson, trace: message.headers })) this.ring();
      } catch (error) {
        log.warn({ err: error, message: message.id }, 'a plan was not understood');
      }
    }
  }

  /** Looks, pulls and loads until the signal. */
  async run(): Promise<void> {
    const { signal, known, local } = this.#options;
    const remembered = await local.remembered();
    if (remembered !== null) known.add(remembered);
    const first = remembered !== null ? AbortSignal.timeout(firstLookMs) : signal;
    await this.#look(AbortSignal.any([signal, first]));
    while (!signal.aborted) {
      this.#news = new AbortController();
      const woken = AbortSignal.any([signal, this.#news.signal]);
      if (this.#damaged !== null) await this.#dropDamaged();
      const due = this.#due();
      let wait = Math.max(0, this.#lookAt - Date.now());
      if (due !== null) {
        const patience = this.#retries.wait(due.plan, Date.now());
        if (patience === 0) {
          await this.#switch(due);
          continue;
        }
        wait = Math.min(wait, patience);
      }
      if (this.#lookAt <= Date.now()) await this.#look(signal);
      else await sleep(wait, undefined, { signal: woken }).catch(() => {});
    }
  }

  /** Throws UNKNOWN_MODEL for a model that this node can never serve as things are. */
  checkServable(model: string): void {
    const { known, host, model: only } = this.#options;
    if (host.loaded !== null && isOf(host.loaded.plan, model)) return;
    if (model === '') return;
    const found = known.find(model);
    if (found === null || (only !== '' && !isOf(found.plan, only)))
      throw unknownModel(model, only === '' ? known.modelNames() : [only]);
  }

  /** What is loaded; another model is put in its place where the request names it. The caller has its turn. */
  async ensure(model: string): Promise<Loaded | null> {
    const { host, known } = this.#options;
    if (host.loaded !== null && isOf(host.loaded.plan, model)) return host.loaded;
    const wanted = model === '' ? known.wanted(this.#options.model) : known.find(model);
    if (wanted === null) return null;
    // Requests must not make it try more often than it would by itself.
    const failure = this.#retries.tooEarly(wanted.plan, Date.now());
    if (failure !== null) throw failure;
    try {
      await this.#spanned(wanted, () => this.#memory.run(() => this.#put(wanted)));
    } catch (error) {
      this.#retries.failed(wanted.plan, error, Date.now());
      throw error;
    }
    known.prefer(wanted);
    return host.loaded;
  }

  /** A request failed: damaged weights are pulled again. */
  onFailure(error: unknown): void {
    const { host, log } = this.#options;
    if (host.loaded === null || !damagedHere.has(codeOf(error))) return;
    const model = host.loaded.plan.modelName;
    log.error({ err: error, model }, 'the weights on this node are damaged: they are pulled again');
    this.#damaged = host.loaded;
    this.ring();
  }

  async #dropDamaged(): Promise<void> {
    const { host, local, scheduler, signal } = this.#options;
    const damaged = this.#damaged;
    this.#damaged = null;
    const work = async () => {
      if (damaged === null || host.loaded !== damaged) return;
      await host.unload();
      await local.discard(damaged.files);
    };
    await scheduler.change({ signal, between: false, work }).catch((error) => {
      if (!signal.aborted) throw error;
    });
  }

  /** What should be loaded, and is not. */
  #due(): KnownPlan | null {
    const { host, known, model, scheduler } = this.#options;
    const wanted = scheduler.closed ? null : known.wanted(model);
    if (wanted === null) return null;
    const { loaded } = host;
    return loaded?.plan.id === wanted.plan.id && loaded.plan.version >= wanted.plan.version ? null : wanted;
  }

  /** Finds plans whose announcement never came. */
  async #look(signal: AbortSignal): Promise<void> {
    const { host, supply, known, log, lookEveryMs = 300_000 } = this.#options;
    const every = host.loaded === null ? Math.min(idleLookMs, lookEveryMs) : lookEveryMs;
    // Nodes that started together do not ask together for ever.
    this.#lookAt = Date.now() + every * (0.8 + 0.4 * Math.random());
    if (host.loaded !== null && !supply.hasRoom()) return;
    try {
      const found = await this.#memory.run(() => supply.look(signal));
      for (const each of found) known.add(each);
    } catch (error) {
      if (!this.#options.signal.aborted)
        log.warn({ err: error }, 'cannot look for plans in the store; it is tried again');
    }
  }

  async #switch(due: KnownPlan): Promise<void> {
    const { host, scheduler, supply, local, signal, log, reporter } = this.#options;
    try {
      await this.#spanned(due, async (within) => {
        // Beside what is served, where there is room; else in the turn.
        if ((await local.find(due)) === null && host.loaded !== null && supply.hasRoom())
          await this.#memory.run(() => this.#bring(due));
        const { loaded } = host;
        await scheduler.change({
          signal,
          between: loaded !== null && sameWeights(loaded.plan, due.plan),
          work: async () => {
            if (this.#due()?.plan !== due.plan) return;
            // Whoever gives way for it, it is no part of that request's trace.
            await runWithin(within, () => this.#memory.run(() => this.#put(due)));
          },
        });
      });
    } catch (error) {
      if (signal.aborted) return;
      this.#retries.failed(due.plan, error, Date.now());
      const { plan } = due;
      log.warn({ err: error, plan: plan.id, version: plan.version }, 'the plan could not be loaded; it is tried again');
      reporter.tell(`${plan.modelName}, plan version ${plan.version}: ${(error as Error).message}`);
    }
  }

  /** In the trace of the plan. */
  async #spanned<T>({ plan, trace }: KnownPlan, work: (within: TraceContext) => Promise<T>): Promise<T> {
    const parent = Object.keys(trace).length > 0 ? { parent: trace } : {};
    const { span, within } = openSpan('switch plan', { ...parent, attributes: planAttributes(plan) });
    try {
      return await runWithin(within, () => work(within));
    } catch (error) {
      failSpan(span, error);
      throw error;
    } finally {
      span.end();
    }
  }

  /** Brings what is missing, and loads it. */
  async #put(due: KnownPlan): Promise<void> {
    const { host, local, supply, reporter, log } = this.#options;
    const { plan } = due;
    const before = host.loaded;
    reporter.tell(`loading ${plan.modelName}`, true);
    try {
      let files = await local.find(due);
      if (files === null) {
        await supply.checkReachable();
        if (!supply.hasRoom()) await host.unload();
        files = await this.#bring(due);
      }
      try {
        await host.load({ plan, files, traces: [files.trace, due.trace] });
      } catch (error) {
        if (damagedHere.has(codeOf(error))) await local.discard(files);
        throw error;
      }
      await local.touch(files);
      // A full disk: only a start without bus and store would miss it.
      await local.remember(due).catch((error) => log.warn({ err: error }, 'cannot note what is served'));
      this.#retries.succeeded(plan);
      reporter.tell('');
    } catch (error) {
      if (host.loaded === null && before !== null)
        await host.load(before).catch((cause) => log.error({ err: cause }, 'what was loaded before cannot be loaded'));
      reporter.tell((error as Error).message);
      throw error;
    }
  }

  async #bring(due: KnownPlan): Promise<LocalFiles> {
    const { host, local, supply, reporter, log } = this.#options;
    const { plan } = due;
    log.info({ model: plan.modelName, plan: plan.id, version: plan.version }, 'pulling');
    const keep = host.loaded === null ? [] : [host.loaded.files.weightsPath];
    const show = (done: number, total: number) =>
      reporter.progress(`pulling ${plan.modelName}: ${Math.floor((100 * done) / Math.max(1, total))}%`);
    await supply.bring(due, keep, show);
    const files = await local.find(due);
    if (files === null)
      throw new StoreError('STORE_FAILED', `${plan.modelName} was brought, and is not here; who removes it?`);
    return files;
  }
}

const unknownModel = (model: string, known: string[]) =>
  notFound(
    'UNKNOWN_MODEL',
    `there is no plan for ${JSON.stringify(model.slice(0, 100))} on this node; there are plans for: ${known.join(', ') || 'none'}`,
  );
