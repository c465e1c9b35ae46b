// Work in a process of its own: imports, probes and profiles take memory that the process that serves must not hold.
import { spawn } from 'node:child_process';
import { releaseBinaryPages } from '@flash-slim/native';
import type { Context } from './context.ts';
import { CliError } from './errors.ts';

/** How far a child is, or a child of its own. */
export interface ChildProgress {
  label: string;
  done: number;
  total: number | null;
}

/** To this process's own parent, if it has one that listens. */
const forwardProgress = (progress: ChildProgress): void => void process.send?.({ progress });

/**
 * Runs `flash-slim ...args --json` in a child and returns its JSON; progress and log go to this process's stderr. A failed
 * child's error is thrown as its own. Aborting ends the child too.
 */
export async function runChild<T>(
  context: Pick<Context, 'signal' | 'quiet'>,
  args: string[],
  onProgress: (progress: ChildProgress) => void = forwardProgress,
): Promise<T> {
  context.signal.throwIfAborted();
  releaseBinaryPages();
  const command = [
    ...process.execArgv,
    process.argv[1] as string,
    ...args,
    '--json',
    ...(context.quiet ? ['--quiet'] : []),
  ];
  const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  child.on('message', ({ progress }: { progress: ChildProgress }) => onProgress(progress));
  // SIGTERM first: it removes what is half made.
  let killing: NodeJS.Timeout | undefined;
  const stop = () => {
    child.kill('SIGTERM');
    killing = setTimeout(() => child.kill('SIGKILL'), 5000);
  };
  context.signal.addEventListener('abort', stop, { once: true });
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  // Its last word on stderr is the error that this process reports itself.
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    const talk = text.replace(/^flash-slim: .*\n?/gm, '');
    if (talk) process.stderr.write(talk);
  });
  try {
    const [code, signal] = await new Promise<[number | null, string | null]>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (...how) => resolve(how));
    });
    context.signal.throwIfAborted();
    let value: unknown;
    try {
      value = JSON.parse(output);
    } catch {
      throw new CliError('CHILD_FAILED', `flash-slim ${args[0]} ended with ${signal ?? `exit code ${code}`}`);
    }
    const { error } = value as { error?: { code: string; message: string } };
    if (error) throw new CliError(error.code, error.message);
    return value as T;
  } finally {
    clearTimeout(killing);
    context.signal.removeEventListener('abort', stop);
  }
}
