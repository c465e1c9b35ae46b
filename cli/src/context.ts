// What every command is given: where its result goes, where its talk goes, and when to stop.
import { createProgress, type Progress, tellingParent } from './progress.ts';
import type { Signals } from './signals.ts';

export interface Context {
  /** Aborted by Ctrl-C, SIGTERM or a closed pipe. Whatever waits or loops takes it. */
  readonly signal: AbortSignal;
  /** Aborts it. */
  interrupt(exitCode: number): void;
  /** Ctrl-C calls `handler` instead, until the function that is returned is called. */
  takeInterrupts(handler: () => void): () => void;
  /** --json: one object on stdout, nothing else there. */
  readonly json: boolean;
  /** --quiet: no log lines and no progress. */
  readonly quiet: boolean;
  /** A line for people, on stderr. */
  log(line: string): void;
  /** The command's outcome, once: `value` with --json, else `text`, on stdout. */
  result(value: object, text: string): void;
  /** A part of the outcome as it comes (streamed text), on stdout; nothing with --json. */
  write(text: string): void;
  /** Long work that counts towards `total` bytes or steps. */
  progress(label: string, total: number | null, unit: 'bytes' | 'count'): Progress;
}

export function createContext(options: { json?: boolean; quiet?: boolean }, signals: Signals): Context {
  const json = options.json === true;
  const quiet = options.quiet === true;
  return {
    signal: signals.signal,
    interrupt: signals.interrupt,
    takeInterrupts: signals.takeInterrupts,
    json,
    quiet,
    log: (line) => {
      if (!quiet) process.stderr.write(`${line}\n`);
    },
    result: (value, text) => {
      process.stdout.write(json ? `${JSON.stringify(value)}\n` : text === '' ? '' : `${text.replace(/\n$/, '')}\n`);
    },
    write: (text) => {
      if (!json) process.stdout.write(text);
    },
    progress: (label, total, unit) => tellingParent(label, total, createProgress(label, total, unit, quiet)),
  };
}
