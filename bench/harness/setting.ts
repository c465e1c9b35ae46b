// What every section measures with: models, programs, conditions of this machine.
import { mkdirSync } from 'node:fs';
import { availableParallelism, homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ModelName } from '../scenarios.ts';
import { whyNoMemoryCgroup } from './memory-cgroup.ts';
import { Readahead, whyNoDrop } from './page-cache.ts';

export const repository = fileURLToPath(new URL('../..', import.meta.url));
export const flashSlim = join(repository, 'cli/bin/flash-slim.mjs');

export interface PreparedModel {
  path: string;
  bytes: number;
  /** Path. */
  weightCache: string;
}

export interface Setting {
  quick: boolean;
  threads: number;
  /** Models, weight caches and device profile; outside the repository. */
  directory: string;
  env: NodeJS.ProcessEnv;
  models: Record<ModelName, PreparedModel>;
  llamaBench: string | null;
  readahead: Readahead | null;
  /** Why something is left out on this machine; null where it is not. */
  why: Record<'noLlamaBench' | 'noCgroup' | 'noDrop' | 'noReadahead', string | null>;
}

/** FLASH_SLIM_BENCH_DIR, else in the user's cache. */
export function benchDirectory(): string {
  const { FLASH_SLIM_BENCH_DIR: given, XDG_CACHE_HOME: cache } = process.env;
  const directory = given ? resolve(given) : join(cache || join(homedir(), '.cache'), 'flash-slim', 'bench');
  mkdirSync(directory, { recursive: true });
  return directory;
}

export const deviceProfilePath = (directory: string): string => join(directory, 'device_profile.json');

export function childEnvironment(directory: string): NodeJS.ProcessEnv {
  const path = `${join(repository, 'node_modules/.bin')}:${process.env.PATH ?? ''}`;
  return { ...process.env, PATH: path, FLASH_SLIM_HOME: join(directory, 'store') };
}

export function inspectMachine(directory: string): Pick<Setting, 'threads' | 'llamaBench' | 'readahead' | 'why'> {
  const llamaBench = process.env.LLAMA_BENCH || null;
  let readahead: Readahead | null = null;
  let noReadahead: string | null = null;
  try {
    readahead = new Readahead(directory);
  } catch (error) {
    noReadahead = (error as Error).message;
  }
  return {
    threads: availableParallelism(),
    llamaBench,
    readahead,
    why: {
      noLlamaBench:
        llamaBench === null ? "LLAMA_BENCH is not set (llama.cpp's llama-bench): nothing to compare with" : null,
      noCgroup: whyNoMemoryCgroup(),
      noDrop: whyNoDrop(),
      noReadahead,
    },
  };
}
