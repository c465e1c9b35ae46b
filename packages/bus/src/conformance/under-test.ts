// What the tests of every Bus share.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bus, Message } from '../bus.ts';
import type { BusErrorCode } from '../error.ts';

export interface BusUnderTest {
  bus: Bus;
  /** A second client of the same server; where there is none, the same bus. */
  other: Bus;
  /** Kills what holds the data and starts it again. A bus in one process is another object afterwards. */
  crash(): Promise<{ bus: Bus; other: Bus }>;
  stop(): Promise<void>;
}

/** The bus of the moment: it is another object after a crash. */
export interface Buses {
  readonly bus: Bus;
  readonly other: Bus;
}

export const text = (body: Uint8Array): string => Buffer.from(body).toString();
export const message = (id: string, body = id, headers = {}): Message => ({ id, body: Buffer.from(body), headers });
export const throwsCode = (work: () => Promise<unknown>, code: BusErrorCode) =>
  assert.rejects(work, { name: 'BusError', code });

/** Until `ready`, at most 20 s. */
export async function until(ready: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (const deadline = Date.now() + 20_000; !(await ready()); await sleep(10))
    assert.ok(Date.now() < deadline, `waited in vain: ${what}`);
}

/** Runs consumers and ends them with the test. */
export function consumers(): { readonly signal: AbortSignal; run(work: Promise<unknown>): void; end(): Promise<void> } {
  const ending = new AbortController();
  const running: Promise<unknown>[] = [];
  return {
    signal: ending.signal,
    run: (work: Promise<unknown>) => void running.push(work),
    end: async () => {
      ending.abort();
      await Promise.all(running);
    },
  };
}

/** Collects what an iteration yields. */
export function gather<T>(items: AsyncIterable<T>): { seen: T[]; done: Promise<void> } {
  const seen: T[] = [];
  const done = (async () => {
    for await (const item of items) seen.push(item);
  })();
  return { seen, done };
}

export const quick = { ackWaitMs: 1500, backoffMs: [20, 40], maxAttempts: 3 };
