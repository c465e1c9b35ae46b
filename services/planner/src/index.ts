export { type PlannerOptions, type RunningService, startPlanner } from './planner.ts';
