import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { TensorReader } from '../gguf/tensor-data.ts';
import { type TensorType, tensorType } from '../gguf/tensor-types.ts';
import { tinyTokenizer } from '../testing/vocabulary.ts';
import { readOutline } from './outline.ts';
import { inverseFrequencies, type Rotary, readInverseFrequencies } from './rotary.ts';
import { type Changes, llamaHeader, llamaKeys } from './testing.ts';

const outlineOf = (changes: Changes) => readOutline(llamaHeader(changes));
const rotaryOf = (keys: Changes['keys']) => outlineOf({ keys: keys ?? {} }).attention.layers[0]?.rotary as Rotary;
/** The header's keys under another architecture's name. */
const asArchitecture = (architecture: string) => ({
  ...Object.fromEntries(
    Object.entries(llamaKeys).map(([name, value]) => [name.replace('llama.', `${architecture}.`), value]),
  ),
  'general.architecture': architecture,
});
const plainRotary: Rotary = {
  dim: 16,
  interleaved: true,
  base: 10000,
  linearFactor: 1,
  yarn: null,
  magnitude: 1,
  factors: null,
};

describe('the outline', () => {
  test('has the sizes and parts of the file', () => {
    const outline = outlineOf({});
    assert.deepEqual(outline.config, {
      architecture: 'llama',
      name: 'test',
      layers: 2,
      hiddenSize: 64,
      feedForwardSize: 96,
      heads: 4,
      kvHeads: 2,
      headSize: 16,
      vocabularySize: 40,
      maxContextLength: 128,
      tiedHead: false,
    });
    assert.equal(outline.normEpsilon, 0.5 ** 17);
    const { scale, softcap, layers } = outline.attention;
    assert.deepEqual([scale, softcap, outline.logitSoftcap, outline.embeddingScale], [0.25, 0, 0, 1]);
    assert.deepEqual(layers, [
      { window: 0, rotary: plainRotary },
      { window: 0, rotary: plainRotary },
    ]);
    assert.equal(outline.layers[1]?.down.name, 'blk.1.ffn_down.weight');
    assert.equal(outline.head.name, 'output.weight');
  });

  test('without output.weight has a tied head', () => {
    const outline = outlineOf({ tensors: { 'output.weight': undefined } });
    assert.equal(outline.config.tiedHead, true);
    assert.equal(outline.head, outline.embedding);
  });

  test('takes a head size that is not the hidden size by heads', () => {
    const dimensions = { q: [64, 128], k: [64, 64], v: [64, 64], output: [128, 64] };
    const layers = [0, 1].flatMap((layer) =>
      Object.entries(dimensions).map(([part, size]) => [`blk.${layer}.attn_${part}.weight`, { dimensions: size }]),
    );
    const { config } = outlineOf({
      keys: { 'llama.attention.key_length': 32, 'llama.attention.value_length': 32 },
      tensors: Object.fromEntries(layers),
    });
    assert.equal(config.headSize, 32);
  });

  test('takes counts per layer where all are equal, and as many KV heads as heads where none are said', () => {
    const perLayer = (key: string, value: number[]) => ({ key, type: 'i32s', value }) as const;
    assert.equal(
      outlineOf({ keys: { 'llama.attention.head_count_kv': perLayer('llama.attention.head_count_kv', [2, 2]) } }).config
        .kvHeads,
      2,
    );
    const full = { dimensions: [64, 64] };
    const tensors = Object.fromEntries(
      [0, 1].flatMap((l) => ['k', 'v'].map((part) => [`blk.${l}.attn_${part}.weight`, full])),
    );
    assert.equal(outlineOf({ keys: { 'llama.attention.head_count_kv': undefined }, tensors }).config.kvHeads, 4);
  });

  test('has a window in the layers that slide', () => {
    const windows = (keys: Changes['keys']) =>
      outlineOf({ keys: keys ?? {} }).attention.layers.map(({ window }) => window);
    const truths = { key: 'llama.attention.sliding_window_pattern', type: 'bools', value: [false, true] } as const;
    assert.deepEqual(windows({ 'llama.attention.sliding_window': 100 }), [100, 100]);
    assert.deepEqual(windows({ 'llama.attention.sliding_window': 0 }), [0, 0]);
    assert.deepEqual(
      windows({ 'llama.attention.sliding_window': 9, 'llama.attention.sliding_window_pattern': 2 }),
      [9, 0],
    );
    assert.deepEqual(
      windows({ 'llama.attention.sliding_window': 9, 'llama.attention.sliding_window_pattern': truths }),
      [0, 9],
    );
  });

  test('reads linear RoPE scaling under both its names', () => {
    const factor = (keys: Changes['keys']) => rotaryOf(keys).linearFactor;
    assert.equal(factor({ 'llama.rope.scaling.type': 'linear', 'llama.rope.scaling.factor': 4 }), 4);
    assert.equal(factor({ 'llama.rope.scale_linear': 2 }), 2);
    assert.equal(factor({ 'llama.rope.scaling.type': 'none', 'llama.rope.scaling.factor': 4 }), 1);
  });

  test('reads YaRN and what it adds to the magnitude', () => {
    const keys = { 'llama.rope.scaling.type': 'yarn', 'llama.rope.scaling.factor': 4 };
    const rotary = rotaryOf({ ...keys, 'llama.rope.scaling.original_context_length': 32 });
    assert.deepEqual(rotary.yarn, { originalContext: 32, betaFast: 32, betaSlow: 1 });
    assert.ok(Math.abs(rotary.magnitude - (1 + 0.1 * Math.log(4))) < 1e-12);
    assert.equal(rotaryOf({ ...keys, 'llama.rope.scaling.yarn_log_multiplier': 1 }).magnitude, 1);
  });
});

