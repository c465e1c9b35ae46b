// Where weight caches lie in the local store: STORE/caches/<key>/weights.fsw, the CMT beside it. The key names the model's
// contents, and what they become at import, as cheaply as can be told at every start: without reading it whole.
import { createHash, type Hash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DirectReader } from './direct-reader.ts';
import { fromNative } from './error.ts';
import { layoutVersion } from './manifest.ts';

/** The file's beginning: a model's own facts, and the names and places of its tensors. */
const identifyingBytes = 256 << 10;

/** Of a folder: what models are made of, and no notes or licences beside them. */
const modelFile = /\.(safetensors|json|jinja|model|onnx|data|onnx_data(_\d+)?|bin)$/;

/**
 * 32 hex digits from the file's (in a folder every such file's) first 256 KB, size and modification time, and the layout's
 * version. `variant` tells caches of one folder apart: what its floats become. Throws SOURCE_UNREADABLE.
 */
export async function cacheKey(modelPath: string, variant = ''): Promise<string> {
  try {
    const hash = createHash('sha256');
    const folder = await folderOf(modelPath);
    if (folder === null) await identify(modelPath, hash);
    else {
      hash.update(`${variant} ${folder === modelPath ? '' : basename(modelPath)} `);
      for (const name of await modelFilesIn(folder)) {
        hash.update(`${JSON.stringify(name)} `);
        await identify(join(folder, name), hash);
      }
    }
    return hash.update(String(layoutVersion)).digest('hex').slice(0, 32);
  } catch (error) {
    throw fromNative(error, 'SOURCE_UNREADABLE');
  }
}

/** Null for a model that is one file. A graph or a file of weights is one among its folder's. */
async function folderOf(modelPath: string): Promise<string | null> {
  if ((await stat(modelPath).catch(() => null))?.isDirectory()) return modelPath;
  return /\.(safetensors|onnx)$/.test(modelPath) ? dirname(modelPath) : null;
}

/** Graphs may lie one level below. */
async function modelFilesIn(folder: string): Promise<string[]> {
  const below = await readdir(join(folder, 'onnx')).catch(() => []);
  const names = [...(await readdir(folder)), ...below.map((name) => join('onnx', name))];
  return names.filter((name) => modelFile.test(name)).sort();
}

async function identify(path: string, hash: Hash): Promise<void> {
  const reader = new DirectReader(path, identifyingBytes);
  try {
    const { mtimeNs } = await stat(path, { bigint: true });
    hash.update(await reader.read(0, identifyingBytes)).update(`${reader.bytes} ${mtimeNs} `);
  } finally {
    reader.close();
  }
}

export const weightCachePath = (storeDirectory: string, key: string): string =>
  join(storeDirectory, 'caches', key, 'weights.fsw');
