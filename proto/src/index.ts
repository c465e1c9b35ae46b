// The contract of the services. Everything but this file and its test is generated: change flashslim/v1/*.proto, then
// `npm run generate -w @flash-slim/proto`.
import { readFile } from 'node:fs/promises';

export * from './generated/flashslim/v1/model.ts';
export * from './generated/flashslim/v1/planner.ts';
export type { ServerStreamingMethodResult } from './generated/flashslim/v1/profiler.ts';
export * from './generated/flashslim/v1/profiler.ts';
export * from './generated/flashslim/v1/runtime.ts';

/** The files of the contract as a FileDescriptorSet, for server reflection. */
export const readDescriptors = (): Promise<Uint8Array> => readFile(new URL('../descriptors.binpb', import.meta.url));
