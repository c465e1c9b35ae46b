import { formatBytes, parseBytes } from '@flash-slim/plan';
import { verifyWeightCache } from '@flash-slim/weight-cache';
import { command } from '../command.ts';
import type { Context } from '../context.ts';
import { CliError, usageError } from '../errors.ts';
import { choosePruned, listCaches, removeCache, type StoredCache } from '../store/caches.ts';
import { storeDirectory } from '../store/store.ts';

interface CacheFlags {
  olderThan?: string;
  maxSize?: string;
  unfinished?: boolean;
  yes?: boolean;
}

export const cache = command<CacheFlags>({
  define: (command) => {
    command
      .argument('<action>', 'ls: what there is; verify: hold every byte against its checksum; prune: make room')
      .argument('[caches...]', 'verify only these: keys from `ls`, names of models, or files')
      .option('--older-than <days>', 'prune: those not used for so many days, e.g. 30d')
      .option('--max-size <bytes>', 'prune: those used longest ago, until the rest takes no more, e.g. 20GB')
      .option('--unfinished', 'prune: interrupted builds and caches of other versions')
      .option('--yes', 'prune: remove them (without it nothing is removed, only told)');
  },
  examples: [
    ['flash-slim cache ls', 'sizes, models and last use of the weight caches in the store'],
    ['flash-slim cache verify', 'every checksum of all of them'],
    ['flash-slim cache prune --older-than 30d --unfinished', 'what would go; with --yes it goes'],
  ],
  run: async (context, flags, [action, ...names]) => {
    if (action === 'verify') return await verify(context, names);
    if (names.length > 0) throw usageError(`cache ${action} takes no names`);
    if (action === 'ls') return await list(context);
    if (action === 'prune') return await prune(context, flags);
    throw usageError(`'cache ${action}' is not known; there are ls, verify and prune`);
  },
});

const toJson = ({ lastUsed, inUse, ...cache }: StoredCache) => ({
  ...cache,
  last_used: lastUsed.toISOString(),
  in_use: inUse,
});

function describe(caches: StoredCache[]): string {
  const rows = [
    ['key', 'model', 'size', 'last used', 'state'],
    ...caches.map(({ key, model, bytes, lastUsed, state, inUse }) => [
      key,
      model ?? '?',
      formatBytes(bytes),
      lastUsed.toISOString().slice(0, 16).replace('T', ' '),
      inUse ? `${state}, in use` : state,
    ]),
  ];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => (row[column] as string).length))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] as number))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

const total = (caches: StoredCache[]) => caches.reduce((sum, { bytes }) => sum + bytes, 0);

async function list(context: Context): Promise<void> {
  const caches = await listCaches();
  const sum = `${caches.length} weight caches, ${formatBytes(total(caches))}, in ${storeDirectory()}`;
  context.result(
    { store: storeDirectory(), bytes: total(caches), caches: caches.map(toJson) },
    caches.length === 0 ? sum : `${describe(caches)}\n${sum}`,
  );
}

async function verify(context: Context, names: string[]): Promise<void> {
  const caches = await listCaches();
  const chosen =
    names.length === 0
      ? caches.filter(({ state }) => state !== 'unfinished').map(({ path }) => path)
      : names.flatMap((name) => {
          const found = caches.filter(({ key, model }) => key === name || model === name).map(({ path }) => path);
          return found.length > 0 ? found : [name];
        });
  const broken: string[] = [];
  for (const path of chosen) {
    const failure = await verifyOne(context, path);
    context.log(failure === null ? `${path}: sound` : failure);
    if (failure !== null) broken.push(failure);
  }
  if (broken.length > 0) {
    const others = broken.length === 1 ? '' : ` (and ${broken.length - 1} more)`;
    throw new CliError('CACHE_CORRUPT', `${broken[0]}${others}`);
  }
  context.result({ verified: chosen }, `${chosen.length} weight caches are sound`);
}

/** What is wrong with it, null where nothing is. */
async function verifyOne(context: Context, path: string): Promise<string | null> {
  let progress: ReturnType<typeof context.progress> | null = null;
  try {
    await verifyWeightCache(path, {
      signal: context.signal,
      onProgress: ({ bytesDone, bytesTotal }) => {
        progress ??= context.progress('verifying', bytesTotal, 'bytes');
        progress.update(bytesDone);
      },
    });
    return null;
  } catch (error) {
    context.signal.throwIfAborted();
    return (error as Error).message;
  } finally {
    (progress as { stop(): void } | null)?.stop();
  }
}

async function prune(context: Context, flags: CacheFlags): Promise<void> {
  if (flags.olderThan === undefined && flags.maxSize === undefined && flags.unfinished !== true)
    throw usageError('prune what? give --older-than, --max-size or --unfinished');
  const rules = {
    olderThanMilliseconds: flags.olderThan === undefined ? null : parseDays(flags.olderThan),
    maxBytes: flags.maxSize === undefined ? null : parseBytes(flags.maxSize),
    unfinished: flags.unfinished === true,
  };
  const caches = await listCaches();
  const chosen = choosePruned(caches, rules, Date.now());
  const left = rules.maxBytes !== null && total(caches) - total(chosen) > rules.maxBytes;
  if (left) context.log('the rest is in use: the caches stay larger than --max-size');
  if (flags.yes === true) {
    for (const cache of chosen) {
      context.signal.throwIfAborted();
      await removeCache(cache);
    }
  }
  const done = flags.yes === true ? 'removed' : 'would be removed (--yes removes them)';
  const sum = `${chosen.length} of ${caches.length} weight caches ${done}: ${formatBytes(total(chosen))}`;
  context.result(
    { removed: flags.yes === true, bytes: total(chosen), caches: chosen.map(toJson) },
    chosen.length === 0 ? sum : `${describe(chosen)}\n${sum}`,
  );
}

function parseDays(text: string): number {
  const days = Number(/^(\d+(?:\.\d+)?)d?$/.exec(text)?.[1] ?? Number.NaN);
  if (!Number.isFinite(days)) throw usageError(`--older-than takes days, as in 30d; not '${text}'`);
  return days * 86_400_000;
}
