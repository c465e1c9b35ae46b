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

/** Quants 0, 1, 2, ... over all levels, in blocks of 32. */
const ramp = (levels: number) => Array.from({ length: 32 }, (_, i) => (i * 5 + 3) % levels);
const nibblesOf = (quants: number[]) =>
  Array.from({ length: 16 }, (_, i) => ((quants[i] as number) & 15) | (((quants[i + 16] as number) & 15) << 4));
const fifthsOf = (quants: number[]) =>
  [0, 8, 16, 24].map((first) =>
    [0, 1, 2, 3, 4, 5, 6, 7].reduce((bits, i) => bits | (((quants[first + i] as number) >> 4) << i), 0),
  );

test('Q5_0: around 16', () => {
  const quants = ramp(32);
  assert.deepEqual(
    floats('Q5_0', [...half(minusHalf), ...fifthsOf(quants), ...nibblesOf(quants)], 32),
    quants.map((q) => 0 - 0.5 * (q - 16)),
  );
});

test('Q5_1: scale and minimum', () => {
  const quants = ramp(32);
  assert.deepEqual(
    floats('Q5_1', [...half(one), ...half(minusHalf), ...fifthsOf(quants), ...nibblesOf(quants)], 32),
    quants.map((q) => q - 0.5),
  );
});

test('Q4_K and Q5_K: 6-bit scales and minima of 8 sub-blocks', () => {
  // Written out bit by bit, so that nothing here is shared with the code under test.
  const scales = [1, 63, 32, 17, 16, 31, 48, 5];
  const minima = [0, 2, 62, 33, 63, 15, 21, 44];
  const low6 = (list: number[], s: number) => (list[s] as number) & 63;
  const packed = [0, 1, 2, 3].map((s) => low6(scales, s) | ((low6(scales, s + 4) >> 4) << 6));
  packed.push(...[0, 1, 2, 3].map((s) => low6(minima, s) | ((low6(minima, s + 4) >> 4) << 6)));
  packed.push(...[4, 5, 6, 7].map((s) => (low6(scales, s) & 15) | ((low6(minima, s) & 15) << 4)));
  for (const [kind, levels] of [['Q4_K', 16] as const, ['Q5_K', 32] as const]) {
    const quants = Array.from({ length: 256 }, (_, i) => (i * 7 + (i >> 5)) % levels);
    const low = new Array<number>(128).fill(0);
    const high = new Array<number>(32).fill(0);
    quants.forEach((q, i) => {
      const s = Math.floor(i / 32);
      const byte = Math.floor(s / 2) * 32 + (i % 32);
      low[byte] = (low[byte] as number) + (q % 16) * (s % 2 ? 16 : 1);
      high[i % 32] = (high[i % 32] as number) + Math.floor(q / 16) * 2 ** s;
    });
    const block = [...half(minusHalf), ...half(one), ...packed, ...(kind === 'Q5_K' ? high : []), ...low];
    assert.deepEqual(
      floats(kind, [...block, ...block], 512)
        .slice(256)
        .map((value) => value + 0), // 0 may have either sign
      quants.map((q, i) => -0.5 * (scales[i >> 5] as number) * q - (minima[i >> 5] as number) + 0),
    );
  }
});

test('Q6_K: a signed scale for each 16 values', () => {
  const scales = Array.from({ length: 16 }, (_, i) => (i * 37) % 256);
  const quants = Array.from({ length: 256 }, (_, i) => (i * 11 + (i >> 4)) % 64);
  const low = new Array<number>(128).fill(0);
  const high = new Array<number>(64).fill(0);
  quants.forEach((q, i) => {
    const [half128, quarter, l] = [Math.floor(i / 128), Math.floor(i / 32) % 4, i % 32];
    const byte = 64 * half128 + 32 * (quarter % 2) + l;
    low[byte] = (low[byte] as number) + (q % 16) * (quarter >= 2 ? 16 : 1);
    high[32 * half128 + l] = (high[32 * half128 + l] as number) + Math.floor(q / 16) * 4 ** quarter;
  });
  const signed = (byte: number) => (byte < 128 ? byte : byte - 256);
  assert.deepEqual(
    floats('Q6_K', [...low, ...high, ...scales, ...half(minusHalf)], 256).map((value) => value + 0),
    quants.map((q, i) => -0.5 * signed(scales[i >> 4] as number) * (q - 32) + 0),
  );
});

test('BF16: the upper half of a float', () => {
  assert.deepEqual(floats('BF16', [0x80, 0x3f, 0x49, 0xc0, 0x01, 0x00], 3), [1, -3.140625, 2 ** -133]);
});

test('F16 and F32', () => {
  assert.deepEqual(floats('F16', [...half(one), ...half(minusHalf)], 2), [1, -0.5]);
  const bytes = [...new Uint8Array(Float32Array.of(1.1, -3e-39).buffer)];
  assert.deepEqual(floats('F32', bytes, 2), [Math.fround(1.1), Math.fround(-3e-39)]);
});
