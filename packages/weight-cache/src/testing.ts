// Models for this package's tests: raw tensors in a file, at odd offsets, and the ImportedModel that describes them.
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChunkSpec, ImportedModel, ModelConfig, WeightKind } from '@flash-slim/model';
import { kinds } from './layout.ts';

export const config: ModelConfig = {
  architecture: 'llama',
  name: 'tiny',
  layers: 1,
  hiddenSize: 64,
  feedForwardSize: 128,
  heads: 2,
  kvHeads: 1,
  headSize: 32,
  vocabularySize: 40,
  maxContextLength: 128,
  tiedHead: true,
};

export interface ChunkShape {
  kind: WeightKind;
  columns: number;
  rows: number[];
  alternating?: boolean;
  gathered?: boolean;
}

export const tinyShapes: ChunkShape[] = [
  { kind: 'Q8_0', columns: 64, rows: [43], gathered: true },
  { kind: 'Q4_1', columns: 96, rows: [20, 12, 11] },
  { kind: 'Q4_0', columns: 64, rows: [21, 21], alternating: true },
  { kind: 'F16', columns: 128, rows: [37] },
  { kind: 'Q4_0', columns: 2048, rows: [700] },
  { kind: 'Q6_K', columns: 512, rows: [20, 5] },
];

/** Bytes that look random and are the same each time. */
export function noise(bytes: number, seed: number): Uint8Array {
  const out = new Uint32Array(Math.ceil(bytes / 4));
  let state = seed | 1;
  for (let i = 0; i < out.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    out[i] = state;
  }
  return new Uint8Array(out.buffer, 0, bytes);
}

export function makeModel(path: string, shapes: ChunkShape[] = tinyShapes): ImportedModel {
  const parts: Uint8Array[] = [noise(1001, 7)];
  let offset = 1001;
  const chunks = shapes.map((shape, weightsId): ChunkSpec => {
    const tensors = shape.rows.map((rows, t) => {
      const bytes = ((rows * shape.columns) / 32) * (kinds[shape.kind].blockBytes / 8);
      parts.push(noise(bytes, weightsId * 64 + t + 1), new Uint8Array(17));
      const tensor = { name: `w${weightsId}.${t}`, offset, bytes, rows };
      offset += bytes + 17;
      return tensor;
    });
    return {
      weightsId,
      name: `weight ${weightsId}`,
      op: 'StreamMatMul',
      gathered: shape.gathered ?? false,
      head: shape.gathered ?? false,
      kind: shape.kind,
      rows: shape.rows.reduce((a, b) => a + b),
      columns: shape.columns,
      tensors,
      arrangement: shape.alternating ? 'row-blocks-alternating' : 'concatenated',
    };
  });
  writeFileSync(path, Buffer.concat(parts));
  return {
    path,
    files: [{ path, bytes: offset }],
    fileBytes: offset,
    config,
    chunks,
    graph: noise(5000, 99),
    tokenizer: noise(9001, 98),
    chatTemplate: '{{ messages }}',
  };
}

/** One F32 weight of `bytes`, a multiple of 128 KB, in a file without allocated blocks. */
export function makeLargeModel(path: string, bytes: number): ImportedModel {
  const model = makeModel(path, [{ kind: 'F32', columns: 4096, rows: [8] }]);
  const rows = bytes / 16384;
  truncateSync(path, bytes);
  const chunk = model.chunks[0] as ChunkSpec;
  const files = [{ path, bytes }];
  return {
    ...model,
    files,
    fileBytes: bytes,
    chunks: [{ ...chunk, rows, tensors: [{ name: 'w', offset: 0, bytes, rows }] }],
  };
}

/** A directory that is removed when the test ends. */
export function testDirectory(test: { after(cleanUp: () => void): void }): string {
  const directory = mkdtempSync(join(tmpdir(), 'weight-cache-'));
  test.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
