// One door for every kind of model: a GGUF file, or a Hugging Face folder, as the header that the rest works with.
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { type GgufHeader, readGgufHeader } from './gguf/header.ts';
import { defaultQuantize, type Quantize, readFolderHeader } from './huggingface/header.ts';

export interface ImportOptions {
  /** What a folder's matrices become; GGUFs keep their bits. By default q8_0. */
  quantize?: Quantize | undefined;
}

/** Throws ModelError. */
export function readModelHeader(path: string, { quantize = defaultQuantize }: ImportOptions = {}): GgufHeader {
  const directory = modelDirectory(path);
  return directory === null ? readGgufHeader(path) : readFolderHeader(directory, quantize);
}

/** The folder that `path` means: itself, or where the safetensors file lies that it names. Null for any other file. */
export function modelDirectory(path: string): string | null {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return path;
  return path.endsWith('.safetensors') ? dirname(path) : null;
}
