// Settings of the services as options of commands.
import {
  commonSettings,
  environmentName,
  flagName,
  loadConfig,
  plannerSettings,
  printableConfig,
  profilerSettings,
  runtimeSettings,
  type Settings,
  secrets,
  serverSettings,
  type Values,
} from '@flash-slim/config';
import type { Command } from 'commander';
import type { Context } from '../context.ts';

export const allSettings = {
  ...commonSettings,
  ...serverSettings,
  ...profilerSettings,
  ...plannerSettings,
  ...runtimeSettings,
};

/** What has a value that is true or false takes no word. */
const switches = new Set(['insecure']);

export function addSettings(command: Command, settings: Settings): void {
  for (const [name, type] of Object.entries(settings)) {
    const flag = switches.has(name) ? flagName(name) : `${flagName(name)} <value>`;
    const advice = secrets.has(name) ? ` (better by ${environmentName(name)}: others see command lines)` : '';
    command.option(flag, `${type.description}${advice}`);
  }
  command
    .option('--config <file>', 'a JSON file of settings; flags and FLASH_SLIM_... variables come first')
    .option('--print-config', 'print the settings as they are, without secrets, and end');
}

/** The settings' values; null where they were only to be printed. */
export function readSettings<S extends Settings>(
  context: Context,
  settings: S,
  flags: Record<string, unknown>,
): Values<S> | null {
  const file = (flags.config ?? process.env.FLASH_SLIM_CONFIG) as string | undefined;
  const config = loadConfig(settings, allSettings, { flags, environment: process.env, file });
  if (flags.printConfig !== true) return config;
  const printable = printableConfig(config);
  context.result(printable, JSON.stringify(printable, null, 2));
  return null;
}
