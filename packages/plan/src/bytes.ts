import { PlanError } from './error.ts';

const units: Record<string, number> = {
  '': 1,
  b: 1,
  k: 1e3,
  kb: 1e3,
  m: 1e6,
  mb: 1e6,
  g: 1e9,
  gb: 1e9,
  ki: 1024,
  kib: 1024,
  mi: 1024 ** 2,
  mib: 1024 ** 2,
  gi: 1024 ** 3,
  gib: 1024 ** 3,
};

/** "180MB", "1.5 GiB", "512Mi", "200000000": kB, MB, GB are decimal, KiB, MiB, GiB binary. Throws PlanError. */
export function parseBytes(text: string): number {
  const match = /^\s*(\d{1,15}(?:\.\d{1,9})?)\s*([a-z]*)\s*$/i.exec(text);
  const unit = match === null ? undefined : units[(match[2] as string).toLowerCase()];
  const bytes = match === null || unit === undefined ? Number.NaN : Math.round(Number(match[1]) * unit);
  if (!Number.isSafeInteger(bytes)) {
    throw new PlanError('PLAN_REQUEST_INVALID', '', `"${text}" is no size in bytes; write 180MB, 1.5GiB or 180000000`);
  }
  return bytes;
}

/** Three digits, decimal units: "1.23 GB", "180 MB", "512 B". */
export function formatBytes(bytes: number): string {
  for (const [unit, size] of [
    ['GB', 1e9],
    ['MB', 1e6],
    ['kB', 1e3],
  ] as const) {
    const value = bytes / size;
    // 999.9 MB would round to "1000 MB".
    if (value >= 0.9995) return `${value.toFixed(value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2)} ${unit}`;
  }
  return `${bytes} B`;
}
