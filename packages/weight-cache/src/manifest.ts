// The weight cache's manifest: JSON at the end of the file, its SHA-256 in the header.
import type { FloatForm, ModelConfig, WeightKind } from '@flash-slim/model';

export const layoutVersion = 1;

export interface CachedChunk {
  weights_id: number;
  name: string;
  op: 'StreamMatMul' | 'GatherRows';
  gathered: boolean;
  head: boolean;
  kind: WeightKind;
  rows: number;
  columns: number;
  /** Absolute in the cache file, a multiple of 4096. */
  offset: number;
  /** row_blocks * row_block_bytes. */
  bytes: number;
  row_blocks: number;
  row_block_bytes: number;
  /** Row blocks covered by one checksum (even where gate and up alternate; 1 where rows are gathered); the last unit may be shorter. */
  unit_row_blocks: number;
  /** crc32c of each unit, in order. */
  unit_crc32c: number[];
  tensors: string[];
  arrangement: 'concatenated' | 'row-blocks-alternating';
  /** Row blocks are those of so many experts, one after the other, each in whole checksum units. */
  experts?: number;
}

/** What quantizing at import lost. */
export interface QuantizationError {
  /** Root of the mean squared difference, as a share of the weights' own root mean square. */
  relative_rms_error: number;
  /** Largest difference of a weight. */
  max_error: number;
}

/** Over all tensors that were quantized, and of each. */
export interface Quantization extends QuantizationError {
  tensors: (QuantizationError & { name: string; from: FloatForm; to: WeightKind })[];
}

export interface CacheSection {
  offset: number;
  bytes: number;
  sha256: string;
}

export interface CacheManifest {
  format: 'flash-slim weight cache';
  layout_version: number;
  model: {
    /** "sha256:<hex>" of the model's files, one after the other. */
    digest: string;
    file_bytes: number;
    config: ModelConfig;
  };
  /** Only where weights were quantized at import. */
  quantization?: Quantization;
  chat_template: string | null;
  /** In order of use. */
  chunks: CachedChunk[];
  tokenizer: CacheSection;
  graph: CacheSection;
}
