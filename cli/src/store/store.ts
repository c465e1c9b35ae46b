// The local model store: DIRECTORY/models/NAME.json says what NAME is, NAME.gguf is its file (or the record points at a
// file elsewhere). A record is written after its file is whole and under its own name, so a record is never half true.
import { constants } from 'node:fs';
import { access, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { makeDirectories } from '@flash-slim/weight-cache';
import { CliError } from '../errors.ts';

export interface StoredModel {
  name: string;
  /** What was asked for: a known name, a URL, or a path. */
  source: string;
  /** Absolute path of the model file. */
  path: string;
  bytes: number;
  /** null for a path that was never pulled. */
  sha256: string | null;
  /** The file's modification time, in nanoseconds, when it was checked; records of earlier versions have none. */
  modified_ns?: string;
}

/** FLASH_SLIM_HOME, else XDG_CACHE_HOME/flash-slim, else ~/.cache/flash-slim. */
export function storeDirectory(): string {
  const { FLASH_SLIM_HOME: home, XDG_CACHE_HOME: cache } = process.env;
  // The XDG specification says to ignore a relative path.
  return home ? resolve(home) : join(cache && isAbsolute(cache) ? cache : join(homedir(), '.cache'), 'flash-slim');
}

export const modelsDirectory = (): string => join(storeDirectory(), 'models');

/** Creates a directory that this process can write, or says why not. `advice`: how to choose another. */
export async function makeDirectory(directory: string, advice = 'set FLASH_SLIM_HOME to another'): Promise<void> {
  try {
    await makeDirectories(directory);
    await access(directory, constants.W_OK);
  } catch (error) {
    const reason = (error as Error).message;
    throw new CliError('DIRECTORY_UNWRITABLE', `cannot use ${directory}: ${reason}; ${advice}`, { cause: error });
  }
}

/** The record of that name if its file is still the one recorded, else null. */
export async function readRecord(name: string): Promise<StoredModel | null> {
  let record: StoredModel;
  try {
    record = JSON.parse(await readFile(join(modelsDirectory(), `${name}.json`), 'utf8')) as StoredModel;
  } catch {
    return null; // absent or damaged: either way the model is to be pulled again
  }
  const path = resolve(modelsDirectory(), String(record.path));
  const status = await stat(path).catch(() => null);
  return status?.isFile() && status.size === record.bytes ? { ...record, path } : null;
}

/** Paths inside the store are recorded relative to it, so that it can be moved. */
export async function writeRecord(model: StoredModel): Promise<void> {
  const prefix = `${modelsDirectory()}/`;
  const path = model.path.startsWith(prefix) ? model.path.slice(prefix.length) : model.path;
  const file = join(modelsDirectory(), `${model.name}.json`);
  await writeFile(`${file}.partial`, `${JSON.stringify({ ...model, path }, null, 2)}\n`);
  await rename(`${file}.partial`, file);
}

export async function listRecords(): Promise<StoredModel[]> {
  const files = await readdir(modelsDirectory()).catch(() => [] as string[]);
  const names = files.filter((file) => file.endsWith('.json')).map((file) => file.slice(0, -'.json'.length));
  return (await Promise.all(names.map(readRecord))).filter((record) => record !== null);
}

/** "sha256:<hex>" of a model file that was checked when it was pulled and has not been written to since, else undefined. */
export async function recordedDigest(path: string): Promise<string | undefined> {
  const status = await stat(path, { bigint: true }).catch(() => null);
  const record = (await listRecords()).find(
    (one) => one.path === path && one.modified_ns !== undefined && one.modified_ns === String(status?.mtimeNs),
  );
  return record?.sha256 ? `sha256:${record.sha256}` : undefined;
}
