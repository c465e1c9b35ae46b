import assert from 'node:assert/strict';
import test from 'node:test';
import { shapes } from '@flash-slim/cmt/testing';
import { activationBytes, formatBytes, kvBytes, parseBytes, reserveBytes, slotMemoryBytes } from './index.ts';
import { budgetFor } from './ledger.ts';

const smol = shapes['SmolLM2-135M'].config;
const llama = shapes['Llama-3.2-1B'].config;

test('KV: 46 KB a token for SmolLM2 in f32, 66 KB for the 1B shape; whole blocks of 32 positions', () => {
  assert.equal(kvBytes(smol, 32, 1, 'f32') / 32, 46080);
  assert.equal(kvBytes(llama, 32, 1, 'f32') / 32, 65536);
  assert.equal(kvBytes(llama, 1, 1, 'f32'), kvBytes(llama, 32, 1, 'f32'));
  assert.equal(kvBytes(llama, 33, 3, 'f16'), (64 * 3 * 65536) / 2);
});

test('activations: by hand for one token of SmolLM2', () => {
  const alive = (4 * 576 + (9 + 6) * 64 + 1536) * 4 * 1.5;
  const attention = (9 + 2) * 64 * 4 + 2 * 3 * 1024 * 4;
  const bytes = alive + 1536 * 1.25 + attention + 49152 * 4 + 2 * (9792 + 8192);
  const shape = { tokens: 1, logitRows: 1, threads: 2, contextLength: 1000, gatheredRowBlockBytes: 9792 };
  assert.equal(activationBytes(smol, shape), bytes);
  const experts = { count: 8, used: 2, feedForwardSize: 768, sharedFeedForwardSize: 96 };
  const more = 2 * (768 * 5.25 + 576 * 4 + 64) + 96 * 4;
  assert.equal(activationBytes({ ...smol, experts }, shape), bytes + more);
});

test('a budget for what must fit holds it, and one byte less does not', () => {
  for (const bytes of [0, 1, 99_999_999, 123_456_789, 5e9]) {
    const budget = budgetFor(bytes);
    assert.ok(budget - reserveBytes(budget) >= bytes);
    assert.ok(budget - 1 - reserveBytes(budget - 1) < bytes);
  }
});

test('slots take whole huge pages', () => {
  assert.equal(slotMemoryBytes(0, 0), 0);
  assert.equal(slotMemoryBytes(3, 4096), 2 * 1024 * 1024);
  assert.equal(slotMemoryBytes(7, 2 * 1024 * 1024), 14 * 1024 * 1024);
});

test('sizes are read as people write them', () => {
  const cases: [string, number][] = [
    ['180MB', 180e6],
    ['180 mb', 180e6],
    ['1.5GiB', 1.5 * 1024 ** 3],
    ['512Mi', 512 * 1024 ** 2],
    ['2G', 2e9],
    ['64k', 64e3],
    ['64KiB', 65536],
    ['200000000', 200e6],
    ['7B', 7],
    ['0', 0],
  ];
  for (const [text, bytes] of cases) assert.equal(parseBytes(text), bytes, text);
  for (const text of [
    '',
    'MB',
    '-5MB',
    '1e9',
    '5 bananas',
    '1.2.3MB',
    '0x10',
    '999999999999999GB',
    'NaN',
    `${'9'.repeat(400)}MB`,
  ]) {
    assert.throws(() => parseBytes(text), { code: 'PLAN_REQUEST_INVALID' }, text);
  }
});

test('sizes are written in three digits', () => {
  const cases: [number, string][] = [
    [0, '0 B'],
    [512, '512 B'],
    [1500, '1.50 kB'],
    [999_960, '1.00 MB'],
    [12_345_678, '12.3 MB'],
    [180e6, '180 MB'],
    [999_900_000, '1.00 GB'],
    [3.2e9, '3.20 GB'],
  ];
  for (const [bytes, text] of cases) assert.equal(formatBytes(bytes), text);
});
