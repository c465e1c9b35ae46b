// The flash-slim command: finds the command asked for, loads it alone, and turns what it throws into one sentence and an
// exit code. With --json stdout holds exactly one JSON object, whatever happens.
import { Command, CommanderError } from 'commander';
import { normalizeArguments } from './arguments.ts';
import type { CommandEntry, CommandModule } from './command.ts';
import { commands } from './commands/index.ts';
import { createContext } from './context.ts';
import { exitCodes, toFailure, usageError } from './errors.ts';
import { type Signals, watchSignals } from './signals.ts';
import { version } from './version.ts';

/** How long a process whose command has ended may linger over open handles. */
const exitGraceMilliseconds = 500;

/** Runs the command line and sets the process's exit code. Never rejects. */
export async function main(argv: string[]): Promise<void> {
  const signals = watchSignals();
  const { signal, release } = signals;
  try {
    await runCommandLine(argv, signals);
    process.exitCode = signal.aborted ? toFailure(undefined, signal).exitCode : 0;
  } catch (error) {
    const failure = toFailure(error, signal);
    process.exitCode = failure.exitCode;
    if (failure.exitCode !== exitCodes.pipeClosed) report(failure, argv.includes('--json'));
    if (failure.code === 'INTERNAL' && process.env.FLASH_SLIM_DEBUG) console.error(error);
  }
  release();
  setTimeout(() => process.exit(), exitGraceMilliseconds).unref();
}

function report({ code, message }: { code: string; message: string }, json: boolean): void {
  process.stderr.write(`flash-slim: ${message}\n`);
  if (json) process.stdout.write(`${JSON.stringify({ error: { code, message } })}\n`);
}

async function runCommandLine(argv: string[], signals: Signals): Promise<void> {
  // The command is the first word: options belong to commands, so nothing but --help and --version can precede it.
  const entry = commands.find(({ name }) => name === (argv[0] === 'help' ? argv[1] : argv[0]));
  const program = overview();
  if (entry === undefined) {
    const word = argv[0];
    if (word !== undefined && !word.startsWith('-') && word !== 'help') {
      throw usageError(`unknown command '${word}'; there are ${commands.map(({ name }) => name).join(', ')}`);
    }
    if (word === undefined) throw usageError('which command? "flash-slim --help" lists them');
    return await parse(program, argv);
  }
  const module = await entry.load();
  const command = program.commands.find((candidate) => candidate.name() === entry.name) as Command;
  addOptions(command, module);
  command.action(async () => {
    const options = command.opts();
    await module.run(createContext(options, signals), options, command.args);
  });
  const flags = new Set(command.options.flatMap(({ long }) => (long ? [long] : [])));
  await parse(program, normalizeArguments(argv, flags, module.aliases ?? {}));
}

function overview(): Command {
  const program = new Command('flash-slim')
    .description('Runs language models whose weights do not fit in memory, by streaming them from flash.')
    .version(version, '--version', 'print the version')
    .helpOption('--help', 'show this help')
    .addHelpText('after', '\n"flash-slim COMMAND --help" shows a command\'s options and examples.');
  quieten(program);
  for (const entry of commands) addCommand(program, entry);
  return program;
}

function addCommand(program: Command, { name, summary }: CommandEntry): void {
  quieten(program.command(name).description(summary).helpOption('--help', 'show this help'));
}

function addOptions(command: Command, module: CommandModule): void {
  module.define(command);
  command.option('--json', 'print one JSON object on stdout, and nothing else there');
  command.option('--quiet', 'no progress and no log lines');
  const width = Math.max(...module.examples.map(([line]) => line.length));
  const lines = module.examples.map(([line, meaning]) => `  ${line.padEnd(width)}  ${meaning}`);
  command.addHelpText('after', `\nExamples:\n${lines.join('\n')}`);
}

// Commander would print its errors and end the process itself; main() does both, in one place.
const quieten = (command: Command) => command.exitOverride().configureOutput({ writeErr: () => {} });

async function parse(program: Command, argv: string[]): Promise<void> {
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return; // --help, --version
    throw usageError(error.message.replace(/^error: /, '').replace(/\s+/g, ' '));
  }
}
