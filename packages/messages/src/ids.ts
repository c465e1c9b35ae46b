// Names that everybody computes for himself.
import { createHash } from 'node:crypto';
import type { DeviceProfile } from '@flash-slim/plan';
import type { PlanTarget } from '@flash-slim/proto';

const shortDigest = (parts: unknown[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 24);

/** A target with its defaults. */
export const fullTarget = (target: Partial<PlanTarget>): PlanTarget => ({
  memoryBudgetBytes: target.memoryBudgetBytes ?? 0,
  contextLength: target.contextLength || 2048,
  kvType: target.kvType || 'f16',
});

export function planId(modelDigest: string, deviceClass: string, target: PlanTarget): string {
  const { memoryBudgetBytes, contextLength, kvType } = fullTarget(target);
  return `plan-${shortDigest([modelDigest, deviceClass, memoryBudgetBytes, contextLength, kvType])}`;
}

/** The same request names the same job. */
export const jobId = (spec: unknown): string => `job-${shortDigest([spec])}`;

/** Steps of a quarter: two devices of one kind, measured on two days, are of one class. */
const bandwidthStep = 1.25;

/** What plans depend on. Nodes with equal names share plans, and the profile of the first of them. */
export function deviceClassName(device: DeviceProfile, threads: number): string {
  const { storage } = device;
  const rounded =
    bandwidthStep ** Math.round(Math.log(storage.bandwidth_bytes_per_second / 1e6) / Math.log(bandwidthStep));
  const reader = `${device.io_uring ? 'uring' : 'pread'}${storage.direct ? '' : '-buffered'}${device.huge_pages ? '-huge' : ''}`;
  const name = `${device.architecture}-${device.kernel}-${threads}t-${reader}-${Math.round(rounded)}MBps`;
  return name.replace(/[^A-Za-z0-9_=-]/g, '_');
}
