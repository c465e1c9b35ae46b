import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { readOutline } from '../architecture/outline.ts';
import { plainLogits } from '../export/testing.ts';
import { halfValues } from '../gguf/half.ts';
import { readGgufHeader } from '../gguf/header.ts';
import { TensorReader } from '../gguf/tensor-data.ts';
import type { GgufKind } from '../types.ts';
import { type RandomGgufOptions, writeRandomGguf } from './random-gguf.ts';
import { toHalf } from './random-rows.ts';
import { shapes } from './shapes.ts';

const directory = mkdtempSync(join(tmpdir(), 'flash-slim-random-'));
after(() => rmSync(directory, { recursive: true }));
const path = join(directory, 'model.gguf');
const smallKinds: GgufKind[] = ['F32', 'F16', 'BF16', 'Q8_0', 'Q4_0', 'Q4_1', 'Q5_0', 'Q5_1'];
const kinds: GgufKind[] = [...smallKinds, 'Q4_K', 'Q5_K', 'Q6_K'];
/** Columns that the kind's blocks divide. */
const columnsOf = (kind: GgufKind) => (smallKinds.includes(kind) ? 64 : 256);
const shapeOf = (kind: GgufKind) => ({
  hiddenSize: columnsOf(kind),
  feedForwardSize: 2 * columnsOf(kind),
  headSize: columnsOf(kind) / shapes.tiny.heads,
});

const bytesOf = (options: RandomGgufOptions) => {
  writeRandomGguf(path, options);
  return readFileSync(path);
};
const mean = (values: Iterable<number>) => {
  const all = [...values];
  return all.reduce((sum, value) => sum + value, 0) / all.length;
};
const largest = (values: Float64Array) =>
  values.reduce((best, value, i) => (value > (values[best] as number) ? i : best), 0);

test('the same options give the same bytes, another seed gives others', () => {
  assert.deepEqual(bytesOf({ seed: 7 }), bytesOf({ seed: 7 }));
  assert.notDeepEqual(bytesOf({ seed: 7 }), bytesOf({ seed: 8 }));
});

test('halves are the nearest ones', () => {
  const values = halfValues();
  for (const value of [1, -1, 0.1, -0.333, 65504, 2 ** -14, 1.9999, 0.0123]) {
    const bits = toHalf(value);
    const off = (neighbour: number) => Math.abs((values[neighbour] as number) - value);
    assert.ok(off(bits) <= off(bits - 1) && !(off(bits) > off(bits + 1)), `${value} became ${values[bits]}`);
  }
});

for (const kind of kinds) {
  test(`${kind} weights have mean 0 and the deviation that keeps products at 1`, async () => {
    const written = writeRandomGguf(path, { kind, shape: shapeOf(kind) });
    assert.equal(written.fileBytes, readFileSync(path).length);
    const tensor = readGgufHeader(path).tensors.get('blk.1.ffn_gate.weight');
    assert.ok(tensor);
    assert.equal(tensor.type.name, kind);
    const reader = await TensorReader.open(path);
    const values = await reader.floats(tensor);
    await reader.close();
    const deviation = Math.sqrt(mean(values.map((value) => value * value)));
    const columns = columnsOf(kind);
    assert.ok(Math.abs(deviation * Math.sqrt(columns) - 1) < 0.05, `deviation ${deviation} for ${columns} columns`);
    assert.ok(Math.abs(mean(values)) < 0.05 * deviation, `mean ${mean(values)}`);
  });
}

test('kinds, head and vocabulary are as asked', () => {
  writeRandomGguf(path, {
    kind: 'Q4_1',
    headKind: 'F16',
    tiedHead: false,
    kinds: { 'blk.0.attn_v.weight': 'Q8_0' },
    vocabularySize: 333,
    shape: { layers: 2, hiddenSize: 96, headSize: 24 },
  });
  const header = readGgufHeader(path);
  const { config } = readOutline(header);
  assert.deepEqual([config.layers, config.hiddenSize, config.vocabularySize, config.tiedHead], [2, 96, 333, false]);
  const kindOf = (name: string) => header.tensors.get(name)?.type.name;
  assert.equal(kindOf('token_embd.weight'), 'Q8_0');
  assert.equal(kindOf('output.weight'), 'F16');
  assert.equal(kindOf('blk.0.attn_v.weight'), 'Q8_0');
  assert.equal(kindOf('blk.0.attn_q.weight'), 'Q4_1');
  assert.throws(() => writeRandomGguf(path, { vocabularySize: 100 }), RangeError);
});

test('a tokenizer is copied as it stands', () => {
  const source = join(directory, 'source.gguf');
  writeRandomGguf(source, { vocabularySize: 512 });
  writeRandomGguf(path, { tokenizerFrom: source, kind: 'F16' });
  const [from, to] = [readGgufHeader(source), readGgufHeader(path)];
  const keys = [...from.metadata.keys()].filter((key) => key.startsWith('tokenizer.'));
  assert.ok(keys.length > 8);
  for (const key of keys) assert.deepEqual(to.metadata.get(key), from.metadata.get(key), key);
  assert.equal(readOutline(to).config.vocabularySize, 512);
});

describe('what comes out', () => {
  const tokens = [5, 80, 33, 200, 7, 150];

  for (const layers of [1, 12]) {
    test(`logits after ${layers} layers are neither flat nor wild`, async () => {
      writeRandomGguf(path, { shape: { layers } });
      const last = (await plainLogits(path, tokens)).at(-1) as Float64Array;
      const deviation = Math.sqrt(mean(last.map((value) => value * value)));
      assert.ok(deviation > 0.7 && deviation < 3, `deviation ${deviation}`);
    });
  }

  for (const kind of kinds) {
    for (const tiedHead of [true, false]) {
      test(`peaky ${kind} with ${tiedHead ? 'a tied' : 'an untied'} head has one token far ahead`, async () => {
        writeRandomGguf(path, { kind, tiedHead, peaky: true, shape: shapeOf(kind) });
        const rows = await plainLogits(path, tokens);
        rows.forEach((row, t) => {
          const best = largest(row);
          assert.equal(best, (tokens[t] as number) + (tiedHead ? 0 : 1));
          const second = Math.max(...row.filter((_, i) => i !== best));
          const range = (row[best] as number) - Math.min(...row);
          assert.ok(
            (row[best] as number) - second > 0.1 * range,
            `token ${t}: ${row[best]}, then ${second}, range ${range}`,
          );
        });
      });
    }
  }
});
