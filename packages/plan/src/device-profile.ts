import { findViolation, readJsonFile, type Validator } from '@flash-slim/cmt';
import { PlanError } from './error.ts';
import { validate } from './generated/validate-device-profile.ts';
import type { DeviceProfile } from './types.ts';

const maxFileBytes = 1024 * 1024;

/** The profile that `value` is. Throws PlanError DEVICE_PROFILE_INVALID with the path of the first offending field. */
export function checkDeviceProfile(value: unknown): DeviceProfile {
  const violation = findViolation(validate as Validator, value);
  if (violation !== null) {
    const message = `${violation.message}; run \`flash-slim probe\` again`;
    throw new PlanError('DEVICE_PROFILE_INVALID', violation.path, message);
  }
  return value as DeviceProfile;
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
