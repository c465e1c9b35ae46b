import assert from 'node:assert/strict';
import test from 'node:test';
import { predictPassMs, readRate } from './predict.ts';
import { residencyOrder } from './residency.ts';
import { syntheticDevice } from './testing.ts';

const work = (computeMs: number[], readMs: number[]) => ({
  computeMs: Float64Array.from(computeMs),
  readMs: Float64Array.from(readMs),
  count: computeMs.length,
});

test('all resident: the sum of the compute', () => {
  assert.equal(predictPassMs(work([1, 2, 3], [0, 0, 0]), 0, 1), 6);
});

test('one slot: reading and computing take turns', () => {
  // Each group waits for the one before: latency, read, compute.
  assert.equal(predictPassMs(work([2, 2], [3, 3]), 1, 0.5), 2 * (0.5 + 3 + 2));
});

test('two slots: the longer of reading and computing, but for the first read', () => {
  const passMs = predictPassMs(work([2, 2, 2, 2], [3, 3, 3, 3]), 2, 0);
  assert.ok(passMs >= 12 && passMs <= 12 + 2 / 4 + 1e-9, `${passMs}`);
  const computeBound = predictPassMs(work([3, 3, 3, 3], [2, 2, 2, 2]), 2, 0);
  assert.ok(computeBound >= 12 && computeBound <= 12 + 2 / 4 + 1e-9, `${computeBound}`);
});

test('deep slots bridge a long computation that two do not', () => {
  const uneven = work([9, 1, 1, 1, 1, 1, 1, 1], [2, 2, 2, 2, 2, 2, 2, 2]);
  assert.ok(predictPassMs(uneven, 6, 0) < 17);
  assert.ok(predictPassMs(uneven, 2, 0) > 20);
});

test('experts are read once it is known which, and so is what follows them', () => {
  const decode = work([1, 4, 4], [0, 2, 2]);
  assert.equal(predictPassMs({ ...decode, waits: Uint8Array.of(0, 1, 0) }, 8, 0.5), 1 + 2.5 + 4 + 4);
  assert.ok(predictPassMs(decode, 8, 0.5) < 10);
});

test('the rate is what was measured at no larger and no deeper reads, never above the best', () => {
  const device = syntheticDevice(1e9);
  device.storage.measurements = device.storage.measurements.slice(0, 3); // 256 KiB x 1, 4, 16
  assert.equal(readRate(device, 256 * 1024, 1), 4e8, 'half of what four reached');
  assert.equal(readRate(device, 256 * 1024, 4), 8e8);
  assert.equal(readRate(device, 2048 * 1024, 16), 1e9);
  assert.equal(readRate(device, 64 * 1024, 16), 5e8, 'a quarter of the block, half of the rate');
  let before = 0;
  for (let depth = 1; depth < 20; depth++) {
    const rate = readRate(device, 128 * 1024, depth);
    assert.ok(rate >= before);
    before = rate;
  }
  device.storage.measurements = [];
  assert.equal(readRate(device, 4096, 1), 1e9);
});

test('residency: every group once, and every prefix spread', () => {
  for (const count of [0, 1, 2, 3, 7, 64, 375, 1000]) {
    const order = residencyOrder(Array.from({ length: count }, (_, i) => 1000 + ((i * 37) % 50)));
    assert.deepEqual(
      [...order].sort((a, b) => a - b),
      Array.from({ length: count }, (_, i) => i),
    );
    for (let taken = 8; taken <= count; taken += 8) {
      const kept = order.slice(0, taken).sort((a, b) => a - b);
      // The longest run between two residents, in shares of the even distance.
      let gap = (kept[0] as number) + 1;
      for (let i = 1; i < taken; i++) gap = Math.max(gap, (kept[i] as number) - (kept[i - 1] as number));
      assert.ok(gap <= Math.ceil((2 * count) / taken) + 1, `${taken} of ${count}: gap ${gap}`);
    }
  }
});

test('residency follows bytes, not positions', () => {
  // One group holds half the bytes: the first choice falls within it.
  assert.equal(residencyOrder([10, 10, 10, 10, 40])[0], 4);
});
