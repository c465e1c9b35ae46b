// Weights and plans on this node's disk, named by their digests: no name that came from outside is ever a path. What has its
// name was checked whole. What was used longest ago leaves when room is needed.
import { mkdir, readdir, readFile, rename, rm, stat, statfs, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Plan } from '@flash-slim/proto';
import { digestOf, StoreError } from '@flash-slim/store';
import type { KnownPlan } from './known-plans.ts';

export interface LocalPaths {
  weightsPath: string;
  planPath: string;
}

export interface LocalFiles extends LocalPaths {
  /** Headers of the job that made the weights. */
  trace: Record<string, string>;
}

/** Plans are small; only the last few may be of use again. */
const keptPlans = 32;

const hexOf = (digest: string): string => digest.slice('sha256:'.length);

export class LocalStore {
  readonly directory: string;
  readonly #weights: string;
  readonly #plans: string;

  constructor(directory: string) {
    this.directory = directory;
    this.#weights = join(directory, 'weights');
    this.#plans = join(directory, 'plans');
  }

  async prepare(): Promise<void> {
    await Promise.all([this.#weights, this.#plans].map((path) => mkdir(path, { recursive: true })));
  }

  pathsOf(plan: Plan): LocalPaths {
    return {
      weightsPath: join(this.#weights, hexOf(plan.weightCacheDigest), 'weights.fsw'),
      planPath: join(this.#plans, `${hexOf(plan.blob?.digest ?? '')}.json`),
    };
  }

  /** What a plan needs, where all of it is here; a plan that came with its announcement is put here first. */
  async find({ plan, planJson }: KnownPlan): Promise<LocalFiles | null> {
    const paths = this.pathsOf(plan);
    // Bytes other than announced are no plan; those in the store may still be right.
    if (planJson !== null && digestOf(Buffer.from(planJson)) === plan.blob?.digest) await this.putPlan(plan, planJson);
    // Weights are checked as they are used; a plan is small enough to be checked here.
    const bytes = await readFile(paths.planPath).catch(() => null);
    if (bytes === null || digestOf(bytes) !== plan.blob?.digest || !(await exists(paths.weightsPath))) return null;
    return { ...paths, trace: (await readJson<Record<string, string>>(tracePath(paths))) ?? {} };
  }

  /** `bytes` were checked against the plan's digest. */
  async putPlan(plan: Plan, bytes: Uint8Array | string): Promise<void> {
    const { planPath } = this.pathsOf(plan);
    await writeWhole(planPath, bytes);
    const others = await Promise.all(
      (await readdir(this.#plans)).map(async (name) => {
        const path = join(this.#plans, name);
        return { path, used: (await stat(path)).mtimeMs };
      }),
    );
    for (const { path } of others.sort((a, b) => b.used - a.used).slice(keptPlans)) await rm(path, { force: true });
  }

  /** Before the weights themselves are whole. */
  async putTrace(plan: Plan, trace: Record<string, string>): Promise<void> {
    const path = tracePath(this.pathsOf(plan));
    await mkdir(dirname(path), { recursive: true });
    await writeWhole(path, JSON.stringify(trace));
  }

  /** The time of use, for whoever makes room next. */
  async touch({ weightsPath, planPath }: LocalPaths): Promise<void> {
    for (const path of [weightsPath, planPath]) await utimes(path, new Date(), new Date()).catch(() => {});
  }

  /** Weights that were damaged here: the next pull brings them again. */
  async discard({ weightsPath }: LocalPaths): Promise<void> {
    await rm(weightsPath, { force: true });
  }

  /**
   * Makes room for weights of `bytes`, so that all weights here have at most `mostBytes` and the disk holds them; those in
   * `keep` stay. Throws DISK_FULL where that cannot be.
   */
  async makeRoom(plan: Plan, bytes: number, mostBytes: number, keep: string[]): Promise<void> {
    const own = dirname(this.pathsOf(plan).weightsPath);
    const all = await Promise.all((await readdir(this.#weights)).map((name) => weigh(join(this.#weights, name))));
    const begun = all.find(({ path }) => path === own)?.bytes ?? 0;
    const kept = (path: string) => keep.some((file) => file.startsWith(`${path}/`));
    const removable = all.filter(({ path }) => path !== own && !kept(path)).sort((a, b) => a.used - b.used);
    let others = all.reduce((sum, entry) => sum + (entry.path === own ? 0 : entry.bytes), 0);
    const fits = async () => others + bytes <= mostBytes && bytes - begun <= (await freeBytes(this.#weights));
    for (const { path, bytes: freed } of removable) {
      if (await fits()) return;
      await rm(path, { recursive: true, force: true });
      others -= freed;
    }
    if (await fits()) return;
    const limit = others + bytes > mostBytes ? `${mostBytes} bytes (--weight-store-bytes)` : 'the free space';
    throw new StoreError(
      'DISK_FULL',
      `${plan.modelName} needs ${bytes} bytes in ${this.#weights}, beside ${others} bytes that are in use: more than ${limit}`,
    );
  }

  /** The plan that was loaded last: a node that starts without anybody to ask serves it. */
  async remember({ plan, trace }: KnownPlan): Promise<void> {
    await writeWhole(join(this.directory, 'serving.json'), JSON.stringify({ plan: Plan.toJSON(plan), trace }));
  }

  async remembered(): Promise<KnownPlan | null> {
    const there = await readJson<{ plan: unknown; trace: Record<string, string> }>(
      join(this.directory, 'serving.json'),
    );
    return there && { plan: Plan.fromJSON(there.plan), planJson: null, trace: there.trace };
  }
}

const tracePath = ({ weightsPath }: LocalPaths): string => join(dirname(weightsPath), 'trace.json');

/** null where there is none, or one that somebody changed: it is only ever of use, never needed. */
async function readJson<T extends object>(path: string): Promise<T | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch {
    return null;
  }
}

/** Appears under its name only when it is whole. */
export async function writeWhole(path: string, bytes: Uint8Array | string): Promise<void> {
  await writeFile(`${path}.partial`, bytes, { flush: true });
  await rename(`${path}.partial`, path);
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

async function weigh(directory: string): Promise<{ path: string; bytes: number; used: number }> {
  const names = await readdir(directory).catch(() => [] as string[]);
  const files = await Promise.all(names.map((name) => stat(join(directory, name))));
  return {
    path: directory,
    bytes: files.reduce((sum, { size }) => sum + size, 0),
    used: Math.max(0, ...files.map(({ mtimeMs }) => mtimeMs)),
  };
}

async function freeBytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
}
