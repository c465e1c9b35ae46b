// prefetch_plan.json, field for field as published in schema/plan.schema.json, and what the planner is given.
import type { ChunkMetadataTable, Mode } from '@flash-slim/cmt';

export type Strategy = 'simple' | 'rechunk' | 'resident' | 'auto';

/** device_profile.json, written by `flash-slim probe`. Only what plans depend on is required. */
export interface DeviceProfile {
  version: string;
  architecture: string;
  cores: number;
  instruction_sets: string[];
  kernel: string;
  /** null where nothing limits the process. */
  memory_limit_bytes: number | null;
  memory_total_bytes: number;
  huge_pages: boolean;
  io_uring: boolean;
  storage: {
    path: string;
    direct: boolean;
    /** Best sustained rate, and what reached it. */
    bandwidth_bytes_per_second: number;
    latency_ms: number;
    best: { block_bytes: number; depth: number; huge_pages: boolean; reader: string };
    measurements: {
      block_bytes: number;
      depth: number;
      huge_pages: boolean;
      reader: string;
      bytes_per_second: number;
    }[];
  };
}

export interface PlanRequest {
  cmt: ChunkMetadataTable;
  device: DeviceProfile;
  memoryBudgetBytes: number;
  contextLength: number;
  kvType: 'f16' | 'f32';
  strategy: Strategy;
  threads: number;
  /** Sequences that may be active at once; each has KV for contextLength. */
  maxSequences: number;
  /** Most tokens in one pass (prefill chunk); null lets the planner choose. */
  maxTokensPerPass: number | null;
  /** Most rows of logits wanted from one pass: 1 per sequence, more for scoring. */
  maxLogitRows: number;
  /** Process ready, before weights, KV and slots. */
  baselineBytes: number;
  /** Of low-rank adapters in memory; 0 where it is not given. */
  adapterBytes?: number;
}

/** What the process will hold, in bytes. The sum of the parts never exceeds budget_bytes. */
export interface BudgetLedger {
  budget_bytes: number;
  baseline_bytes: number;
  tokenizer_bytes: number;
  kv_bytes: number;
  activation_bytes: number;
  /** Low-rank adapters; absent where there are none. */
  adapter_bytes?: number;
  slot_bytes: number;
  resident_bytes: number;
  /** Room kept for allocator and kernel overhead. */
  reserve_bytes: number;
  unused_bytes: number;
}

/** A run of row blocks of one chunk that is read together, or stays in memory. */
export interface PlanGroup {
  /** Position in the order of use, over all groups. */
  io_order: number;
  weights_id: number;
  row_block_begin: number;
  row_block_end: number;
  /** The read: page-aligned range of the weight cache; the group starts offset_adjust bytes into it. */
  aligned_offset: number;
  aligned_size: number;
  offset_adjust: number;
  size: number;
  resident: boolean;
  /** Slot of a streamed group: its position among the streamed ones modulo the slot count; -1 for a resident. */
  managed_buffer_index: number;
  estimated_io_time_ms: number;
  crc32c: string;
}

export interface PrefetchPlan {
  metadata: {
    version: string;
    model: string;
    model_digest: string;
    weight_cache_digest: string;
    strategy: Exclude<Strategy, 'auto'>;
    context_length: number;
    kv_type: 'f16' | 'f32';
    max_sequences: number;
    max_tokens_per_pass: number;
    max_logit_rows: number;
    threads: number;
    /** The output head's chunk, which passes without logits do not read; null when there is none. */
    head_weights_id: number | null;
    /** 0 when everything is resident. */
    slot_count: number;
    /** Bytes of one slot, a multiple of 4096. */
    slot_size: number;
    weights_bytes: number;
    /** Sum of aligned_size over streamed groups: what a pass that wants logits reads. */
    streamed_bytes_per_pass: number;
    /** PREFILL with max_tokens_per_pass tokens and no logits, DECODE with one token. */
    predicted_pass_ms_by_mode: Record<Mode, number>;
    ledger: BudgetLedger;
    device: DeviceProfile;
  };
  groups: PlanGroup[];
}
