// Pulls one message at a time: a message that waits in our memory would use up its time to be acked.
import { setTimeout as sleep } from 'node:timers/promises';
import type { JsMsg } from '@nats-io/jetstream';
import type { ConsumeOptions, Delivery, Handler, RetryPolicy } from '../bus.ts';
import { BusError } from '../error.ts';
import { work } from '../work.ts';
import { type Connected, messageFields } from './connection.ts';
import type { NatsDeadLetters } from './dead-letters.ts';
import { busError } from './errors.ts';

/** The server allows no less; also the longest that a consumer takes to stop. */
const pullMilliseconds = 1000;
const pauseMilliseconds = 500;

export interface Source {
  stream: string;
  durable: string;
  /** Of the stream's subjects; what follows it is the delivery's subject. */
  prefix: string;
  policy: RetryPolicy;
  deadLetters: NatsDeadLetters;
  /** Makes the consumer where it is missing: also after the server has lost it. */
  ensure(): Promise<void>;
}

export async function consume(
  connected: Connected,
  source: Source,
  handler: Handler,
  { signal, abort, concurrency = 1 }: ConsumeOptions,
): Promise<void> {
  // The first time its failure is the caller's: wrong names and missing rights do not mend themselves.
  await source.ensure();
  const lane = async () => {
    for (let missing = false; !signal.aborted; ) {
      try {
        if (missing) await source.ensure();
        missing = false;
        const consumer = await connected.client.consumers.get(source.stream, source.durable);
        while (!signal.aborted) {
          const message = await consumer.next({ expires: pullMilliseconds });
          if (message !== null) await handle(message, source, handler, abort);
        }
      } catch (cause) {
        const error = busError(cause, source.durable);
        if (error instanceof BusError && error.code === 'BUS_CLOSED') throw error;
        missing = true;
        await sleep(pauseMilliseconds, undefined, { signal }).catch(() => {});
      }
    }
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
}

async function handle(message: JsMsg, source: Source, handler: Handler, abort: AbortSignal | undefined): Promise<void> {
  const delivery: Delivery = {
    ...messageFields(message, source.prefix),
    attempt: message.info.deliveryCount,
    signal: abort ?? new AbortController().signal,
  };
  const acked = async () => {
    // Confirmed by the server: an ack that is lost would be work done twice.
    if (!(await message.ackAck({ timeout: 5000 }))) throw new BusError('BUS_UNAVAILABLE', 'the ack was not confirmed');
  };
  const settlement = {
    ack: acked,
    again: async (delayMs: number) => message.nak(delayMs),
    bury: async (code: string, reason: string) => {
      await source.deadLetters.bury(delivery, code, reason);
      await acked();
    },
    working: () => message.working(),
  };
  await work(delivery, handler, settlement, source.policy);
}
