// The shape of a command file: commands/NAME.ts exports one `command` of this type and is loaded only when it is asked for.
import type { Command } from 'commander';
import type { Context } from './context.ts';

export interface CommandModule {
  /** Adds arguments and options. --json, --quiet and --help are there already. */
  define(command: Command): void;
  /** Shown at the end of --help: a command line and what it does, one a line. */
  examples: [commandLine: string, meaning: string][];
  /** Further spellings of long flags: { '--tflite-model': '--model' }. Underscores need no entry. */
  aliases?: Record<string, string>;
  run(context: Context, options: Record<string, unknown>, args: string[]): Promise<void>;
}

/** Names and summaries for the overview, without loading the commands. */
export interface CommandEntry {
  name: string;
  summary: string;
  load(): Promise<CommandModule>;
}

/** Types a command's options once, at the edge: `command<GenerateOptions>({ ... })`. */
export function command<Options extends object>(
  definition: Omit<CommandModule, 'run'> & {
    run(context: Context, options: Options, args: string[]): Promise<void>;
  },
): CommandModule {
  const { run, ...rest } = definition;
  return { ...rest, run: (context, options, args) => run(context, options as Options, args) };
}
