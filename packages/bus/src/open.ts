// Which bus it is. Each is loaded only where it is used.
import type { Bus } from './bus.ts';
import type { NatsOptions } from './nats/nats-bus.ts';

/** `file`: a SQLite file, or ":memory:". */
export type BusLocation = { file: string } | { nats: NatsOptions };

export async function openBus(location: BusLocation): Promise<Bus> {
  if ('nats' in location) {
    const { NatsBus } = await import('./nats/nats-bus.ts');
    return NatsBus.connect(location.nats);
  }
  const { EmbeddedBus } = await import('./embedded/embedded-bus.ts');
  return new EmbeddedBus(location.file);
}
