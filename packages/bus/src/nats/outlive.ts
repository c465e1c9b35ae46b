import { setTimeout as sleep } from 'node:timers/promises';
import { BusError } from '../error.ts';
import { busError } from './errors.ts';

export interface Opened<T> {
  messages: AsyncIterable<T>;
  stop(): void;
}

/** Messages of a subscription that is opened again, after a pause, whenever it ends by itself; until the signal. */
export async function* outlive<T>(open: () => Promise<Opened<T>>, signal: AbortSignal): AsyncGenerator<T, void> {
  for (let first = true; !signal.aborted; first = false) {
    let opened: Opened<T>;
    try {
      opened = await open();
    } catch (cause) {
      const error = busError(cause, 'subscription');
      // What is wrong at the beginning stays wrong; what was right before is waited for.
      if (first || (error instanceof BusError && error.code === 'BUS_CLOSED')) throw error;
      await sleep(500, undefined, { signal }).catch(() => {});
      continue;
    }
    const stop = () => opened.stop();
    signal.addEventListener('abort', stop, { once: true });
    try {
      if (!signal.aborted) for await (const message of opened.messages) yield message;
    } catch (cause) {
      const error = busError(cause, 'subscription');
      if (error instanceof BusError && error.code === 'BUS_CLOSED') throw error;
    } finally {
      signal.removeEventListener('abort', stop);
      opened.stop();
    }
    await sleep(100, undefined, { signal }).catch(() => {});
  }
}
