// Which of the plans that are announced are this node's, and which one it should serve. Pure.
import { planId } from '@flash-slim/messages';
import type { Plan, PlanTarget } from '@flash-slim/proto';
import { isDigest } from '@flash-slim/store';

export interface NodeFacts {
  deviceClass: string;
  target: PlanTarget;
}

export interface KnownPlan {
  plan: Plan;
  /** prefetch_plan.json, where it came with the announcement. */
  planJson: string | null;
  /** Headers of the message, or of the stored version, that told of it. */
  trace: Record<string, string>;
}

export class KnownPlans {
  readonly #facts: NodeFacts;
  /** The newest version of each of this node's plans, in the order in which the plans became known. */
  readonly #plans = new Map<string, KnownPlan>();
  #preferred: string | null = null;

  constructor(facts: NodeFacts) {
    this.#facts = facts;
  }

  /** True where this is news: an older plan after a newer one, or another node's, is not. */
  add(known: KnownPlan): boolean {
    const { plan } = known;
    if (!isDigest(plan.modelDigest) || !isDigest(plan.weightCacheDigest) || !isDigest(plan.blob?.digest ?? ''))
      return false;
    if (plan.id !== planId(plan.modelDigest, this.#facts.deviceClass, this.#facts.target)) return false;
    const there = this.#plans.get(plan.id);
    if (there !== undefined && there.plan.version >= plan.version) return false;
    if (there === undefined) this.#preferred = plan.id;
    this.#plans.set(plan.id, known);
    return true;
  }

  /** Of a node that serves whatever there is: this one from now on, until another model comes. */
  prefer({ plan }: KnownPlan): void {
    this.#preferred = plan.id;
  }

  /** What the node should serve: the newest plan of that model; without one, of the model that came, or was asked for, last. */
  wanted(model: string): KnownPlan | null {
    if (model !== '') return this.find(model);
    return (this.#preferred !== null && this.#plans.get(this.#preferred)) || null;
  }

  /** The plan of a model by name or digest; where several models have the name, of the one that became known last. */
  find(model: string): KnownPlan | null {
    const named = [...this.#plans.values()].filter(({ plan }) => isOf(plan, model));
    return named.at(-1) ?? null;
  }

  modelNames(): string[] {
    return [...new Set([...this.#plans.values()].map(({ plan }) => plan.modelName))];
  }
}

/** Whether a request for `model` means this plan's. */
export const isOf = (plan: Plan, model: string): boolean =>
  model === '' || plan.modelName === model || plan.modelDigest === model;

/** Plans under which every token is the same one. */
export const sameWeights = (a: Plan, b: Plan): boolean =>
  a.modelDigest === b.modelDigest && a.weightCacheDigest === b.weightCacheDigest;
