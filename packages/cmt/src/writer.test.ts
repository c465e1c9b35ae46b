import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { writeJsonFile } from './json-file.ts';
import { loadCmt } from './load.ts';
import { shapes, syntheticManifest } from './testing.ts';
import { JsonWeightChunkMetaDataWriter } from './writer.ts';

const shape = shapes['SmolLM2-135M'];
const manifest = syntheticManifest({ ...shape, config: { ...shape.config, layers: 1, vocabularySize: 1024 } });

function newWriter(): JsonWeightChunkMetaDataWriter {
  return new JsonWeightChunkMetaDataWriter({
    manifest,
    manifestDigest: `sha256:${'a'.repeat(64)}`,
    weightCacheFile: 'model.weights',
    measuredWith: { kernel: 'reference', threads: 2 },
  });
}

/** Two passes of each mode; the head only in DECODE. */
function record(writer: JsonWeightChunkMetaDataWriter): void {
  for (const computeMs of [1, 3]) {
    for (const { weights_id: weightsId, head } of manifest.chunks) {
      if (!head) writer.onChunkAccess({ mode: 'PREFILL', weightsId, computeMs: 10 * computeMs });
      writer.onChunkAccess({ mode: 'DECODE', weightsId, computeMs: computeMs + weightsId });
    }
  }
  writer.setPassTimes('PREFILL', { tokensPerPass: 64, otherComputeMs: 5 });
  writer.setPassTimes('DECODE', { tokensPerPass: 1, otherComputeMs: 0.5 });
}

function inDirectory(body: (directory: string) => Promise<void>): () => Promise<void> {
  return async () => {
    const directory = mkdtempSync(join(tmpdir(), 'flash-slim-cmt-'));
    try {
      await body(directory);
    } finally {
      rmSync(directory, { recursive: true });
    }
  };
}

test(
  'what was recorded is written, read back and the same',
  inDirectory(async (directory) => {
    const writer = newWriter();
    record(writer);
    const path = join(directory, 'weight_chunks_metadata_table.json');
    await writer.writeMetadata(path);
    const cmt = await loadCmt(path);
    assert.deepEqual(cmt, writer.metadata());
    assert.deepEqual(readdirSync(directory), ['weight_chunks_metadata_table.json'], 'no temporary file stays');
    assert.deepEqual(
      cmt.weight_chunks.DECODE.map((row) => [row.weights_id, row.avg_compute_time]),
      manifest.chunks.map(({ weights_id: id }) => [id, 2 + id]),
    );
    assert.equal(cmt.weight_chunks.PREFILL.length, manifest.chunks.length - 1);
    assert.equal(cmt.metadata.tokenizer_bytes, manifest.tokenizer.bytes);
    assert.deepEqual(cmt.metadata.tokens_per_pass_by_mode, { PREFILL: 64, DECODE: 1 });
    assert.equal(cmt.units[2]?.paired, true);
    assert.ok(readFileSync(path, 'utf8').split('\n').length < 150, 'a row is a line');
  }),
);

test('an unfinished record is refused', () => {
  const nothing = newWriter();
  assert.throws(() => nothing.metadata(), { code: 'CMT_RECORD_INVALID', message: /no PREFILL pass/ });
  const oneChunk = newWriter();
  oneChunk.onChunkAccess({ mode: 'DECODE', weightsId: 0, computeMs: 1 });
  oneChunk.setPassTimes('PREFILL', { tokensPerPass: 64, otherComputeMs: 5 });
  oneChunk.setPassTimes('DECODE', { tokensPerPass: 1, otherComputeMs: 5 });
  assert.throws(() => oneChunk.metadata(), { code: 'CMT_INVALID', path: '/weight_chunks/DECODE/0/weights_id' });
});

test('accesses that cannot be are refused', () => {
  const writer = newWriter();
  assert.throws(() => writer.onChunkAccess({ mode: 'DECODE', weightsId: 99, computeMs: 1 }), {
    code: 'CMT_RECORD_INVALID',
  });
  for (const computeMs of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => writer.onChunkAccess({ mode: 'DECODE', weightsId: 0, computeMs }), {
      code: 'CMT_RECORD_INVALID',
    });
    assert.throws(() => writer.setPassTimes('DECODE', { tokensPerPass: 1, otherComputeMs: computeMs }), {
      code: 'CMT_RECORD_INVALID',
    });
  }
});

test(
  'files that are no table are refused with the reason',
  inDirectory(async (directory) => {
    const path = join(directory, 'cmt.json');
    await assert.rejects(loadCmt(path), { code: 'CMT_UNREADABLE', message: /ENOENT.*flash-slim profile/ });
    await assert.rejects(loadCmt(directory), { code: 'CMT_UNREADABLE' });
    const writer = newWriter();
    record(writer);
    await writer.writeMetadata(path);
    const whole = readFileSync(path);
    writeFileSync(path, whole.subarray(0, whole.length / 2));
    await assert.rejects(loadCmt(path), { code: 'CMT_UNREADABLE', message: /is not JSON/ });
    writeFileSync(path, Buffer.alloc(65 * 1024 * 1024, 32));
    await assert.rejects(loadCmt(path), { code: 'CMT_UNREADABLE', message: /more than the/ });
  }),
);

test(
  'a write that fails leaves the old file and nothing else',
  inDirectory(async (directory) => {
    const path = join(directory, 'file.json');
    await writeJsonFile(path, { a: [1, 2], b: [{ c: 1 }], d: {}, e: [] });
    const before = readFileSync(path, 'utf8');
    assert.deepEqual(JSON.parse(before), { a: [1, 2], b: [{ c: 1 }], d: {}, e: [] });
    await assert.rejects(writeJsonFile(path, { toJSON: null, big: 1n }), TypeError);
    await assert.rejects(writeJsonFile(join(directory, 'none', 'x.json'), {}), { code: 'ENOENT' });
    assert.equal(readFileSync(path, 'utf8'), before);
    assert.deepEqual(readdirSync(directory), ['file.json']);
  }),
);
