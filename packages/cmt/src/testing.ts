// Chunk metadata tables without a model: published shapes, made-up sums and times. For tests and simulations.
import type { ModelConfig, WeightKind } from '@flash-slim/model';
import type { CachedChunk, CacheManifest } from '@flash-slim/weight-cache';
import { blockBytes } from './check.ts';
import type { ChunkMetadataTable } from './types.ts';
import { JsonWeightChunkMetaDataWriter } from './writer.ts';

export interface SyntheticModel {
  config: ModelConfig;
  kind: WeightKind;
  headKind: WeightKind;
}

const llama = { architecture: 'llama', tiedHead: true };

/** Shapes as published in each model's config.json. */
export const shapes = {
  'SmolLM2-135M': {
    config: {
      ...llama,
      name: 'SmolLM2-135M',
      layers: 30,
      hiddenSize: 576,
      feedForwardSize: 1536,
      heads: 9,
      kvHeads: 3,
      headSize: 64,
      vocabularySize: 49152,
      maxContextLength: 8192,
    },
    kind: 'Q4_1',
    headKind: 'Q8_0',
  },
  'Llama-3.2-1B': {
    config: {
      ...llama,
      name: 'Llama-3.2-1B',
      layers: 16,
      hiddenSize: 2048,
      feedForwardSize: 8192,
      heads: 32,
      kvHeads: 8,
      headSize: 64,
      vocabularySize: 128256,
      maxContextLength: 131072,
    },
    kind: 'Q4_0',
    headKind: 'Q4_0',
  },
  'Llama-3.1-8B': {
    config: {
      ...llama,
      name: 'Llama-3.1-8B',
      layers: 32,
      hiddenSize: 4096,
      feedForwardSize: 14336,
      heads: 32,
      kvHeads: 8,
      headSize: 128,
      vocabularySize: 128256,
      maxContextLength: 131072,
      tiedHead: false,
    },
    kind: 'Q4_0',
    headKind: 'Q8_0',
  },
} as const satisfies Record<string, SyntheticModel>;

export interface SyntheticTimes {
  /** Weight bytes per second that one token is computed at. */
  bytesPerSecond: number;
  /** How much longer each further token takes, as a share of the first. */
  perFurtherToken: number;
  prefillTokens: number;
  /** Milliseconds per pass outside the products, for one token. */
  otherMs: number;
}

/** Two cores of a current server: 20 GB/s at one token, a third as long again for each further one. */
export const defaultTimes: SyntheticTimes = {
  bytesPerSecond: 20e9,
  perFurtherToken: 0.33,
  prefillTokens: 64,
  otherMs: 2,
};

