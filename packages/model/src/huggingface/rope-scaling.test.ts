import assert from 'node:assert/strict';
import { test } from 'node:test';
import { llama3Factors, shapes } from '../testing/shapes.ts';
import { ConfigKeys } from './config-keys.ts';
import { readScaling } from './rope-scaling.ts';

const sizes = { headSize: 64, contextLength: 131072 };
const scaling = (config: Record<string, unknown>) => {
  const { keys, vectors } = readScaling(new ConfigKeys('config.json', { model_type: 'llama', ...config }), sizes);
  return { ...Object.fromEntries(keys), vectors };
};

test('Llama 3 scaling becomes the divisors that its GGUF holds', () => {
  const { vectors, freq_base } = scaling({
    rope_theta: 500000,
    rope_scaling: {
      rope_type: 'llama3',
      factor: 32,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 8192,
    },
  }) as { vectors: Map<string, Float32Array>; freq_base: number };
  assert.equal(freq_base, 500000);
  const divisors = vectors.get('rope_freqs.weight');
  assert.equal(divisors?.length, 32);
  // Waves shorter than 8192 / 4 positions stay, those longer than 8192 are stretched 32 times.
  const expected = llama3Factors(shapes['llama-3.2-1b']);
  for (const [i, value] of divisors?.entries() ?? []) {
    assert.ok(Math.abs(value / (expected?.[i] as number) - 1) < 1e-6, `${i}: ${value}`);
  }
  assert.deepEqual([divisors?.[0], divisors?.[31]], [1, 32]);
});

test('newer files keep the base with the scaling', () => {
  const found = scaling({ rope_parameters: { rope_theta: 1e6, rope_type: 'default', partial_rotary_factor: 0.5 } });
  assert.deepEqual(found, { freq_base: 1e6, dimension_count: 32, vectors: new Map() });
});

test('YaRN leaves to attn_factor what the reader does not compute itself', () => {
  const yarn = { rope_type: 'yarn', factor: 4, original_max_position_embeddings: 32768 };
  const plain = scaling({ rope_scaling: yarn });
  assert.equal(plain['scaling.original_context_length' as keyof typeof plain], 32768);
  assert.equal(plain['scaling.attn_factor' as keyof typeof plain], 1);
  const given = scaling({ rope_scaling: { ...yarn, attention_factor: 1 } });
  assert.equal(given['scaling.attn_factor' as keyof typeof given], 1 / (1 + 0.1 * Math.log(4)));
});

test('LongRoPE has two sets of divisors, and the magnitude of its stretch', () => {
  const list = (value: number) => new Array(32).fill(value);
  const found = scaling({
    original_max_position_embeddings: 4096,
    rope_scaling: { type: 'longrope', short_factor: list(1), long_factor: list(8) },
  });
  assert.deepEqual(found.vectors.get('rope_factors_long.weight'), new Float32Array(32).fill(8));
  const magnitude = Math.sqrt(1 + Math.log(32) / Math.log(4096));
  assert.equal(found['scaling.attn_factor' as keyof typeof found], magnitude);
  assert.throws(() => scaling({ rope_scaling: { type: 'longrope', short_factor: list(1), long_factor: [1] } }), {
    code: 'MODEL_INVALID',
    message: /long_factor/,
  });
});

test('layers with a window may have a base of their own', () => {
  const kinds = (sliding: object) => ({
    rope_parameters: {
      full_attention: { rope_type: 'linear', rope_theta: 1e6, factor: 8 },
      sliding_attention: { rope_theta: 10000, ...sliding },
    },
  });
  const { vectors: _, ...keys } = scaling(kinds({ rope_type: 'default' }));
  const expected = { freq_base: 1e6, dimension_count: 64, freq_base_swa: 10000 };
  assert.deepEqual(keys, { ...expected, 'scaling.type': 'linear', 'scaling.factor': 8 });
  assert.throws(() => scaling(kinds({ rope_type: 'yarn' })), { code: 'UNSUPPORTED_ARCHITECTURE', message: /"yarn"/ });
});
