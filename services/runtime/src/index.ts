export { type RunningService, type RuntimeOptions, startRuntime } from './runtime.ts';
