// weight_chunks_metadata_table.json (CMT), field for field as published in schema/cmt.schema.json.
import type { ModelConfig, WeightKind } from '@flash-slim/model';

export type Mode = 'PREFILL' | 'DECODE';

export interface CmtRow {
  chunk_index: number;
  /** Byte range in the weight cache, rounded out to 4096. */
  aligned_offset: number;
  aligned_size: number;
  /** The chunk's own bytes; offset_adjust = origin_offset - aligned_offset. */
  origin_offset: number;
  origin_size: number;
  offset_adjust: number;
  weights_id: number;
  /** The slot a simple double-buffered plan would use: chunk_index % 2. */
  managed_buffer_index: number;
  /** 0 PREFILL, 1 DECODE. */
  prefetch_mode: number;
  prefetch_mode_str: Mode;
  op: string;
  tensors: string[];
  layout: '8x4';
  kind: WeightKind;
  rows: number;
  columns: number;
  /** Milliseconds of compute per pass in this mode, waiting excluded. */
  avg_compute_time: number;
  /** crc32c of the whole chunk, 8 hex digits. */
  crc32c: string;
}

/** The finer sums that a group's checksum is composed of. */
export interface CmtUnits {
  weights_id: number;
  head: boolean;
  gathered: boolean;
  row_blocks: number;
  row_block_bytes: number;
  unit_row_blocks: number;
  /** True where row blocks come in pairs (gate, up) that a group must not part. */
  paired: boolean;
  /** Row blocks are those of so many experts, one after the other, of which a pass uses only some; a group holds one's. */
  experts?: number;
  crc32c: string[];
}

export interface ChunkMetadataTable {
  metadata: {
    version: string;
    model: string;
    model_digest: string;
    model_config: ModelConfig;
    /** File name of the weight cache, beside the CMT. */
    weight_cache: string;
    /** "sha256:<hex>" of the cache's manifest: which cache the offsets belong to. */
    weight_cache_digest: string;
    layout: '8x4';
    chunk_count_by_mode: Record<Mode, number>;
    total_aligned_size_by_mode: Record<Mode, number>;
    max_aligned_size: number;
    weight_chunk_buffer_size: number;
    tokenizer_bytes: number;
    graph_bytes: number;
    /** Tokens a pass was measured with: 1 for DECODE. */
    tokens_per_pass_by_mode: Record<Mode, number>;
    /** Milliseconds a pass spends outside the streamed products (attention, norms, sampling). */
    other_compute_time_by_mode: Record<Mode, number>;
    /** Kernel and threads the times were measured with. */
    measured_with: { kernel: string; threads: number };
  };
  weight_chunks: Record<Mode, CmtRow[]>;
  units: CmtUnits[];
}
