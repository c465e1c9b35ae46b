// JsonPrefetchPlanLoader: reads prefetch_plan.json and answers what the runtime asks of it.
import { type ChunkMetadataTable, type Mode, readJsonFile, writeJsonFile } from '@flash-slim/cmt';
import { checkPlan, checkPlanAgainst } from './check.ts';
import { PlanError } from './error.ts';
import { explainPlan } from './explain.ts';
import type { PrefetchPlan } from './types.ts';

/** An 8B model in groups of 64 KB has 70,000 groups of about 300 bytes. */
const maxFileBytes = 128 * 1024 * 1024;

export class JsonPrefetchPlanLoader {
  #plan: PrefetchPlan | null = null;

  /** Reads and checks a plan; with a CMT, also that it is a plan for that CMT's weights. Throws PlanError. */
  async loadFromFile(path: string, cmt?: ChunkMetadataTable): Promise<PrefetchPlan> {
    const file = await readJsonFile(path, maxFileBytes);
    if ('reason' in file) {
      const message = `${path}: ${file.reason}; run \`flash-slim plan\` to make it`;
      throw new PlanError('PLAN_UNREADABLE', '', message, { cause: file.cause });
    }
    const plan = checkPlan(file.value);
    if (cmt !== undefined) checkPlanAgainst(plan, cmt);
    this.#plan = plan;
    return plan;
  }

  /** Index in `groups` by the file offset of the group's read (aligned_offset). PREFILL leaves out the head's groups. */
  buildOffsetToIndexForMode(mode: Mode): Map<number, number> {
    const { groups, metadata } = this.#loaded();
    const used = groups.filter((group) => mode === 'DECODE' || group.weights_id !== metadata.head_weights_id);
    return new Map(used.map((group) => [group.aligned_offset, group.io_order]));
  }

  printMetadata(print: (text: string) => void = console.log): void {
    print(explainPlan(this.#loaded()));
  }

  #loaded(): PrefetchPlan {
    if (this.#plan === null) throw new PlanError('PLAN_UNREADABLE', '', 'no plan was loaded; call loadFromFile first');
    return this.#plan;
  }
}

/** Writes a plan: to a temporary name, synced, then renamed. */
export async function savePlan(plan: PrefetchPlan, path: string): Promise<void> {
  await writeJsonFile(path, checkPlan(plan));
}
