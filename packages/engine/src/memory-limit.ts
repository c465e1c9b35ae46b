// The memory limit of this process while it runs. Files of the control group file system are opened once and read again at
// each look, a few microseconds each: cheap beside any pass. Lowered below what a process holds, `memory.max` kills it at once
// and version 1 refuses; `memory.high` (version 2) only slows it, so whoever takes memory away lowers that first.
import { closeSync, openSync, readSync } from 'node:fs';
import type { ChunkMetadataTable } from '@flash-slim/cmt';
import { memoryLimitFiles } from '@flash-slim/native';
import { type PrefetchPlan, planPrefetch } from '@flash-slim/plan';

export class MemoryLimit {
  readonly #files: number[];
  readonly #buffer = Buffer.alloc(32);

  constructor(paths: string[] = memoryLimitFiles()) {
    this.#files = paths.map((path) => openSync(path, 'r'));
  }

  /** The least of the limits, null where none is set. */
  bytes(): number | null {
    let least: number | null = null;
    for (const file of this.#files) {
      const text = this.#buffer.toString('latin1', 0, readSync(file, this.#buffer, 0, this.#buffer.length, 0));
      const limit = Number.parseInt(text, 10); // NaN for "max"
      if (limit < unlimitedBytes && (least === null || limit < least)) least = limit;
    }
    return least;
  }

  close(): void {
    for (const file of this.#files.splice(0)) closeSync(file);
  }
}

/** Version 1 writes "no limit" as a number near 2^63. */
const unlimitedBytes = 2 ** 60;

/** A plan that does what `current` does in another budget. Throws PlanError BUDGET_BELOW_FLOOR. */
export function planForBudget(cmt: ChunkMetadataTable, current: PrefetchPlan, budgetBytes: number): PrefetchPlan {
  const { metadata } = current;
  return planPrefetch({
    cmt,
    device: metadata.device,
    memoryBudgetBytes: budgetBytes,
    contextLength: metadata.context_length,
    kvType: metadata.kv_type,
    strategy: 'auto',
    threads: metadata.threads,
    maxSequences: metadata.max_sequences,
    maxTokensPerPass: metadata.max_tokens_per_pass,
    maxLogitRows: metadata.max_logit_rows,
    baselineBytes: metadata.ledger.baseline_bytes,
    adapterBytes: metadata.ledger.adapter_bytes ?? 0,
  });
}
