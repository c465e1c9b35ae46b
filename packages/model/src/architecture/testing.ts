// A header of architecture llama to change one thing of, over a file that has no data to speak of.
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type GgufHeader, readGgufHeader } from '../gguf/header.ts';
import { rowBytes } from '../gguf/tensor-types.ts';
import { ggufHeader, type MetadataEntry, type TensorEntry } from '../testing/gguf-writer.ts';
import type { GgufKind } from '../types.ts';

const sizes = { hidden: 64, feedForward: 96, heads: 4, kvHeads: 2, headSize: 16, vocabulary: 40, layers: 2 };

type Value = number | string;
export interface Changes {
  /** Keys to set, undefined to leave out; integers become u32, other numbers f32. */
  keys?: Record<string, Value | MetadataEntry | undefined>;
  /** Dimensions or kinds to set, undefined to leave the tensor out. */
  tensors?: Record<string, { dimensions?: number[]; kind?: GgufKind } | undefined>;
}

export const llamaKeys: Record<string, Value> = {
  'general.architecture': 'llama',
  'general.name': 'test',
  'llama.block_count': sizes.layers,
  'llama.context_length': 128,
  'llama.embedding_length': sizes.hidden,
  'llama.feed_forward_length': sizes.feedForward,
  'llama.attention.head_count': sizes.heads,
  'llama.attention.head_count_kv': sizes.kvHeads,
  'llama.attention.layer_norm_rms_epsilon': 0.5 ** 17,
};

function tensors(): Record<string, { dimensions: number[]; kind: GgufKind }> {
  const { hidden, feedForward, heads, kvHeads, headSize, vocabulary } = sizes;
  const matrix = (rows: number, columns: number) => ({ dimensions: [columns, rows], kind: 'Q4_0' as const });
  const norm = { dimensions: [hidden], kind: 'F32' as const };
  const layers = Array.from({ length: sizes.layers }, (_, layer) =>
    Object.entries({
      attn_norm: norm,
      attn_q: matrix(heads * headSize, hidden),
      attn_k: matrix(kvHeads * headSize, hidden),
      attn_v: matrix(kvHeads * headSize, hidden),
      attn_output: matrix(hidden, heads * headSize),
      ffn_norm: norm,
      ffn_gate: matrix(feedForward, hidden),
      ffn_up: matrix(feedForward, hidden),
      ffn_down: matrix(hidden, feedForward),
    }).map(([part, tensor]) => [`blk.${layer}.${part}.weight`, tensor] as const),
  );
  return {
    'token_embd.weight': matrix(vocabulary, hidden),
    ...Object.fromEntries(layers.flat()),
    'output_norm.weight': norm,
    'output.weight': matrix(vocabulary, hidden),
  };
}

function entry(key: string, value: Value | MetadataEntry): MetadataEntry {
  if (typeof value === 'object') return value;
  if (typeof value === 'string') return { key, type: 'string', value };
  return { key, type: Number.isInteger(value) ? 'u32' : 'f32', value };
}

export function llamaHeader(changes: Changes = {}): GgufHeader {
  let end = 0;
  const entries: TensorEntry[] = [];
  const own = tensors();
  for (const name of new Set([...Object.keys(own), ...Object.keys(changes.tensors ?? {})])) {
    const change = changes.tensors?.[name];
    if (change === undefined && name in (changes.tensors ?? {})) continue;
    const tensor = { dimensions: [64], kind: 'F32' as const, ...own[name], ...change };
    entries.push({ name, offset: end, ...tensor });
    const bytes = rowBytes(tensor.kind, tensor.dimensions[0] as number) * (tensor.dimensions[1] ?? 1);
    end += Math.ceil(bytes / 32) * 32;
  }
  const metadata = Object.entries({ ...llamaKeys, ...changes.keys }).flatMap(([key, value]) =>
    value === undefined ? [] : [entry(key, value)],
  );
  const header = ggufHeader(metadata, entries);
  const directory = mkdtempSync(join(tmpdir(), 'flash-slim-model-'));
  try {
    const path = join(directory, 'model.gguf');
    writeFileSync(path, header);
    truncateSync(path, header.length + end);
    return readGgufHeader(path);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
