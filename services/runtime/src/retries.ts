// When a plan that could not be loaded is tried again. Pure but for the clock it is given.
import type { Plan } from '@flash-slim/proto';

/** What somebody else has to mend, as a rule: an object that is damaged, a plan for a smaller process. */
const hopeless = new Set([
  ...['DIGEST_MISMATCH', 'MANIFEST_INVALID', 'PLAN_STALE', 'PLAN_INVALID', 'PLAN_UNREADABLE'],
  ...['CACHE_CORRUPT', 'CACHE_TRUNCATED', 'CACHE_INCOMPLETE', 'CACHE_VERSION', 'CHUNK_CORRUPT', 'CHUNK_TRUNCATED'],
  ...['PLAN_BASELINE_TOO_SMALL', 'DISK_FULL', 'OBJECT_TOO_LARGE'],
]);

export const usualDelaysMs = { soon: [1_000, 5_000, 20_000, 60_000], late: [2_000, 60_000, 600_000] };
export type RetryDelays = typeof usualDelaysMs;

export class Retries {
  readonly #delays: RetryDelays;
  readonly #failed = new Map<string, { failures: number; notBefore: number; error: unknown }>();

  constructor(delays: RetryDelays = usualDelaysMs) {
    this.#delays = delays;
  }

  failed(plan: Plan, error: unknown, now: number): void {
    const failures = (this.#failed.get(keyOf(plan))?.failures ?? 0) + 1;
    const delays = hopeless.has((error as { code?: string }).code ?? '') ? this.#delays.late : this.#delays.soon;
    const delay = delays[Math.min(failures, delays.length) - 1] as number;
    this.#failed.set(keyOf(plan), { failures, notBefore: now + delay, error });
  }

  succeeded(plan: Plan): void {
    this.#failed.delete(keyOf(plan));
  }

  /** Why it failed last, while it is too early to try again; null: it may be tried. */
  tooEarly(plan: Plan, now: number): unknown {
    return this.wait(plan, now) === 0 ? null : (this.#failed.get(keyOf(plan))?.error ?? null);
  }

  /** Milliseconds until the plan may be tried; 0: now. */
  wait(plan: Plan, now: number): number {
    return Math.max(0, (this.#failed.get(keyOf(plan))?.notBefore ?? 0) - now);
  }
}

const keyOf = ({ id, version }: Plan): string => `${id}/${version}`;
