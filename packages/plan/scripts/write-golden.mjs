// Writes the golden plan anew; its diff is what a change of the planner does.
import { fileURLToPath } from 'node:url';
import { planPrefetch, savePlan } from '../src/index.ts';
import { goldenRequest } from '../src/testing.ts';

await savePlan(
  planPrefetch(goldenRequest()),
  fileURLToPath(new URL('../src/golden/prefetch_plan.json', import.meta.url)),
);
