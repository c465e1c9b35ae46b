export { collectGarbage, type GarbageOptions, type GarbageReport } from './garbage.ts';
export { type ProfilerOptions, type RunningService, startProfiler } from './profiler.ts';
export type { ProfileRequest, ProfileResult } from './worker.ts';