describe('inverse frequencies', () => {
  const rotary = { ...plainRotary, dim: 8 };
  const close = (actual: Float32Array, expected: number[]) =>
    expected.forEach((value, i) => {
      assert.ok(Math.abs((actual[i] as number) / value - 1) < 1e-6, `${actual[i]} for ${value}`);
    });
  test('fall from 1, divided by the scaling', () => {
    close(inverseFrequencies(rotary, null), [1, 0.1, 0.01, 0.001]);
    close(inverseFrequencies({ ...rotary, linearFactor: 4 }, null), [0.25, 0.025, 0.0025, 0.00025]);
    close(inverseFrequencies(rotary, Float32Array.of(1, 2, 8, 32)), [1, 0.05, 0.00125, 0.00003125]);
  });

  test('under YaRN stay where waves are short, are divided where they are long', () => {
    // Over 6,283 positions pair i turns 1000 / 10^i times: from 80 times on it stays, below 1.2 it is scaled wholly.
    const yarn = { originalContext: 2000 * Math.PI, betaFast: 80, betaSlow: 1.2 };
    close(inverseFrequencies({ ...rotary, linearFactor: 4, yarn }, null), [1, 0.1, 0.01 * (0.5 + 0.5 / 4), 0.001 / 4]);
  });

  test('come from sound factors only', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'flash-slim-factors-'));
    const path = join(directory, 'm');
    const tensor = {
      name: 'rope_freqs.weight',
      type: tensorType(0) as TensorType,
      dimensions: [8],
      offset: 0,
      bytes: 32,
    };
    const factors = { short: tensor, long: null, shortContext: 1 };
    const attention = {
      scale: 1,
      softcap: 0,
      temperature: null,
      layers: [{ window: 0, rotary: { ...plainRotary, factors } }],
    };
    try {
      for (const factor of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
        writeFileSync(path, Float32Array.of(1, 1, 1, 1, 1, 1, factor, 1));
        const reader = await TensorReader.open(path);
        await assert.rejects(readInverseFrequencies(path, attention, reader), { code: 'MODEL_INVALID' });
        await reader.close();
      }
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe('refused:', () => {
  const tensor = (name: string, change: NonNullable<Changes['tensors']>[string]): Changes => ({
    tensors: { [name]: change },
  });
  const key = (name: string, value: NonNullable<Changes['keys']>[string]): Changes => ({ keys: { [name]: value } });
  const experts = (keys: Record<string, number>): Changes => ({
    keys: Object.fromEntries(
      Object.entries({ expert_count: 8, expert_used_count: 2, ...keys }).map(([name, value]) => [
        `llama.${name}`,
        value,
      ]),
    ),
  });
  const yarn = (name: string, value: number): Changes => ({
    keys: { 'llama.rope.scaling.type': 'yarn', [`llama.rope.scaling.${name}`]: value },
  });
  const cases: [name: string, code: string, changes: Changes, message: RegExp][] = [
    ['another architecture', 'UNSUPPORTED_ARCHITECTURE', key('general.architecture', 'mamba'), /"mamba".*llama/],
    ['no architecture', 'MODEL_INVALID', key('general.architecture', undefined), /general.architecture is missing/],
    ['an architecture that is a number', 'MODEL_INVALID', key('general.architecture', 7), /is 7/],
    ['experts without a number that is used', 'MODEL_INVALID', key('llama.expert_count', 8), /expert_used_count is mi/],
    ['more experts used than there are', 'MODEL_INVALID', experts({ expert_used_count: 9 }), /at most expert_count, 8/],
    ['experts that are scaled', 'UNSUPPORTED_ARCHITECTURE', experts({ expert_weights_scale: 2.5 }), /scaled by 2.5/],
    ['experts gated otherwise', 'UNSUPPORTED_ARCHITECTURE', experts({ expert_gating_func: 2 }), /function 2/],
    ['experts of odd sizes', 'UNSUPPORTED_SHAPE', experts({ expert_feed_forward_length: 20 }), /20 and 64 rows/],
    ['experts that are missing', 'MODEL_INVALID', experts({}), /blk.0.ffn_gate_inp.weight is missing/],
    [
      'experts of an architecture without',
      'UNSUPPORTED_ARCHITECTURE',
      {
        keys: { ...asArchitecture('smollm3'), 'smollm3.expert_count': 8 },
      },
      /experts \(here 8\) of the architecture smollm3/,
    ],
    ['a split model', 'UNSUPPORTED_ARCHITECTURE', key('split.count', 3), /one of 3 files/],
    [
      'a size that is missing',
      'MODEL_INVALID',
      key('llama.embedding_length', undefined),
      /embedding_length is missing/,
    ],
    ['a size of 0', 'MODEL_INVALID', key('llama.feed_forward_length', 0), /is 0/],
    ['a size that is a text', 'MODEL_INVALID', key('llama.block_count', 'many'), /"many"/],
    ['a size that is broken', 'MODEL_INVALID', key('llama.context_length', 0.5), /0.5/],
    ['no epsilon', 'MODEL_INVALID', key('llama.attention.layer_norm_rms_epsilon', undefined), /epsilon/],
    ['4,294,967,295 layers', 'MODEL_INVALID', key('llama.block_count', 0xffffffff), /blk.2.attn_q.weight is missing/],
    ['KV heads that do not divide the heads', 'MODEL_INVALID', key('llama.attention.head_count_kv', 3), /divisor/],
    [
      'heads that do not divide the hidden size',
      'MODEL_INVALID',
      { keys: { 'llama.attention.head_count': 5, 'llama.attention.head_count_kv': 5 } },
      /divisor/,
    ],
    [
      'values of another size than keys',
      'UNSUPPORTED_ARCHITECTURE',
      key('llama.attention.value_length', 8),
      /values 8/,
    ],
    [
      'heads that differ by layer',
      'UNSUPPORTED_ARCHITECTURE',
      key('llama.attention.head_count', { key: 'llama.attention.head_count', type: 'i32s', value: [4, 2] }),
      /layer to layer/,
    ],
    ['RoPE scaling of an unknown kind', 'UNSUPPORTED_ARCHITECTURE', key('llama.rope.scaling.type', 'su'), /"su"/],
    ['YaRN with an odd key', 'UNSUPPORTED_ARCHITECTURE', yarn('yarn_ext_factor', 0.5), /yarn_ext_factor = 0.5/],
    [
      'a window that may be for any layer',
      'UNSUPPORTED_ARCHITECTURE',
      { keys: { ...asArchitecture('qwen2'), 'qwen2.attention.sliding_window': 64 } },
      /no qwen2.attention.sliding_window_pattern/,
    ],
    ['a beta of 0', 'MODEL_INVALID', yarn('yarn_beta_fast', 0), /yarn_beta_fast is 0/],
    ['rotation of more than a head', 'MODEL_INVALID', key('llama.rope.dimension_count', 18), /head size, 16/],
    ['rotation of an odd number', 'MODEL_INVALID', key('llama.rope.dimension_count', 7), /is 7/],
    [
      'a window pattern of another number of layers',
      'MODEL_INVALID',
      {
        keys: {
          'llama.attention.sliding_window': 8,
          'llama.attention.sliding_window_pattern': {
            key: 'llama.attention.sliding_window_pattern',
            type: 'bools',
            value: [true],
          },
        },
      },
      /2 truth values/,
    ],
    [
      'one bias of three',
      'MODEL_INVALID',
      tensor('blk.0.attn_k.bias', { dimensions: [32] }),
      /blk.0.attn_q.bias is mi/,
    ],
    [
      'a matrix that is missing',
      'MODEL_INVALID',
      tensor('blk.1.ffn_up.weight', undefined),
      /blk.1.ffn_up.weight is missing/,
    ],
    ['no embedding', 'MODEL_INVALID', tensor('token_embd.weight', undefined), /token_embd.weight is missing/],
    [
      'a matrix of another shape',
      'MODEL_INVALID',
      tensor('blk.0.attn_k.weight', { dimensions: [64, 64] }),
      /\[64, 64\].*\[64, 32\]/,
    ],
    ['a norm with rows', 'MODEL_INVALID', tensor('output_norm.weight', { dimensions: [64, 2] }), /output_norm/],
    ['factors of another number', 'MODEL_INVALID', tensor('rope_freqs.weight', { dimensions: [16] }), /rope_freqs/],
    ['a bias', 'UNSUPPORTED_ARCHITECTURE', tensor('blk.0.ffn_up.bias', {}), /blk.0.ffn_up.bias/],
    ['tensors without a part', 'UNSUPPORTED_ARCHITECTURE', { tensors: { extra: {}, another: {} } }, /extra and 1 more/],
    [
      'a vocabulary of another size than the embedding',
      'MODEL_INVALID',
      { keys: Object.fromEntries(tinyTokenizer(288).map((entry) => [entry.key, entry])) },
      /288 tokens.*40/,
    ],
  ];
  for (const [name, code, changes, message] of cases) {
    test(name, () => assert.throws(() => outlineOf(changes), { name: 'ModelError', code, message }));
  }

  test('rows that are no multiple of 32', () => {
    const layers = [0, 1].flatMap((l) => [
      [`blk.${l}.ffn_gate.weight`, { dimensions: [64, 40] }],
      [`blk.${l}.ffn_up.weight`, { dimensions: [64, 40] }],
      [`blk.${l}.ffn_down.weight`, { dimensions: [40, 64], kind: 'F16' }],
    ]);
    const changes = { keys: { 'llama.feed_forward_length': 40 }, tensors: Object.fromEntries(layers) };
    assert.throws(() => outlineOf(changes), { code: 'UNSUPPORTED_SHAPE', message: /40 values.*multiples of 32/ });
  });

  test('a type that is not computed with', () => {
    const header = llamaHeader();
    const q = header.tensors.get('blk.1.attn_q.weight');
    assert.ok(q);
    q.type = { name: 'Q3_K', values: 256, bytes: 110 };
    assert.throws(() => readOutline(header), {
      code: 'UNSUPPORTED_TYPE',
      message: /blk.1.attn_q.weight is Q3_K; .*Q4_K/,
    });
  });
});
