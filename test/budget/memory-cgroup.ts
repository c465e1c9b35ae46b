// A memory control group (v1 or v2) for one command of a test: what it was charged at most, page cache included.
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Outcome, run } from '../cli/run-cli.ts';

const v1 = '/sys/fs/cgroup/memory';
const v2 = '/sys/fs/cgroup';

export interface GroupOutcome extends Outcome {
  peakBytes: number;
  oomKills: number;
  /** File pages that were evicted and read again; null where the kernel does not count them. */
  refaults: number | null;
}

export interface Group {
  /** What it is charged at the moment. */
  usageBytes(): number;
  /** False where the kernel refuses, because the group holds more. */
  setLimit(bytes: number): boolean;
}

interface GroupOptions {
  limitBytes: number | null;
  env: Record<string, string>;
  /** With all that the command said on stderr so far. */
  onStderr?: (text: string, group: Group) => void;
}

/** Why no group can be made here; null where one can. */
export function cannotMakeGroups(): string | null {
  if (process.getuid?.() !== 0) return 'needs root, to make a memory control group';
  try {
    const probe = make('probe', null);
    rmdirSync(probe.directory);
    return null;
  } catch (error) {
    return `no memory control group can be made: ${(error as Error).message}`;
  }
}

/** Runs the command and whatever it starts in a group of its own, with `limitBytes` or without a limit. */
export async function runInGroup(argv: string[], { limitBytes, env, onStderr }: GroupOptions): Promise<GroupOutcome> {
  const group = make('run', limitBytes);
  try {
    const script = 'echo $$ > "$0/cgroup.procs" && exec "$@"';
    const outcome = await run(['/bin/sh', '-c', script, group.directory, ...argv], {
      env,
      ...(onStderr && { onStderr: (text: string) => onStderr(text, group) }),
    });
    const count = (file: string, key: string) =>
      Number(new RegExp(`^${key} (\\d+)`, 'm').exec(group.read(file))?.[1] ?? 'NaN');
    const keys = ['workingset_refault_file', 'workingset_refault'];
    const refaults = keys.map((key) => count('memory.stat', key)).find((value) => !Number.isNaN(value));
    return {
      ...outcome,
      peakBytes: Number(group.read(group.v2 ? 'memory.peak' : 'memory.max_usage_in_bytes')),
      oomKills: count(group.v2 ? 'memory.events' : 'memory.oom_control', 'oom_kill') || 0,
      refaults: refaults ?? null,
    };
  } finally {
    await remove(group.directory);
  }
}

function make(name: string, limitBytes: number | null) {
  const isV2 = !existsSync(v1);
  const directory = `${isV2 ? v2 : v1}/flash-slim-${name}-${process.pid}-${process.hrtime.bigint()}`;
  mkdirSync(directory);
  try {
    const read = (file: string) => readFileSync(`${directory}/${file}`, 'utf8');
    // Absent where the parent does not hand the memory controller on, or on a kernel before 5.19.
    read(isV2 ? 'memory.peak' : 'memory.max_usage_in_bytes');
    const setLimit = (bytes: number): boolean => {
      try {
        writeFileSync(`${directory}/${isV2 ? 'memory.max' : 'memory.limit_in_bytes'}`, `${bytes}`);
        return true;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EBUSY') return false;
        throw error;
      }
    };
    if (limitBytes !== null) setLimit(limitBytes);
    const usageBytes = () => Number(read(isV2 ? 'memory.current' : 'memory.usage_in_bytes'));
    return { directory, read, v2: isV2, usageBytes, setLimit };
  } catch (error) {
    rmdirSync(directory);
    throw error;
  }
}

/** The kernel lets go of a group a moment after its last process. */
async function remove(directory: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      return rmdirSync(directory);
    } catch (error) {
      if (tries === 50) throw error;
      await sleep(20);
    }
  }
}
