import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { writeRandomAdapter } from '../testing/random-adapter.ts';
import { type RawTensor, safetensorsBytes } from '../testing/safetensors-writer.ts';
import { type AdaptedModel, readLoraAdapter } from './adapter.ts';

const directory = mkdtempSync(join(tmpdir(), 'flash-slim-lora-'));
after(() => rmSync(directory, { recursive: true, force: true }));

const shape = { hiddenSize: 64, feedForwardSize: 96, layers: 2, heads: 4, kvHeads: 2, headSize: 16 };
const config = { ...shape, architecture: 'llama', name: 'x', vocabularySize: 10, maxContextLength: 64, tiedHead: true };

function modelOf(names: [name: string, rows: number, columns: number, paired?: boolean][]): AdaptedModel {
  const chunks = [0, 1].flatMap((layer) =>
    names.map(([name, rows, columns, paired = false]) => ({ name: `layer ${layer} ${name}`, rows, columns, paired })),
  );
  return { config, chunks: chunks.map((chunk, weightsId) => ({ weightsId, ...chunk })), graph: new Uint8Array() };
}

const fused = modelOf([
  ['qkv', 128, 64],
  ['attn_output', 64, 64],
  ['gate_up', 192, 64, true],
  ['down', 64, 96],
]);
const apart = modelOf([
  ['q', 64, 64],
  ['k', 32, 64],
  ['v', 32, 64],
  ['attn_output', 64, 64],
  ['gate', 96, 64],
  ['up', 96, 64],
  ['down', 64, 96],
]);

/** An adapter of single tensors. */
function written(tensors: Record<string, number[]>, changes: Record<string, unknown> = {}): string {
  const path = mkdtempSync(join(directory, 'adapter-'));
  const raw = Object.entries(tensors).map(([name, of]): RawTensor => {
    const values = new Float32Array(of.reduce((a, b) => a * b, 1)).map((_, i) => i);
    return { name: `base_model.model.model.${name}.weight`, dtype: 'F32', shape: of, values };
  });
  writeFileSync(join(path, 'adapter_model.safetensors'), safetensorsBytes(raw));
  writeFileSync(
    join(path, 'adapter_config.json'),
    JSON.stringify({ peft_type: 'LORA', r: 4, lora_alpha: 8, ...changes }),
  );
  return path;
}

test('modules are placed in chunks, together or apart', () => {
  writeRandomAdapter(join(directory, 'all'), shape, { rank: 4, alpha: 8 });
  const places = (model: AdaptedModel) =>
    readLoraAdapter(join(directory, 'all'), model)
      .modules.slice(0, 7)
      .map(({ weightsId, rowBegin, pairSide, rows }) => [weightsId, rowBegin, pairSide, rows]);
  assert.deepEqual(places(fused), [
    [0, 0, -1, 64],
    [0, 64, -1, 32],
    [0, 96, -1, 32],
    [1, 0, -1, 64],
    [2, 0, 0, 96],
    [2, 0, 1, 96],
    [3, 0, -1, 64],
  ]);
  assert.deepEqual(
    places(apart),
    [64, 32, 32, 64, 96, 96, 64].map((rows, id) => [id, 0, -1, rows]),
  );
  const { bytes, rank, modules } = readLoraAdapter(join(directory, 'all'), fused);
  assert.equal(rank, 4);
  assert.ok(modules.every((module) => module.scale === 2 && module.interleavedHead === 0));
  assert.equal(bytes, 2 * 4 * 4 * (3 * 64 + 128 + 128 + 2 * 64 + 2 * 96 + 96 + 64));
});

test('a matrix for several parts is shared out by its rows', async () => {
  const path = written({
    'layers.1.self_attn.qkv_proj.lora_A': [4, 64],
    'layers.1.self_attn.qkv_proj.lora_B': [128, 4],
    'layers.1.mlp.gate_up_proj.lora_A': [4, 64],
    'layers.1.mlp.gate_up_proj.lora_B': [192, 4],
  });
  const read: [number, number, number, number, number][] = [];
  for await (const { weightsId, rowBegin, pairSide, a, b } of readLoraAdapter(path, fused).read()) {
    assert.deepEqual([a[1], a.length], [1, 256]);
    read.push([weightsId, rowBegin, pairSide, b.length / 4, (b[0] as number) / 4]);
  }
  assert.deepEqual(read, [
    [4, 0, -1, 64, 0],
    [4, 64, -1, 32, 64],
    [4, 96, -1, 32, 96],
    [6, 0, 0, 96, 0],
    [6, 0, 1, 96, 96],
  ]);
});

