// The device profile for people: what was found, then one row per kind of read and one column per depth.
import type { DeviceProfile } from '@flash-slim/plan';
import { formatBytes } from '@flash-slim/plan';
import type { Measurement } from './sweep.ts';

const rate = (bytesPerSecond: number) => `${formatBytes(bytesPerSecond)}/s`;
const yesNo = (value: boolean) => (value ? 'yes' : 'no');
const pages = (huge: boolean) => (huge ? 'huge pages' : '4 KB pages');

export function describeDevice(profile: DeviceProfile): string {
  const { storage } = profile;
  const { best } = storage;
  const limit = profile.memory_limit_bytes;
  const facts: [string, string][] = [
    ['CPU', `${profile.architecture}, ${profile.cores} cores, ${profile.instruction_sets.join(' ')}`],
    ['kernel', profile.kernel],
    ['memory', `${formatBytes(profile.memory_total_bytes)}, limit ${limit === null ? 'none' : formatBytes(limit)}`],
    ['huge pages', yesNo(profile.huge_pages)],
    ['io_uring', yesNo(profile.io_uring)],
    ['storage', `${storage.path}, ${storage.direct ? 'O_DIRECT' : 'buffered: this file system has no O_DIRECT'}`],
    ['latency', `${storage.latency_ms.toFixed(3)} ms for 4 KB`],
    [
      'bandwidth',
      `${rate(storage.bandwidth_bytes_per_second)} with ${best.reader}, ${best.depth} x ${blockName(best.block_bytes)}, ` +
        pages(best.huge_pages),
    ],
  ];
  const width = Math.max(...facts.map(([name]) => name.length));
  const lines = facts.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
  return [...lines, '', ...table(storage.measurements)].join('\n');
}

const blockName = (bytes: number) => (bytes < 1 << 20 ? `${bytes >> 10} KB` : `${bytes >> 20} MB`);

function table(measurements: Measurement[]): string[] {
  const depths = [...new Set(measurements.map(({ depth }) => depth))].sort((a, b) => a - b);
  const rows = new Map<string, Map<number, number>>();
  const ordered = measurements.toSorted(
    (a, b) =>
      a.reader.localeCompare(b.reader) || Number(b.huge_pages) - Number(a.huge_pages) || a.block_bytes - b.block_bytes,
  );
  for (const each of ordered) {
    const name = `${each.reader.padEnd(8)}  ${pages(each.huge_pages)}  ${blockName(each.block_bytes).padStart(6)}`;
    const row = rows.get(name) ?? new Map<number, number>();
    rows.set(name, row.set(each.depth, each.bytes_per_second));
  }
  const width = 28;
  const columns = (cells: string[]) => cells.map((cell) => cell.padStart(7)).join('');
  const gigabytes = (bytes: number | undefined) => (bytes === undefined ? '' : (bytes / 1e9).toFixed(2));
  const heading = 'GB/s by reads under way'.padEnd(width) + columns(depths.map(String));
  const body = [...rows].map(
    ([name, row]) => name.padEnd(width) + columns(depths.map((depth) => gigabytes(row.get(depth)))),
  );
  return [heading, ...body];
}
