// The weights of a folder: model.safetensors, or the files that model.safetensors.index.json names.
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readJsonFile } from '../json-file.ts';
import { ModelError } from '../model-error.ts';
import type { SourceFile } from '../types.ts';
import { readSafetensorsHeader, type SafetensorsTensor } from './header.ts';

export interface FolderTensor extends SafetensorsTensor {
  /** Index into the files. */
  file: number;
}

export interface FolderTensors {
  files: SourceFile[];
  tensors: ReadonlyMap<string, FolderTensor>;
}

const singleFile = 'model.safetensors';
const indexFile = 'model.safetensors.index.json';
/** A model of 100 layers and 100 experts has 30,000 tensors. */
const maxIndexBytes = 64 << 20;

/** Throws ModelError. */
export function readFolderTensors(directory: string): FolderTensors {
  if (existsSync(join(directory, singleFile))) return readFiles(directory, new Map([[singleFile, null]]));
  const path = join(directory, indexFile);
  if (!existsSync(path)) {
    throw new ModelError(
      'MODEL_UNREADABLE',
      `${directory} has neither ${singleFile} nor ${indexFile}; get the model's safetensors files`,
    );
  }
  const { weight_map: map } = readJsonFile(path, maxIndexBytes) as { weight_map?: unknown };
  if (typeof map !== 'object' || map === null || Array.isArray(map) || Object.keys(map).length === 0) {
    throw new ModelError('MODEL_INVALID', `${path} has no weight_map; get it again`);
  }
  const namesByFile = new Map<string, string[]>();
  for (const [name, file] of Object.entries(map)) {
    // A file of another folder is none of this model's.
    if (typeof file !== 'string' || file !== basename(file) || !file.endsWith('.safetensors')) {
      throw new ModelError('MODEL_INVALID', `${path} names no safetensors file of its folder for ${name.slice(0, 80)}`);
    }
    const names = namesByFile.get(file);
    if (names) names.push(name);
    else namesByFile.set(file, [name]);
  }
  return readFiles(directory, namesByFile);
}

/** @param namesByFile the tensors that are wanted of each file; null: all */
function readFiles(directory: string, namesByFile: Map<string, string[] | null>): FolderTensors {
  const files: SourceFile[] = [];
  const tensors = new Map<string, FolderTensor>();
  for (const [name, names] of namesByFile) {
    const header = readSafetensorsHeader(join(directory, name));
    for (const wanted of names ?? header.tensors.keys()) {
      const tensor = header.tensors.get(wanted);
      if (!tensor) {
        throw new ModelError(
          'MODEL_INVALID',
          `${header.path} lacks the tensor ${wanted.slice(0, 80)}, which ${indexFile} says it has; get both again`,
        );
      }
      tensors.set(wanted, { ...tensor, file: files.length });
    }
    files.push({ path: header.path, bytes: header.fileBytes });
  }
  return { files, tensors };
}
