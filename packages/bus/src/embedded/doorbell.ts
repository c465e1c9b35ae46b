import { EventEmitter, once } from 'node:events';

/** Wakes who waits for a change of a name. */
export class Doorbell {
  readonly #emitter = new EventEmitter().setMaxListeners(0);

  ring(name: string): void {
    this.#emitter.emit(name);
  }

  /** Until the next ring, at most so long, or until the signal. */
  async wait(name: string, mostMs: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const ending = new AbortController();
    const end = () => ending.abort();
    signal.addEventListener('abort', end, { once: true });
    const timer = setTimeout(end, Math.min(mostMs, 2 ** 31 - 1));
    try {
      await once(this.#emitter, name, { signal: ending.signal });
    } catch {
      // The time or the caller's signal: it looks for itself.
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
    }
  }
}
