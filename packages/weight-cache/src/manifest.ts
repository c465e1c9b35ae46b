// The weight cache's manifest: JSON at the end of the file, its SHA-256 in the header.
import type { ModelConfig, WeightKind } from '@flash-slim/model';

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
    /** "sha256:<hex>" of the model file. */
    digest: string;
    file_bytes: number;
    config: ModelConfig;
  };
  chat_template: string | null;
  /** In order of use. */
  chunks: CachedChunk[];
  tokenizer: CacheSection;
  graph: CacheSection;
}
