// Streams and consumers as they should be: made where they are missing, changed where they differ.
import {
  type ConsumerConfig,
  type JetStreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream';
import { call, isNotFound } from './errors.ts';

export const nanoseconds = (milliseconds: number): number => milliseconds * 1_000_000;

type StreamWish = Pick<StreamConfig, 'name' | 'subjects'> & Partial<StreamConfig>;

export async function ensureStream(manager: JetStreamManager, wish: StreamWish): Promise<void> {
  await call(`stream ${wish.name}`, async () => {
    let config: StreamConfig;
    try {
      ({ config } = await manager.streams.info(wish.name));
    } catch (error) {
      if (!isNotFound(error)) throw error;
      await manager.streams.add({ storage: StorageType.File, retention: RetentionPolicy.Limits, ...wish });
      return;
    }
    if (differs(wish, config)) await manager.streams.update(wish.name, wish);
  });
}

export async function ensureConsumer(
  manager: JetStreamManager,
  stream: string,
  wish: Partial<ConsumerConfig> & { durable_name: string },
): Promise<void> {
  await call(`consumer ${wish.durable_name} of ${stream}`, async () => {
    let config: ConsumerConfig;
    try {
      ({ config } = await manager.consumers.info(stream, wish.durable_name));
    } catch (error) {
      if (!isNotFound(error)) throw error;
      await manager.consumers.add(stream, wish);
      return;
    }
    if (differs(wish, config)) await manager.consumers.update(stream, wish.durable_name, wish);
  });
}

const differs = (wish: object, is: object): boolean =>
  Object.entries(wish).some(([key, value]) => JSON.stringify(value) !== JSON.stringify(is[key as keyof typeof is]));
