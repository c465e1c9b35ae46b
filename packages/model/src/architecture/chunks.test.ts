import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { readGgufHeader } from '../gguf/header.ts';
import { writeRandomGguf } from '../testing/random-gguf.ts';
import { variants } from '../testing/variants.ts';
import { planChunks } from './chunks.ts';
import { readOutline } from './outline.ts';
import { type Changes, llamaHeader } from './testing.ts';

function chunksOf(changes: Changes) {
  const header = llamaHeader(changes);
  return { header, ...planChunks(header, readOutline(header)) };
}

test('chunks of one kind, in order of use', () => {
  const { inOrder, header } = chunksOf({});
  assert.deepEqual(
    inOrder.map(({ name, rows, columns, arrangement }) => [name, rows, columns, arrangement]),
    [
      ['layer 0 qkv', 128, 64, 'concatenated'],
      ['layer 0 attn_output', 64, 64, 'concatenated'],
      ['layer 0 gate_up', 192, 64, 'row-blocks-alternating'],
      ['layer 0 down', 64, 96, 'concatenated'],
      ['layer 1 qkv', 128, 64, 'concatenated'],
      ['layer 1 attn_output', 64, 64, 'concatenated'],
      ['layer 1 gate_up', 192, 64, 'row-blocks-alternating'],
      ['layer 1 down', 64, 96, 'concatenated'],
      ['output head', 40, 64, 'concatenated'],
      ['embedding', 40, 64, 'concatenated'],
    ],
  );
  inOrder.forEach((chunk, index) => {
    assert.equal(chunk.weightsId, index);
    for (const tensor of chunk.tensors) {
      const source = header.tensors.get(tensor.name);
      assert.deepEqual(
        [tensor.offset, tensor.bytes, tensor.rows],
        [source?.offset, source?.bytes, source?.dimensions[1]],
      );
    }
  });
  assert.deepEqual(
    inOrder[0]?.tensors.map((tensor) => tensor.name),
    ['q', 'k', 'v'].map((part) => `blk.0.attn_${part}.weight`),
  );
  assert.deepEqual(
    inOrder[2]?.tensors.map((tensor) => tensor.name),
    ['blk.0.ffn_gate.weight', 'blk.0.ffn_up.weight'],
  );
});

test('the head and the embedding', () => {
  const marks = (changes: Changes) =>
    chunksOf(changes)
      .inOrder.slice(8)
      .map(({ name, op, head, gathered }) => ({ name, op, head, gathered }));
  assert.deepEqual(marks({}), [
    { name: 'output head', op: 'StreamMatMul', head: true, gathered: false },
    { name: 'embedding', op: 'GatherRows', head: false, gathered: true },
  ]);
  assert.deepEqual(marks({ tensors: { 'output.weight': undefined } }), [
    { name: 'output head', op: 'StreamMatMul', head: true, gathered: true },
  ]);
});

test('weights of different kinds are chunks of their own', () => {
  const { inOrder, layers } = chunksOf({
    tensors: { 'blk.0.attn_v.weight': { kind: 'Q8_0' }, 'blk.1.ffn_up.weight': { kind: 'F16' } },
  });
  assert.deepEqual(
    inOrder.slice(0, 10).map(({ name, kind }) => `${name} ${kind}`),
    [
      'layer 0 q Q4_0',
      'layer 0 k Q4_0',
      'layer 0 v Q8_0',
      'layer 0 attn_output Q4_0',
      'layer 0 gate_up Q4_0',
      'layer 0 down Q4_0',
      'layer 1 qkv Q4_0',
      'layer 1 attn_output Q4_0',
      'layer 1 gate Q4_0',
      'layer 1 up F16',
    ],
  );
  assert.equal(layers[0]?.qkv.length, 3);
  assert.equal(layers[1]?.gateUp.length, 2);
});

test('experts are one chunk, after the router and what every token goes through', () => {
  const path = join(mkdtempSync(join(tmpdir(), 'flash-slim-experts-')), 'model.gguf');
  try {
    writeRandomGguf(path, variants.qwen2moe);
    const header = readGgufHeader(path);
    const { inOrder } = planChunks(header, readOutline(header));
    assert.deepEqual(
      inOrder
        .slice(0, 7)
        .map(({ name, rows, columns, arrangement, experts }) => [name, rows, columns, arrangement, experts]),
      [
        ['layer 0 qkv', 128, 64, 'concatenated', undefined],
        ['layer 0 attn_output', 64, 64, 'concatenated', undefined],
        ['layer 0 router', 12, 64, 'concatenated', undefined],
        ['layer 0 shared gate_up', 2 * 96, 64, 'row-blocks-alternating', undefined],
        ['layer 0 shared down', 64, 96, 'concatenated', undefined],
        ['layer 0 gate_up', 2 * 12 * 64, 64, 'row-blocks-alternating', 12],
        ['layer 0 down', 12 * 64, 64, 'concatenated', 12],
      ],
    );
    const mixed = { ...variants.qwen2moe, kinds: { 'blk.0.ffn_up_exps.weight': 'F16' } } as const;
    writeRandomGguf(path, mixed);
    const other = readGgufHeader(path);
    assert.throws(() => planChunks(other, readOutline(other)), {
      code: 'UNSUPPORTED_TYPE',
      message: /ffn_up_exps.*F16/,
    });
  } finally {
    rmSync(dirname(path), { recursive: true });
  }
});

test('gate and up do not alternate where their rows are no whole row blocks', () => {
  // 36 rows are no multiple of 8; F32 rows of 36 values are refused elsewhere, so down is looked at on its own.
  const header = llamaHeader();
  const outline = readOutline(header);
  for (const layer of outline.layers) {
    layer.gate.dimensions[1] = 36;
    layer.up.dimensions[1] = 36;
  }
  assert.deepEqual(
    planChunks(header, outline).layers[0]?.gateUp.map(({ name, rows }) => [name, rows]),
    [
      ['layer 0 gate', 36],
      ['layer 0 up', 36],
    ],
  );
});
