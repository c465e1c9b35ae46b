export * from './bus.ts';
export { BusError, type BusErrorCode, PermanentError } from './error.ts';
export type { NatsOptions } from './nats/nats-bus.ts';
export { type BusLocation, openBus } from './open.ts';
