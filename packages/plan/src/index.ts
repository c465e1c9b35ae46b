export { formatBytes, parseBytes } from './bytes.ts';
export { checkPlan, checkPlanAgainst } from './check.ts';
export { checkDeviceProfile, loadDeviceProfile } from './device-profile.ts';
export { BudgetBelowFloorError, type FloorParts, PlanError, type PlanErrorCode } from './error.ts';
export { explainPlan } from './explain.ts';
export {
  type ActivationShape,
  activationBytes,
  hugePageBytes,
  kvBytes,
  reserveBytes,
  slotMemoryBytes,
} from './ledger.ts';
export { JsonPrefetchPlanLoader, savePlan } from './loader.ts';
export { planPrefetch } from './planner.ts';
export type * from './types.ts';
