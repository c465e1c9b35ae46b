// Which of the plans that are announced are this node's, and which one it should serve. Pure.
import { planId } from '@flash-slim/messages';
import type { Plan, PlanTarget } from '@flash-slim/proto';

export interface NodeFacts {
  deviceClass: string;
  target: PlanTarget;
}

export interface KnownPlan {
  plan: Plan;
  planJson: string | null;
  /** Headers of the message, or of the stored version, that told of it. */
  trace: Record<string, string>;
}

export class KnownPlans {
  readonly #facts: NodeFacts;
  /** The newest version of each of this node's plans, in the order in which they became known. */
  readonly #plans = new Map<string, KnownPlan>();

  constructor(facts: NodeFacts) {
    this.#facts = facts;
  }

  /** True where this is news: an older plan after a newer one, or another node's, is not. */
  add(known: KnownPlan): boolean {
    const { plan } = known;
    if (plan.id !== planId(plan.modelDigest, this.#facts.deviceClass, this.#facts.target)) return false;
    const there = this.#plans.get(plan.id);
    if (there !== undefined && there.plan.version >= plan.version) return false;
    this.#plans.set(plan.id, known);
    return true;
  }

  /** The plan of a model by name or digest, the one that became known last; of any model without one. */
  find(model: string): KnownPlan | null {
    const all = [...this.#plans.values()];
    const of = model === '' ? all : all.filter(({ plan }) => plan.modelName === model || plan.modelDigest === model);
    return of.at(-1) ?? null;
  }

  newest(id: string): KnownPlan | null {
    return this.#plans.get(id) ?? null;
  }

  modelNames(): string[] {
    return [...new Set([...this.#plans.values()].map(({ plan }) => plan.modelName))];
  }
}
