// What the planner is asked in tests: a table of even times, a nominal device.
import { evenTimes } from '@flash-slim/cmt/testing';
import type { PlanRequest } from '@flash-slim/plan';
import type { WeightCache } from '@flash-slim/weight-cache';
import { profilingPlan } from '../profiling-plan.ts';

export const planRequest = (cache: WeightCache, memoryBudgetBytes: number): PlanRequest => ({
  cmt: evenTimes(cache).metadata(),
  device: profilingPlan(cache, 1, 1).metadata.device,
  memoryBudgetBytes,
  contextLength: 64,
  kvType: 'f16',
  strategy: 'resident',
  threads: 2,
  maxSequences: 1,
  maxTokensPerPass: 16,
  maxLogitRows: 16,
  baselineBytes: 0,
});
