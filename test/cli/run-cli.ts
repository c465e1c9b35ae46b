// Runs the flash-slim command as a user's shell does: its own file, its own flags.
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const executable = fileURLToPath(new URL('../../cli/bin/flash-slim.mjs', import.meta.url));

export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

interface RunOptions {
  env?: Record<string, string>;
  /** Called when the process runs, with all that it said on stderr so far. */
  onStderr?: (text: string, child: ChildProcess) => void;
}

/** `argv` starts with the program, so that a wrapper can be put before it. */
export function run(argv: string[], { env = {}, onStderr }: RunOptions = {}): Promise<Outcome> {
  const [program = executable, ...args] = argv;
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data: Buffer) => {
    stdout += data.toString();
  });
  child.stderr.on('data', (data: Buffer) => {
    stderr += data.toString();
    onStderr?.(stderr, child);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

export const flashSlim = (args: string[], options?: RunOptions): Promise<Outcome> =>
  run([executable, ...args], options);
