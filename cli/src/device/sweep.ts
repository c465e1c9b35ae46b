// Which reads to measure, and what to make of the rates: pure, so that it can be tested without a disk.
import type { DeviceFacts, ReadPattern } from '@flash-slim/native';
import type { DeviceProfile } from '@flash-slim/plan';

export type Reads = Omit<ReadPattern, 'seconds'>;
export type Measurement = DeviceProfile['storage']['measurements'][number];

const kilobyte = 1024;
const megabyte = 1024 * kilobyte;
const blockSizes = [256 * kilobyte, megabyte, 2 * megabyte, 4 * megabyte];
const depths = [1, 2, 4, 8, 16];
/** The pread pool has at most 4 threads, so more reads under way are not more work for the device. */
const preadDepths = [1, 2, 4];
/** Memory for the reads under way at once: a device that needs this program has little of it. */
const maxBytesUnderWay = 32 * megabyte;

/** What a quick look is content with: near the knee of every device seen, with one of each other kind beside it. */
const quickReads: Reads[] = [
  { blockBytes: megabyte, depth: 8, hugePages: true, reader: 'io_uring' },
  { blockBytes: 2 * megabyte, depth: 4, hugePages: true, reader: 'io_uring' },
  { blockBytes: 2 * megabyte, depth: 8, hugePages: true, reader: 'io_uring' },
  { blockBytes: 4 * megabyte, depth: 4, hugePages: true, reader: 'io_uring' },
  { blockBytes: 2 * megabyte, depth: 4, hugePages: false, reader: 'io_uring' },
  { blockBytes: 2 * megabyte, depth: 4, hugePages: true, reader: 'pread' },
  { blockBytes: 2 * megabyte, depth: 4, hugePages: false, reader: 'pread' },
];

/** Every kind of read this device can do, the likely best first, so that a sweep cut short still has them. */
export function readsToMeasure(device: Pick<DeviceFacts, 'hugePages' | 'ioUring'>, quick: boolean): Reads[] {
  const possible = ({ hugePages, reader }: Reads) =>
    (device.hugePages || !hugePages) && (device.ioUring || reader === 'pread');
  const likely = quickReads.filter(possible);
  if (quick) return likely;
  const rest = (['io_uring', 'pread'] as const).flatMap((reader) =>
    [true, false].flatMap((hugePages) =>
      blockSizes.flatMap((blockBytes) =>
        (reader === 'pread' ? preadDepths : depths).map((depth) => ({ blockBytes, depth, hugePages, reader })),
      ),
    ),
  );
  return [...likely, ...rest.filter((reads) => possible(reads) && fits(reads) && !likely.some(same(reads)))];
}

const fits = ({ blockBytes, depth }: Reads) => blockBytes * depth <= maxBytesUnderWay;

const same = (a: Reads) => (b: Reads) =>
  a.blockBytes === b.blockBytes && a.depth === b.depth && a.hugePages === b.hugePages && a.reader === b.reader;

export const toMeasurement = (reads: Reads, bytesPerSecond: number): Measurement => ({
  block_bytes: reads.blockBytes,
  depth: reads.depth,
  huge_pages: reads.hugePages,
  reader: reads.reader,
  bytes_per_second: Math.round(bytesPerSecond),
});

/**
 * The reads to plan with: of those within 3% of the fastest (a difference that noise makes as well) the ones that keep
 * the least memory under way, without threads if possible.
 */
export function chooseBest(rates: { reads: Reads; bytesPerSecond: number }[]): Reads {
  const fastest = Math.max(...rates.map(({ bytesPerSecond }) => bytesPerSecond));
  const close = rates.filter(({ bytesPerSecond }) => bytesPerSecond >= 0.97 * fastest);
  const underWay = ({ reads }: { reads: Reads }) => reads.blockBytes * reads.depth;
  const threads = ({ reads }: { reads: Reads }) => (reads.reader === 'pread' ? 1 : 0);
  const [best] = close.sort(
    (a, b) => underWay(a) - underWay(b) || threads(a) - threads(b) || b.bytesPerSecond - a.bytesPerSecond,
  );
  if (best === undefined) throw new RangeError('nothing was measured');
  return best.reads;
}

export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
