import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseBest, median, type Reads, readsToMeasure } from './sweep.ts';

const device = { hugePages: true, ioUring: true };

test('a full sweep covers every block size, depth, page size and reader, each kind once', () => {
  const kinds = readsToMeasure(device, false);
  const seen = <Key extends keyof Reads>(key: Key) => [...new Set(kinds.map((reads) => reads[key]))].sort();
  assert.equal(new Set(kinds.map((reads) => JSON.stringify(reads))).size, kinds.length);
  assert.deepEqual(
    seen('blockBytes')
      .map(Number)
      .toSorted((a, b) => a - b),
    [1, 4, 8, 16].map((n) => n << 18),
  );
  assert.deepEqual(
    seen('depth')
      .map(Number)
      .toSorted((a, b) => a - b),
    [1, 2, 4, 8, 16],
  );
  assert.deepEqual(seen('hugePages'), [false, true]);
  assert.deepEqual(seen('reader'), ['io_uring', 'pread']);
});

test('the reads under way never take more than 32 MiB, 16 MiB for a quick look', () => {
  const most = (quick: boolean) =>
    Math.max(...readsToMeasure(device, quick).map(({ blockBytes, depth }) => blockBytes * depth));
  assert.equal(most(false), 32 << 20);
  assert.equal(most(true), 16 << 20);
});

test('what the device cannot do is not tried, and something is always left', () => {
  for (const quick of [true, false]) {
    for (const hugePages of [true, false]) {
      for (const ioUring of [true, false]) {
        const kinds = readsToMeasure({ hugePages, ioUring }, quick);
        assert.ok(kinds.length > 0);
        assert.ok(kinds.every((reads) => (hugePages || !reads.hugePages) && (ioUring || reads.reader === 'pread')));
      }
    }
  }
});

test('of rates alike the one that needs the least memory is chosen', () => {
  const reads = (blockBytes: number, depth: number, reader: Reads['reader'] = 'io_uring'): Reads => ({
    blockBytes,
    depth,
    hugePages: true,
    reader,
  });
  const rates = [
    { reads: reads(4 << 20, 8), bytesPerSecond: 1000 },
    { reads: reads(2 << 20, 4, 'pread'), bytesPerSecond: 990 },
    { reads: reads(2 << 20, 4), bytesPerSecond: 985 },
    { reads: reads(1 << 20, 1), bytesPerSecond: 400 },
  ];
  assert.deepEqual(chooseBest(rates), reads(2 << 20, 4));
  assert.deepEqual(chooseBest(rates.slice(3)), reads(1 << 20, 1));
  assert.throws(() => chooseBest([]), RangeError);
});

test('median', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 3, 2]), 2.5);
  assert.ok(Number.isNaN(median([])));
});
