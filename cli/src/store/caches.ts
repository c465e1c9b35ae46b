// The weight caches of the store: STORE/caches/<key>/, each made from one model and made again when it is missing.
import { readdir, readlink, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheKey, openWeightCache, weightCachePath } from '@flash-slim/weight-cache';
import { listRecords, storeDirectory } from './store.ts';
import { bytesBelow } from './usage.ts';

export interface StoredCache {
  key: string;
  /** Of the weight cache; there is none yet where it is unfinished. */
  path: string;
  bytes: number;
  /** unfinished: a build or profile that was interrupted; unusable: of another version, or damaged. */
  state: 'whole' | 'unfinished' | 'unusable';
  /** The store's name of its model, else the name in the model file; null where neither is known. */
  model: string | null;
  lastUsed: Date;
  inUse: boolean;
}

const cmtFileName = 'weight_chunks_metadata_table.json';

/** Every cache of the store, the one that was used last first. */
export async function listCaches(): Promise<StoredCache[]> {
  const directory = join(storeDirectory(), 'caches');
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  const keys = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const [names, open] = await Promise.all([namesByKey(), openFiles()]);
  const caches = await Promise.all(keys.map((key) => describeCache(key, names.get(key) ?? null, open)));
  return caches.sort((a, b) => b.lastUsed.getTime() - a.lastUsed.getTime());
}

async function describeCache(key: string, name: string | null, open: Set<string>): Promise<StoredCache> {
  const path = weightCachePath(storeDirectory(), key);
  const folder = join(path, '..');
  const status = await stat(join(folder, cmtFileName)).catch(() => null);
  const cache = await openWeightCache(path).catch((error: { code?: string }) => error.code ?? 'CACHE_UNREADABLE');
  const own = typeof cache === 'string' ? null : cache.manifest.model.config.name;
  const whole = typeof cache !== 'string' && status !== null;
  const unfinished = cache === 'CACHE_UNREADABLE' || cache === 'CACHE_INCOMPLETE' || typeof cache !== 'string';
  return {
    key,
    path,
    bytes: await bytesBelow(folder),
    state: whole ? 'whole' : unfinished ? 'unfinished' : 'unusable',
    model: name ?? own,
    lastUsed: status?.atime ?? (await stat(folder)).mtime,
    inUse: [...open].some((file) => file.startsWith(`${folder}/`)),
  };
}

/** Which of the store's models a cache is of. What a folder became is part of its key. */
async function namesByKey(): Promise<Map<string, string>> {
  const { quantizations } = await import('@flash-slim/model');
  const names = new Map<string, string>();
  for (const { name, path } of await listRecords()) {
    for (const variant of ['', ...quantizations]) {
      const key = await cacheKey(path, variant).catch(() => null);
      if (key !== null) names.set(key, name);
    }
  }
  return names;
}

/** Files that processes of this machine have open, as far as this user may see: the kernel lists them in /proc. */
async function openFiles(): Promise<Set<string>> {
  const files = new Set<string>();
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    for (const fd of await readdir(`/proc/${pid}/fd`).catch(() => [] as string[])) {
      const target = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '');
      if (target.startsWith('/')) files.add(target);
    }
  }
  return files;
}

export interface PruneRules {
  /** Not used for so long. */
  olderThanMilliseconds: number | null;
  /** Those used longest ago go until the rest takes no more. */
  maxBytes: number | null;
  /** Interrupted builds, and caches that this version does not read. */
  unfinished: boolean;
}

/** What the rules take away, of `caches` as listed; never what is in use. */
export function choosePruned(caches: StoredCache[], rules: PruneRules, now: number): StoredCache[] {
  const chosen = new Set<StoredCache>();
  const idle = caches.filter(({ inUse }) => !inUse);
  for (const cache of idle) {
    const age = now - cache.lastUsed.getTime();
    if (rules.unfinished && cache.state !== 'whole') chosen.add(cache);
    if (rules.olderThanMilliseconds !== null && age > rules.olderThanMilliseconds) chosen.add(cache);
  }
  let bytes = caches.reduce((sum, cache) => sum + (chosen.has(cache) ? 0 : cache.bytes), 0);
  const oldestFirst = idle.toSorted((a, b) => a.lastUsed.getTime() - b.lastUsed.getTime());
  for (const cache of oldestFirst) {
    if (rules.maxBytes === null || bytes <= rules.maxBytes) break;
    if (chosen.has(cache)) continue;
    chosen.add(cache);
    bytes -= cache.bytes;
  }
  return caches.filter((cache) => chosen.has(cache));
}

/** The table goes first: a cache without one is unfinished to everybody. */
export async function removeCache({ path }: StoredCache): Promise<void> {
  const folder = join(path, '..');
  await rm(join(folder, cmtFileName), { force: true });
  await rm(folder, { recursive: true, force: true });
}
