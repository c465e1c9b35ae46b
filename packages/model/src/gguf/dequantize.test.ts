import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dequantize } from './dequantize.ts';
import { halfValues } from './half.ts';

const half = (bits: number) => [bits & 255, bits >> 8];
const one = 0x3c00;
const minusHalf = 0xb800;

function floats(kind: Parameters<typeof dequantize>[0], bytes: number[], count: number): number[] {
  const out = new Float32Array(count);
  dequantize(kind, Uint8Array.from(bytes), out);
  return [...out];
}

test('halves', () => {
  const values = halfValues();
  const expected: [number, number][] = [
    [0x0000, 0],
    [0x8000, -0],
    [0x0001, 2 ** -24],
    [0x03ff, 1023 * 2 ** -24],
    [0x0400, 2 ** -14],
    [one, 1],
    [0xc000, -2],
    [0x7bff, 65504],
    [0x7c00, Number.POSITIVE_INFINITY],
    [0xfc00, Number.NEGATIVE_INFINITY],
    [0x7e00, Number.NaN],
  ];
  for (const [bits, value] of expected)
    assert.ok(Object.is(values[bits], value), `${bits.toString(16)} is ${values[bits]}`);
});

test('Q4_0: low nibbles first, then high ones, around 8', () => {
  const quants = Array.from({ length: 16 }, (_, i) => i | ((15 - i) << 4));
  const values = floats('Q4_0', [...half(minusHalf), ...quants], 32);
  assert.deepEqual(
    values.slice(0, 16),
    Array.from({ length: 16 }, (_, i) => 0 - 0.5 * (i - 8)),
  );
  assert.deepEqual(
    values.slice(16),
    Array.from({ length: 16 }, (_, i) => 0 - 0.5 * (7 - i)),
  );
});

test('Q4_1: scale and minimum', () => {
  const quants = Array.from({ length: 16 }, (_, i) => i | ((15 - i) << 4));
  const values = floats('Q4_1', [...half(one), ...half(minusHalf), ...quants], 32);
  assert.deepEqual(
    values.slice(0, 16),
    Array.from({ length: 16 }, (_, i) => i - 0.5),
  );
  assert.deepEqual(
    values.slice(16),
    Array.from({ length: 16 }, (_, i) => 14.5 - i),
  );
});

test('Q8_0: signed bytes, each block with its scale', () => {
  const block = (scale: number, first: number) => [
    ...half(scale),
    ...Array.from({ length: 32 }, (_, i) => (first + i) & 255),
  ];
  const values = floats('Q8_0', [...block(one, -128), ...block(minusHalf, 96)], 64);
  assert.deepEqual(
    values.slice(0, 32),
    Array.from({ length: 32 }, (_, i) => i - 128),
  );
  assert.deepEqual(
    values.slice(32),
    Array.from({ length: 32 }, (_, i) => -0.5 * (96 + i)),
  );
});

test('F16 and F32', () => {
  assert.deepEqual(floats('F16', [...half(one), ...half(minusHalf)], 2), [1, -0.5]);
  const bytes = [...new Uint8Array(Float32Array.of(1.1, -3e-39).buffer)];
  assert.deepEqual(floats('F32', bytes, 2), [Math.fround(1.1), Math.fround(-3e-39)]);
});
