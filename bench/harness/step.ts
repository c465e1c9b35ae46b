// One measured child process: what to start and under which conditions; what came of it.
import { type ChildProcess, spawn } from 'node:child_process';
import { MemoryCgroup } from './memory-cgroup.ts';
import { dropPageCache, type Readahead } from './page-cache.ts';

export interface Step {
  /** Steps of one key are repetitions of one measurement. */
  key: string;
  program: string;
  args: string[];
  timeoutMs: number;
  limitBytes?: number;
  readaheadKb?: number;
  dropPageCache?: boolean;
}

export interface Outcome {
  key: string;
  stdout: string;
  /** From the start of the process. */
  firstByteMs: number | null;
  wallMs: number;
  /** null when it ended well; else one line that says why not. */
  failure: string | null;
  /** Peak of its memory cgroup, where it ran in one. */
  peakBytes: number | null;
}

export interface Conditions {
  env: NodeJS.ProcessEnv;
  readahead: Readahead | null;
  signal: AbortSignal;
}

/** Steps in turn, all of them once before any is repeated, so that a slow minute does not hit one side alone. */
export async function runInterleaved(steps: Step[], repetitions: number, conditions: Conditions): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  try {
    for (let repetition = 1; repetition <= repetitions; repetition++)
      for (const step of steps) {
        conditions.signal.throwIfAborted();
        process.stderr.write(`  ${step.key} (${repetition} of ${repetitions}) ... `);
        const outcome = await runStep(step, conditions);
        outcomes.push(outcome);
        process.stderr.write(
          `${(outcome.wallMs / 1000).toFixed(1)} s${outcome.failure ? `: ${outcome.failure}` : ''}\n`,
        );
      }
    conditions.signal.throwIfAborted();
  } finally {
    conditions.readahead?.restore();
  }
  return outcomes;
}

async function runStep(step: Step, { env, readahead, signal }: Conditions): Promise<Outcome> {
  if (step.readaheadKb !== undefined) readahead?.set(step.readaheadKb);
  if (step.dropPageCache) dropPageCache();
  const cgroup = step.limitBytes === undefined ? null : new MemoryCgroup(step.limitBytes);
  try {
    const [program, args] = cgroup?.command(step.program, step.args) ?? [step.program, step.args];
    const outcome = await runChild(program, args, step, env, signal);
    return { ...outcome, peakBytes: cgroup?.peakBytes() ?? null };
  } finally {
    if (cgroup !== null) await removeSoon(cgroup);
    if (step.readaheadKb !== undefined) readahead?.restore();
  }
}

async function runChild(
  program: string,
  args: string[],
  { key, timeoutMs, limitBytes }: Step,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<Omit<Outcome, 'peakBytes'>> {
  const began = performance.now();
  // A process group of its own, so that what the child started ends with it.
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let stdout = '';
  let stderr = '';
  let firstByteMs: number | null = null;
  let timedOut = false;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    firstByteMs ??= performance.now() - began;
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-65536);
  });
  const kill = () => killGroup(child);
  const timer = setTimeout(() => {
    timedOut = true;
    kill();
  }, timeoutMs);
  signal.addEventListener('abort', kill, { once: true });
  try {
    const { code, killedBy } = await ended(child);
    const wallMs = performance.now() - began;
    let failure: string | null = null;
    if (timedOut) failure = `not done after ${timeoutMs / 1000} s`;
    else if (signal.aborted) failure = 'stopped';
    else if (killedBy === 'SIGKILL' && limitBytes !== undefined) failure = 'killed: out of memory at its limit';
    else if (code !== 0) failure = lastLine(stderr) || `exit code ${code}, ${killedBy ?? 'no message'}`;
    return { key, stdout, firstByteMs, wallMs, failure };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', kill);
  }
}

function ended(child: ChildProcess): Promise<{ code: number | null; killedBy: string | null }> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, killedBy) => resolve({ code, killedBy }));
  });
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

/** The kernel takes a killed process out of its cgroup a moment after it was reaped. */
async function removeSoon(cgroup: MemoryCgroup): Promise<void> {
  for (let attempt = 1; ; attempt++)
    try {
      cgroup.remove();
      return;
    } catch (error) {
      if (attempt === 50) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
}

const lastLine = (text: string): string => text.trim().split('\n').at(-1)?.trim() ?? '';

/** The step as a person would type it, for --dry-run. */
export function describeStep(step: Step): string {
  const conditions = [
    step.limitBytes === undefined ? null : `in a memory cgroup of ${step.limitBytes} bytes`,
    step.readaheadKb === undefined ? null : `readahead ${step.readaheadKb} KB`,
    step.dropPageCache ? 'page cache dropped' : null,
    `at most ${step.timeoutMs / 1000} s`,
  ].filter((condition) => condition !== null);
  const word = (text: string) => {
    const shown = text.length > 60 ? `${text.slice(0, 60)}...` : text;
    return /^[\w@%+=:,./-]+$/.test(shown) ? shown : `'${shown.replaceAll("'", "'\\''")}'`;
  };
  return `  ${step.key} (${conditions.join(', ')}):\n    ${step.program} ${step.args.map(word).join(' ')}`;
}
