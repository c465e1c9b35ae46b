export type { LoadReport, PassResult } from '@flash-slim/native';
export {
  type AdapterUse,
  Engine,
  type InjectedFault,
  type LoadOptions,
  type MemoryWatch,
  type Part,
  type PassTotals,
  type SamplerOptions,
} from './engine.ts';
export { EngineError } from './error.ts';
export { type GenerateOptions, generate } from './generate.ts';
export { type PeakMemory, peakMemory, residentSetBytes } from './memory.ts';
export { MemoryLimit, planForBudget } from './memory-limit.ts';
export { GenAIMetrics, type GenAIMetricsReport } from './metrics.ts';
export { type PerplexityOptions, type PerplexityReport, perplexity } from './perplexity.ts';
export { type ProviderMode, StreamingWeightCacheProvider } from './pre-runtime.ts';
export { profilingPlan } from './profiling-plan.ts';
export { getDecodeRunner, getPrefillRunner } from './runners.ts';
export { ScopeTimer, TimerUtility } from './timing.ts';
export { weightsBytes } from './weights.ts';
