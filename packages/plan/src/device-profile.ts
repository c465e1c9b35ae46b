import { findViolation, readJsonFile, type Validator } from '@flash-slim/cmt';
import { PlanError } from './error.ts';
import { validate } from './generated/validate-device-profile.ts';
import type { DeviceProfile } from './types.ts';

const maxFileBytes = 1024 * 1024;

/** The profile that `value` is. Throws PlanError DEVICE_PROFILE_INVALID with the path of the first offending field. */
export function checkDeviceProfile(value: unknown): DeviceProfile {
  const refuse = (path: string, message: string): never => {
    throw new PlanError('DEVICE_PROFILE_INVALID', path, `${message}; run \`flash-slim probe\` again`);
  };
  const violation = findViolation(validate as Validator, value);
  if (violation !== null) refuse(violation.path, violation.message);
  const profile = value as DeviceProfile;
  const { bandwidth_bytes_per_second: bandwidth, measurements } = profile.storage;
  measurements.forEach((measurement, i) => {
    // A little above is the measuring's own noise.
    if (measurement.bytes_per_second > bandwidth * 1.01) {
      const found = `is ${measurement.bytes_per_second}, above the best rate that the profile claims (${bandwidth})`;
      refuse(`/storage/measurements/${i}/bytes_per_second`, found);
    }
  });
  return profile;
}

/** Reads and checks device_profile.json. There is no default to fall back on: bandwidth is measured. Throws PlanError. */
export async function loadDeviceProfile(path: string): Promise<DeviceProfile> {
  const file = await readJsonFile(path, maxFileBytes);
  if ('reason' in file) {
    const message = `${path}: ${file.reason}; run \`flash-slim probe\` to make it`;
    throw new PlanError('PLAN_UNREADABLE', '', message, { cause: file.cause });
  }
  return checkDeviceProfile(file.value);
}
