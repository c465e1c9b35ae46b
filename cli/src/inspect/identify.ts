// Tells what a file or folder is, by its contents where they say so.
import { closeSync, existsSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CliError } from '../errors.ts';

export type Kind =
  | 'gguf'
  | 'safetensors-folder'
  | 'safetensors'
  | 'onnx'
  | 'adapter'
  | 'weight-cache'
  | 'tokenizer'
  | 'compiled-tokenizer'
  | 'cmt'
  | 'plan'
  | 'device-profile';

export interface Identified {
  kind: Kind;
  /** The file that says most: a folder's model.onnx, a cache folder's weights.fsw. */
  path: string;
}

/** Throws FILE_UNREADABLE, or NOT_A_MODEL for what none of this project's commands reads. */
export function identify(path: string): Identified {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined) throw new CliError('FILE_UNREADABLE', `there is no file ${path}`);
  if (status.isDirectory()) return identifyFolder(path);
  if (!status.isFile()) throw new CliError('FILE_UNREADABLE', `${path} is neither a file nor a folder`);
  return { kind: identifyFile(path), path };
}

function identifyFolder(path: string): Identified {
  const has = (name: string) => existsSync(join(path, name));
  if (has('weights.fsw')) return { kind: 'weight-cache', path: join(path, 'weights.fsw') };
  if (has('adapter_config.json')) return { kind: 'adapter', path };
  for (const name of ['model.onnx', 'onnx/model.onnx']) if (has(name)) return { kind: 'onnx', path: join(path, name) };
  const names = readdirSync(path);
  const onnx = names.find((name) => name.endsWith('.onnx'));
  if (onnx !== undefined) return { kind: 'onnx', path: join(path, onnx) };
  if (has('config.json') && names.some((name) => name.endsWith('.safetensors')))
    return { kind: 'safetensors-folder', path };
  const ggufs = names.filter((name) => /\.gguf$/i.test(name));
  if (ggufs.length === 1) return { kind: 'gguf', path: join(path, ggufs[0] as string) };
  if (has('tokenizer.json') || has('tokenizer.model')) return { kind: 'tokenizer', path };
  throw new CliError(
    'NOT_A_MODEL',
    `${path} holds no model, weight cache or adapter${ggufs.length > 1 ? `, but ${ggufs.length} GGUF files: name one` : ''}`,
  );
}

function identifyFile(path: string): Kind {
  const start = firstBytes(path, 4096);
  const text = start.toString('latin1');
  if (text.startsWith('GGUF')) return 'gguf';
  if (text.startsWith('FSLIMWC\0')) return 'weight-cache';
  if (text.startsWith('FSTK')) return 'compiled-tokenizer';
  if (path.endsWith('.safetensors')) return 'safetensors';
  if (path.endsWith('.onnx')) return 'onnx';
  // Both name their weight cache first; only one has rows of chunks.
  if (/^\s*\{/.test(text)) {
    const all = firstBytes(path, 1 << 20).toString('latin1');
    if (/"strategy"\s*:/.test(all) && /"groups"\s*:/.test(all)) return 'plan';
    if (/"weight_chunks"\s*:|"chunk_count_by_mode"\s*:/.test(all)) return 'cmt';
    if (/"instruction_sets"\s*:/.test(all)) return 'device-profile';
    if (/"groups"\s*:/.test(all)) return 'plan';
    return 'tokenizer';
  }
  if (/\.(model|tiktoken)$/.test(path)) return 'tokenizer';
  // None of these magics, but a name that promises: its reader says what is wrong.
  if (/\.(gguf|tflite|bin|pth?)$/i.test(path)) return 'gguf';
  if (path.endsWith('.fsw')) return 'weight-cache';
  throw new CliError(
    'NOT_A_MODEL',
    `${path} is no GGUF, ONNX, safetensors, weight cache, CMT, plan, device profile or tokenizer`,
  );
}

function firstBytes(path: string, count: number): Buffer {
  const fd = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(Math.min(count, statSync(path).size));
    return bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, 0));
  } finally {
    closeSync(fd);
  }
}
