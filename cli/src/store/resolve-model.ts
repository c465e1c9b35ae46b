// Finds a model by name, URL or path. What brings one into the store is loaded only where one is to be brought.

import { existsSync } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { CliError } from '../errors.ts';
import type { Activity } from './activity.ts';
import { isHubName } from './hub-name.ts';
import { type KnownModel, knownModels } from './known-models.ts';
import { listRecords, readRecord, type StoredModel } from './store.ts';

/**
 * The model of that name, URL or path. Names and URLs must have been pulled; with `activity` they are pulled now.
 * Throws UNKNOWN_MODEL, which lists the names there are, or MODEL_NOT_PULLED.
 */
export async function resolveModel(source: string, activity?: Activity): Promise<StoredModel> {
  const record = await findRecord(source);
  if (record !== null) return record;
  const known = findKnown(source);
  if (known !== undefined || isHubName(source) || isUrl(source)) {
    if (activity !== undefined) return await (await import('./pull-model.ts')).pullModel(source, activity);
    throw new CliError('MODEL_NOT_PULLED', `${source} is not in the store: run "flash-slim pull ${source}" first`);
  }
  const path = await locate(source);
  return { name: nameOf(path), source: path, path, bytes: (await stat(path)).size, sha256: null };
}

async function findRecord(source: string): Promise<StoredModel | null> {
  if (isHubName(source)) return (await listRecords()).find((record) => record.source === source) ?? null;
  if (!isUrl(source)) return source.includes('/') ? null : await readRecord(findKnown(source)?.name ?? source);
  return (await listRecords()).find((record) => record.source === new URL(source).href) ?? null;
}

export const findKnown = (source: string): KnownModel | undefined =>
  knownModels.find(({ name }) => name === source.toLowerCase());

export function isUrl(source: string): boolean {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(source)?.[1]?.toLowerCase();
  if (scheme === undefined) return false;
  if ((scheme === 'http' || scheme === 'https') && URL.canParse(source)) return true;
  throw new CliError('MODEL_URL_INVALID', `'${source}' is not an http or https URL`);
}

export function nameOf(source: string): string {
  const path = isUrl(source) ? new URL(source).pathname : source;
  return basename(path).replace(/\.gguf$/i, '');
}

/** The real path of a model's file or folder, or who has that name. */
export async function locate(source: string): Promise<string> {
  const status = await stat(source).catch(() => null);
  if (status?.isFile() || (status?.isDirectory() && isModelFolder(source))) return await realpath(source);
  if (status !== null)
    throw new CliError(
      'FILE_UNREADABLE',
      `${source} is not a model: a GGUF file, or a folder with config.json or genai_config.json`,
    );
  if (source.includes('/') || /\.gguf$/i.test(source))
    throw new CliError('FILE_UNREADABLE', `there is no file ${source}`);
  const names = new Set([...knownModels.map(({ name }) => name), ...(await listRecords()).map(({ name }) => name)]);
  throw new CliError(
    'UNKNOWN_MODEL',
    `there is no model '${source}': give a path, a URL, or one of ${[...names].join(', ')}`,
  );
}

const isModelFolder = (path: string): boolean =>
  ['config.json', 'genai_config.json'].some((name) => existsSync(join(path, name)));
