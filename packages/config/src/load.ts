// Flags, then the environment, then the file, then defaults: the first that has a setting wins.
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { ConfigError } from './error.ts';
import { type Settings, secrets, type Values } from './schema.ts';

export interface ConfigSources {
  /** camelCase, as the command line gives them; undefined where a flag is absent. */
  flags?: Record<string, unknown>;
  environment?: Record<string, string | undefined>;
  /** A JSON file. */
  file?: string | undefined;
}

const prefix = 'FLASH_SLIM_';
/** What has this prefix and is no setting. */
const reserved =
  /^FLASH_SLIM_(HOME|MAX_STORE|DEBUG|CONFIG|ADDON|SANITIZE|NATS_SERVER|MINIO|JAEGER|(TEST|BENCH|FAULT|REFERENCE)\w*|(PROFILER|PLANNER|RUNTIME)_ADDRESS)$/;
const maxFileBytes = 1 << 20;

/** FLASH_SLIM_NATS_USER of natsUser. */
export const environmentName = (setting: string): string =>
  prefix + setting.replace(/[A-Z]|\d+/g, (part) => (/\d/.test(part) ? part : `_${part}`)).toUpperCase();

/** --nats-user of natsUser. */
export const flagName = (setting: string): string =>
  `--${setting.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/**
 * The settings' values. `known` are all settings there are: an environment variable of another service is none of ours, and
 * one of nobody is a mistake. Throws ConfigError with the name that the value was given by.
 */
export function loadConfig<S extends Settings>(settings: S, known: Settings, sources: ConfigSources): Values<S> {
  const { flags = {}, environment = {}, file } = sources;
  const given: Record<string, { value: unknown; by: string }> = {};
  if (file !== undefined)
    for (const [setting, value] of Object.entries(readFile(file))) {
      if (!(setting in known)) throw invalid(`${file}: ${setting}`, 'there is no such setting');
      if (setting in settings) given[setting] = { value, by: `${file}: ${setting}` };
    }
  const names = new Map(Object.keys(known).map((setting) => [environmentName(setting), setting]));
  for (const [name, value] of Object.entries(environment)) {
    if (!name.startsWith(prefix) || value === undefined || reserved.test(name)) continue;
    const setting = names.get(name);
    if (setting === undefined) throw invalid(name, 'there is no such setting; unset it');
    if (setting in settings) given[setting] = { value, by: name };
  }
  for (const [setting, value] of Object.entries(flags))
    if (setting in settings && value !== undefined) given[setting] = { value, by: flagName(setting) };

  const values: Record<string, unknown> = {};
  for (const [setting, type] of Object.entries(settings)) {
    const outcome = z.safeParse(type, given[setting]?.value);
    if (!outcome.success) {
      const { value, by = flagName(setting) } = given[setting] ?? { value: undefined };
      const shown = secrets.has(setting) ? '' : ` (it is ${JSON.stringify(value)})`;
      throw invalid(by, `${outcome.error.issues[0]?.message ?? 'not understood'}${shown}`);
    }
    values[setting] = outcome.data;
  }
  return values as Values<S>;
}

/** For people and for files: without secrets. */
export const printableConfig = (values: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, secrets.has(name) && value !== undefined ? '***' : value]),
  );

function readFile(path: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new ConfigError('CONFIG_UNREADABLE', `cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
  if (text.length > maxFileBytes)
    throw new ConfigError('CONFIG_UNREADABLE', `${path} has more than ${maxFileBytes} bytes`);
  try {
    const value = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch (cause) {
    throw new ConfigError('CONFIG_UNREADABLE', `${path} is not JSON: ${(cause as Error).message}`, { cause });
  }
  throw new ConfigError('CONFIG_UNREADABLE', `${path} is no JSON object`);
}

const invalid = (by: string, what: string) => new ConfigError('CONFIG_INVALID', `${by}: ${what}`);
