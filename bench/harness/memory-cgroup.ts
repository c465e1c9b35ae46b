// A memory cgroup of its own for one child, version 1 or 2.
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const versions = {
  1: { root: '/sys/fs/cgroup/memory', limit: 'memory.limit_in_bytes', peak: 'memory.max_usage_in_bytes' },
  2: { root: '/sys/fs/cgroup', limit: 'memory.max', peak: 'memory.peak' },
};

let made = 0;

export class MemoryCgroup {
  readonly #directory: string;
  readonly #peakFile: string;

  /** Throws where cgroups cannot be made or limited here; nothing is left behind then. */
  constructor(limitBytes: number) {
    const version = existsSync(join(versions[1].root, versions[1].limit)) ? 1 : 2;
    const { root, limit, peak } = versions[version];
    if (version === 2) writeFileSync(join(root, 'cgroup.subtree_control'), '+memory');
    this.#directory = join(root, `flash-slim-bench-${process.pid}-${++made}`);
    this.#peakFile = join(this.#directory, peak);
    mkdirSync(this.#directory);
    try {
      writeFileSync(join(this.#directory, limit), String(limitBytes));
      const swap = join(this.#directory, 'memory.swap.max');
      if (existsSync(swap)) writeFileSync(swap, '0');
    } catch (error) {
      this.remove();
      throw error;
    }
  }

  /** The command that starts another inside: it enters first, so that the program's very first page counts. */
  command(program: string, args: string[]): [string, string[]] {
    return ['sh', ['-c', 'echo $$ > "$0" && exec "$@"', join(this.#directory, 'cgroup.procs'), program, ...args]];
  }

  /** null on kernels without the count. */
  peakBytes(): number | null {
    return existsSync(this.#peakFile) ? Number(readFileSync(this.#peakFile, 'utf8')) : null;
  }

  /** Every process in it must have ended. */
  remove(): void {
    rmdirSync(this.#directory);
  }
}

/** Why children cannot be limited here, or null. */
export function whyNoMemoryCgroup(): string | null {
  try {
    new MemoryCgroup(1 << 30).remove();
    return null;
  } catch (error) {
    return `no memory cgroup can be made here (${(error as Error).message}); run as root, with cgroups writable`;
  }
}
