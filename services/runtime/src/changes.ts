// What the node should serve, and getting there: plans that are announced, weights that are pulled, switches between passes.
// Whatever goes wrong here leaves what is loaded where it is, and is tried again.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Topic } from '@flash-slim/bus';
import { decodePlanMessage } from '@flash-slim/messages';
import { NodeState, Plan } from '@flash-slim/proto';
import type { StoreLocation } from '@flash-slim/store';
import { inSpan, type Logger } from '@flash-slim/telemetry';
import { pullInChild } from './child.ts';
import { BaselineTooSmallError, type EngineHost, type Loaded } from './host.ts';
import type { NodeReporter } from './node-state.ts';
import { type KnownPlan, KnownPlans, type NodeFacts } from './plans.ts';
import type { Scheduler } from './scheduler.ts';

export interface ChangesOptions {
  facts: NodeFacts;
  /** The model to serve; '': the one planned last. */
  model: string;
  location: StoreLocation;
  directory: string;
  weightStoreBytes: number;
  host: EngineHost;
  scheduler: Scheduler;
  reporter: NodeReporter;
  log: Logger;
  signal: AbortSignal;
}

const retryMs = [1_000, 5_000, 20_000, 60_000];

export class Changes {
  readonly #options: ChangesOptions;
  readonly #known: KnownPlans;
  #switching: Promise<void> | null = null;
  #pending = false;
  /** Of a node that serves whatever there is: the plan that became known, or was asked for, last. */
  #preferred = '';
  /** Switches that failed in a row. */
  #failures = 0;

  constructor(options: ChangesOptions) {
    this.#options = options;
    this.#known = new KnownPlans(options.facts);
  }

  get known(): KnownPlans {
    return this.#known;
  }

  /** Whether a request should give way at the next pass. */
  get wanted(): boolean {
    return this.#pending;
  }

  /** What should be loaded, and is not. */
  #due(): KnownPlan | null {
    const { host, model } = this.#options;
    const { loaded } = host;
    const wanted = model === '' ? this.#known.newest(this.#preferred) : this.#known.find(model);
    if (wanted === null) return null;
    return loaded?.plan.id === wanted.plan.id && loaded.plan.version >= wanted.plan.version ? null : wanted;
  }

  #add(known: KnownPlan): boolean {
    const isNewId = this.#known.newest(known.plan.id) === null;
    const isNews = this.#known.add(known);
    if (isNews && isNewId) this.#preferred = known.plan.id;
    return isNews;
  }

  /** Follows announcements until the signal. */
  async follow(plans: Topic): Promise<void> {
    const { signal, log } = this.#options;
    for await (const message of plans.follow({ signal, from: 'latest' })) {
      try {
        const { plan, planJson } = decodePlanMessage(message.body);
        if (this.#add({ plan, planJson, trace: message.headers })) this.ring();
      } catch (error) {
        log.warn({ err: error, message: message.id }, 'a plan was not understood');
      }
    }
  }

  /** Looks for plans in the store, for those whose announcement never came. Only where nothing is loaded: see child.ts. */
  async look(): Promise<void> {
    const { facts, location, signal } = this.#options;
    const result = await pullInChild({ location, request: { kind: 'look', ...facts } }, { signal });
    if (!('plans' in result)) return;
    const found = result.plans.sort((a, b) => (a.created < b.created ? -1 : 1));
    let news = false;
    for (const { plan, trace } of found) news = this.#add({ plan: Plan.fromJSON(plan), planJson: null, trace }) || news;
    if (news) this.ring();
  }

  /** Something may have changed. */
  ring(): void {
    if (this.#switching !== null || this.#options.signal.aborted || this.#due() === null) return;
    this.#switching = this.#switch().finally(() => {
      this.#switching = null;
      this.ring();
    });
  }

  /** Loads a model for a request that names it. The caller has its turn. */
  async ensure(model: string): Promise<Loaded | null> {
    const { host } = this.#options;
    const { loaded } = host;
    if (loaded !== null && (model === '' || loaded.plan.modelName === model || loaded.plan.modelDigest === model))
      return loaded;
    const known = this.#known.find(model);
    if (known === null) return null;
    try {
      const now = await this.#put(known);
      this.#preferred = known.plan.id;
      return now;
    } catch (error) {
      // Back to what was there before.
      queueMicrotask(() => this.ring());
      throw error;
    }
  }

  async #switch(): Promise<void> {
    const { scheduler, reporter, log, signal } = this.#options;
    this.#pending = true;
    try {
      await scheduler.exclusive(signal, async () => {
        this.#pending = false;
        const due = this.#due();
        if (due !== null) await this.#put(due);
      });
      this.#failures = 0;
    } catch (error) {
      this.#pending = false;
      if (signal.aborted) return;
      log.warn({ err: error }, 'the plan could not be loaded; it is tried again');
      // With room to spare: a heap is never twice the same size.
      if (error instanceof BaselineTooSmallError) reporter.baselineBytes = Math.ceil(error.baselineBytes * 1.05);
      reporter.set(NodeState.IDLE, (error as Error).message);
      await sleep(retryMs[Math.min(this.#failures++, retryMs.length - 1)], undefined, { signal }).catch(() => {});
    }
  }

  /** Pulls what is missing and loads it. */
  async #put({ plan, planJson, trace }: KnownPlan): Promise<Loaded> {
    const { host, location, directory, weightStoreBytes, reporter, signal } = this.#options;
    const { loaded } = host;
    reporter.set(NodeState.LOADING, `loading ${plan.modelName}`);
    return await inSpan(
      'switch plan',
      { parent: trace, attributes: { 'flash_slim.plan.id': plan.id, 'flash_slim.plan.version': plan.version } },
      async () => {
        // The child needs the room that the loaded weights take.
        await host.unload();
        const pulled = await inSpan('pull', {}, () =>
          pullInChild(
            {
              location,
              request: {
                kind: 'bring',
                plan: Plan.toJSON(plan),
                planJson,
                directory,
                mostBytes: weightStoreBytes,
                keep: loaded === null ? [] : [loaded.weightsPath],
              },
            },
            { signal },
          ),
        );
        if (!('weightsPath' in pulled)) throw new Error('the child answered something else');
        const { weightsPath, planPath } = pulled;
        const now = await host.load({ plan, planPath, weightsPath, traces: [pulled.trace, trace] });
        // Measured: what the first plan was made with was an estimate.
        if (reporter.baselineBytes > now.baselineBytes * 1.08)
          reporter.baselineBytes = Math.ceil(now.baselineBytes * 1.05);
        reporter.set(NodeState.READY);
        return now;
      },
    );
  }
}