/** Mulberry32: numbers in [0, 1), the same for the same seed everywhere. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** The manifest that a weight cache of this model would have, with made-up checksums. Units have about `unitBytes`. */
export function syntheticManifest(model: SyntheticModel, unitBytes = 65536, seed = 1): CacheManifest {
  const { config: c, kind, headKind } = model;
  const random = seededRandom(seed);
  const chunks: CachedChunk[] = [];
  let offset = 4096;
  const add = (name: string, rows: number, columns: number, more: Partial<CachedChunk>): void => {
    const rowBlockBytes = (columns / 32) * blockBytes[more.kind ?? kind];
    const paired = more.arrangement === 'row-blocks-alternating';
    const perUnit = Math.max(1, Math.floor(unitBytes / rowBlockBytes));
    const rowBlocks = Math.ceil(rows / 8);
    let unitRowBlocks = more.gathered ? 1 : paired ? perUnit + (perUnit % 2) : perUnit;
    // An expert is whole units.
    while (more.experts && (rowBlocks / more.experts) % unitRowBlocks !== 0) unitRowBlocks -= paired ? 2 : 1;
    chunks.push({
      weights_id: chunks.length,
      name,
      op: 'StreamMatMul',
      gathered: false,
      head: false,
      kind,
      rows,
      columns,
      offset,
      bytes: rowBlocks * rowBlockBytes,
      row_blocks: rowBlocks,
      row_block_bytes: rowBlockBytes,
      unit_row_blocks: unitRowBlocks,
      unit_crc32c: Array.from({ length: Math.ceil(rowBlocks / unitRowBlocks) }, () =>
        Math.floor(random() * 4294967296),
      ),
      tensors: [name],
      arrangement: 'concatenated',
      ...more,
    });
    offset = Math.ceil((offset + rowBlocks * rowBlockBytes) / 4096) * 4096;
  };
  if (!c.tiedHead)
    add('embedding', c.vocabularySize, c.hiddenSize, { op: 'GatherRows', gathered: true, kind: headKind });
  for (let layer = 0; layer < c.layers; layer++) {
    add(`layer ${layer} qkv`, (c.heads + 2 * c.kvHeads) * c.headSize, c.hiddenSize, {});
    add(`layer ${layer} attention output`, c.hiddenSize, c.heads * c.headSize, {});
    const { count = 1, feedForwardSize = c.feedForwardSize } = c.experts ?? {};
    const experts = c.experts && { experts: count };
    const pairs = { arrangement: 'row-blocks-alternating', ...experts } as const;
    if (experts) add(`layer ${layer} router`, count, c.hiddenSize, { kind: 'F32' });
    add(`layer ${layer} gate_up`, 2 * count * feedForwardSize, c.hiddenSize, pairs);
    add(`layer ${layer} down`, count * c.hiddenSize, feedForwardSize, { ...experts });
  }
  add('head', c.vocabularySize, c.hiddenSize, { head: true, gathered: c.tiedHead, kind: headKind });
  return {
    format: 'flash-slim weight cache',
    layout_version: 1,
    model: { digest: `sha256:${'1'.repeat(64)}`, file_bytes: offset, config: { ...c } },
    chat_template: null,
    chunks,
    tokenizer: { offset, bytes: c.vocabularySize * 24, sha256: '2'.repeat(64) },
    graph: { offset: offset + c.vocabularySize * 24, bytes: 200_000, sha256: '3'.repeat(64) },
  };
}

/** The table that profiling such a model would give. Prefill passes want no logits, so PREFILL has no row of the head. */
export function syntheticCmt(
  model: SyntheticModel,
  times: SyntheticTimes = defaultTimes,
  unitBytes = 65536,
  seed = 1,
): ChunkMetadataTable {
  const manifest = syntheticManifest(model, unitBytes, seed);
  const writer = new JsonWeightChunkMetaDataWriter({
    manifest,
    manifestDigest: `sha256:${'4'.repeat(64)}`,
    weightCacheFile: 'model.weights',
    measuredWith: { kernel: 'avx2', threads: 2 },
  });
  const growth = 1 + times.perFurtherToken * (times.prefillTokens - 1);
  for (const chunk of manifest.chunks) {
    if (chunk.op === 'GatherRows') continue;
    const computeMs = (chunk.bytes / times.bytesPerSecond) * 1000;
    if (!chunk.head)
      writer.onChunkAccess({ mode: 'PREFILL', weightsId: chunk.weights_id, computeMs: computeMs * growth });
    writer.onChunkAccess({ mode: 'DECODE', weightsId: chunk.weights_id, computeMs });
  }
  writer.setPassTimes('PREFILL', { tokensPerPass: times.prefillTokens, otherComputeMs: times.otherMs * growth });
  writer.setPassTimes('DECODE', { tokensPerPass: 1, otherComputeMs: times.otherMs });
  return writer.metadata();
}

/** A table of a real weight cache as if every chunk took `computeMs`, and what lies between them as long. */
export function evenTimes(
  cache: { manifest: CacheManifest; manifestDigest: string },
  { computeMs = 1, prefillTokens = 16 } = {},
): JsonWeightChunkMetaDataWriter {
  const { manifest, manifestDigest } = cache;
  const measuredWith = { kernel: 'reference', threads: 1 };
  const writer = new JsonWeightChunkMetaDataWriter({
    manifest,
    manifestDigest,
    weightCacheFile: 'weights.fsw',
    measuredWith,
  });
  for (const mode of ['PREFILL', 'DECODE'] as const) {
    for (const { op, weights_id: weightsId } of manifest.chunks)
      if (op === 'StreamMatMul') writer.onChunkAccess({ mode, weightsId, computeMs });
    writer.setPassTimes(mode, { tokensPerPass: mode === 'PREFILL' ? prefillTokens : 1, otherComputeMs: computeMs });
  }
  return writer;
}