test('rank and alpha by name, and scaling by the root of the rank', () => {
  const tensors = {
    'layers.0.self_attn.q_proj.lora_A': [4, 64],
    'layers.0.self_attn.q_proj.lora_B': [64, 4],
    'layers.0.mlp.down_proj.lora_A': [9, 96],
    'layers.0.mlp.down_proj.lora_B': [64, 9],
  };
  const scales = (changes: object) =>
    readLoraAdapter(written(tensors, { rank_pattern: { down_proj: 9 }, ...changes }), apart).modules.map(
      (m) => m.scale,
    );
  assert.deepEqual(scales({}), [2, 8 / 9]);
  assert.deepEqual(scales({ alpha_pattern: { 'layers.0.mlp.down_proj': 3 }, use_rslora: true }), [4, 1]);
});

describe('refused with the reason:', () => {
  const sound = { 'layers.0.self_attn.q_proj.lora_A': [4, 64], 'layers.0.self_attn.q_proj.lora_B': [64, 4] };
  const refused = (path: string, code: string, message: RegExp) =>
    assert.throws(() => readLoraAdapter(path, fused), { name: 'ModelError', code, message });

  test('what is no plain LoRA', () => {
    for (const [changes, message] of [
      [{ peft_type: 'IA3' }, /type "IA3"/],
      [{ use_dora: true }, /DoRA/],
      [{ bias: 'all' }, /biases/],
      [{ modules_to_save: ['lm_head'] }, /lm_head/],
      [{ init_lora_weights: 'pissa_niter_16' }, /base weights that were changed/],
      [{ fan_in_fan_out: true }, /transposed/],
      [{ rank_pattern: { '(a+)+': 8 } }, /only names are read/],
    ] as const)
      refused(written(sound, changes), 'UNSUPPORTED_ADAPTER', message);
    refused(
      written({ ...sound, 'embed_tokens.lora_A': [4, 10], 'embed_tokens.lora_B': [64, 4] }),
      'UNSUPPORTED_ADAPTER',
      /embed_tokens/,
    );
    refused(
      written({ ...sound, 'layers.0.self_attn.q_proj.lora_magnitude_vector': [64] }),
      'UNSUPPORTED_ADAPTER',
      /magnitude/,
    );
  });

  test('another model’s', () => {
    const q = 'layers.0.self_attn.q_proj';
    refused(written({ [`${q}.lora_A`]: [4, 32], [`${q}.lora_B`]: [64, 4] }), 'ADAPTER_MISMATCH', /A of \[4,32\]/);
    refused(written({ [`${q}.lora_A`]: [4, 64], [`${q}.lora_B`]: [32, 4] }), 'ADAPTER_MISMATCH', /B of \[32,4\]/);
    refused(written({ [`${q}.lora_A`]: [8, 64], [`${q}.lora_B`]: [64, 8] }), 'ADAPTER_MISMATCH', /takes \[4,64\]/);
    refused(
      written({ 'layers.7.mlp.up_proj.lora_A': [4, 64], 'layers.7.mlp.up_proj.lora_B': [96, 4] }),
      'ADAPTER_MISMATCH',
      /has 2 layers/,
    );
  });

  test('what is damaged', async () => {
    refused(written({ 'layers.0.self_attn.q_proj.lora_A': [4, 64] }), 'MODEL_INVALID', /only one of A and B/);
    refused(written(sound, { r: 0 }), 'MODEL_INVALID', /rank from 1/);
    refused(written(sound, { lora_alpha: 'x' }), 'MODEL_INVALID', /lora_alpha/);
    refused(written({}), 'MODEL_INVALID', /no tensors/);
    refused(join(directory, 'none'), 'MODEL_UNREADABLE', /adapter_config/);
    const shrinking = written(sound);
    const adapter = readLoraAdapter(shrinking, fused);
    const file = join(shrinking, 'adapter_model.safetensors');
    truncateSync(file, readFileSync(file).length - 100);
    await assert.rejects(
      async () => {
        for await (const _ of adapter.read());
      },
      { code: 'MODEL_TRUNCATED' },
    );
  });
});
