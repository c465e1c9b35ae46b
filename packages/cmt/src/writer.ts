// JsonWeightChunkMetaDataWriter: what the profiler attaches to the engine. It hears of every chunk the engine uses, in
// order, and writes the chunk metadata table.
import type { CachedChunk, CacheManifest } from '@flash-slim/weight-cache';
import { checkCmt, modes, pageBytes } from './check.ts';
import { crc32cCombine, formatCrc32c } from './crc32c.ts';
import { CmtError } from './error.ts';
import { writeJsonFile } from './json-file.ts';
import type { ChunkMetadataTable, CmtRow, CmtUnits, Mode } from './types.ts';

export interface MetaDataWriterOptions {
  manifest: CacheManifest;
  /** "sha256:<hex>" of the manifest. */
  manifestDigest: string;
  /** The weight cache's file name, without directories. */
  weightCacheFile: string;
  /** Kernel and threads of the passes that are recorded. */
  measuredWith: { kernel: string; threads: number };
}

export interface ChunkAccess {
  mode: Mode;
  weightsId: number;
  /** Milliseconds of compute, waiting for bytes excluded. */
  computeMs: number;
}

export class JsonWeightChunkMetaDataWriter {
  readonly #options: MetaDataWriterOptions;
  readonly #chunks: Map<number, CachedChunk>;
  // Maps keep the order of first access, which is the order of use.
  readonly #times: Record<Mode, Map<number, { totalMs: number; passes: number }>> = {
    PREFILL: new Map(),
    DECODE: new Map(),
  };
  readonly #passes: Record<Mode, { tokensPerPass: number; otherComputeMs: number } | null> = {
    PREFILL: null,
    DECODE: null,
  };

  constructor(options: MetaDataWriterOptions) {
    this.#options = options;
    this.#chunks = new Map(options.manifest.chunks.map((chunk) => [chunk.weights_id, chunk]));
  }

  /** Called once per chunk and pass, in order of access; times of several passes are averaged. */
  onChunkAccess({ mode, weightsId, computeMs }: ChunkAccess): void {
    if (!this.#chunks.has(weightsId)) {
      throw new CmtError(
        'CMT_RECORD_INVALID',
        '',
        `chunk ${weightsId} was accessed, which the weight cache's manifest does not have`,
      );
    }
    requireTime(`compute time of chunk ${weightsId} in ${mode}`, computeMs);
    const times = this.#times[mode].get(weightsId) ?? { totalMs: 0, passes: 0 };
    times.totalMs += computeMs;
    times.passes++;
    this.#times[mode].set(weightsId, times);
  }

  /** What a pass of this mode was: its tokens, and the milliseconds outside the streamed products. */
  setPassTimes(mode: Mode, { tokensPerPass, otherComputeMs }: { tokensPerPass: number; otherComputeMs: number }): void {
    requireTime(`time outside the products in ${mode}`, otherComputeMs);
    this.#passes[mode] = { tokensPerPass, otherComputeMs };
  }

  /** The table of what was recorded. Throws CmtError where a mode or a chunk was not seen. */
  metadata(): ChunkMetadataTable {
    const { manifest, manifestDigest, weightCacheFile, measuredWith } = this.#options;
    const weight_chunks = byMode((mode) =>
      [...this.#times[mode]].map(([id, times], index) => this.#row(mode, index, id, times.totalMs / times.passes)),
    );
    const largest = modes
      .flatMap((mode) => weight_chunks[mode])
      .reduce((most, row) => Math.max(most, row.aligned_size), 0);
    return checkCmt({
      metadata: {
        version: '1.0',
        model: manifest.model.config.name,
        model_digest: manifest.model.digest,
        model_config: manifest.model.config,
        weight_cache: weightCacheFile,
        weight_cache_digest: manifestDigest,
        layout: '8x4',
        chunk_count_by_mode: byMode((mode) => weight_chunks[mode].length),
        total_aligned_size_by_mode: byMode((mode) =>
          weight_chunks[mode].reduce((sum, row) => sum + row.aligned_size, 0),
        ),
        max_aligned_size: largest,
        weight_chunk_buffer_size: largest,
        tokenizer_bytes: manifest.tokenizer.bytes,
        graph_bytes: manifest.graph.bytes,
        tokens_per_pass_by_mode: byMode((mode) => this.#pass(mode).tokensPerPass),
        other_compute_time_by_mode: byMode((mode) => this.#pass(mode).otherComputeMs),
        measured_with: measuredWith,
      },
      weight_chunks,
      units: manifest.chunks.map(unitsOf),
    });
  }

  /** Writes the table to `path`: to a temporary name, synced, then renamed. */
  async writeMetadata(path: string): Promise<void> {
    await writeJsonFile(path, this.metadata());
  }

  #pass(mode: Mode): { tokensPerPass: number; otherComputeMs: number } {
    const pass = this.#passes[mode];
    if (pass === null)
      throw new CmtError('CMT_RECORD_INVALID', '', `no ${mode} pass was recorded; run both modes before writing`);
    return pass;
  }

  #row(mode: Mode, index: number, weightsId: number, computeMs: number): CmtRow {
    const chunk = this.#chunks.get(weightsId) as CachedChunk;
    const alignedOffset = Math.floor(chunk.offset / pageBytes) * pageBytes;
    return {
      chunk_index: index,
      aligned_offset: alignedOffset,
      aligned_size: Math.ceil((chunk.offset + chunk.bytes) / pageBytes) * pageBytes - alignedOffset,
      origin_offset: chunk.offset,
      origin_size: chunk.bytes,
      offset_adjust: chunk.offset - alignedOffset,
      weights_id: weightsId,
      managed_buffer_index: index % 2,
      prefetch_mode: modes.indexOf(mode),
      prefetch_mode_str: mode,
      op: chunk.op,
      tensors: chunk.tensors,
      layout: '8x4',
      kind: chunk.kind,
      rows: chunk.rows,
      columns: chunk.columns,
      avg_compute_time: Number(computeMs.toFixed(6)),
      crc32c: formatCrc32c(wholeSum(chunk)),
    };
  }
}

function byMode<T>(value: (mode: Mode) => T): Record<Mode, T> {
  return { PREFILL: value('PREFILL'), DECODE: value('DECODE') };
}

function requireTime(what: string, milliseconds: number): void {
  if (!Number.isFinite(milliseconds) || milliseconds < 0) {
    throw new CmtError('CMT_RECORD_INVALID', '', `${what} is ${milliseconds} ms, which no clock measures`);
  }
}

function unitsOf(chunk: CachedChunk): CmtUnits {
  return {
    weights_id: chunk.weights_id,
    head: chunk.head,
    gathered: chunk.gathered,
    row_blocks: chunk.row_blocks,
    row_block_bytes: chunk.row_block_bytes,
    unit_row_blocks: chunk.unit_row_blocks,
    paired: chunk.arrangement === 'row-blocks-alternating',
    ...(chunk.experts !== undefined && { experts: chunk.experts }),
    crc32c: chunk.unit_crc32c.map(formatCrc32c),
  };
}

function wholeSum(chunk: CachedChunk): number {
  const unitBytes = chunk.unit_row_blocks * chunk.row_block_bytes;
  return chunk.unit_crc32c.reduce(
    (sum, unit, i) => crc32cCombine(sum, unit, Math.min(unitBytes, chunk.bytes - i * unitBytes)),
    0,
  );
}
