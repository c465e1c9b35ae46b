// A Hugging Face folder (config.json, safetensors) as the header that a GGUF of the same model would have, so that all
// that follows (outline, chunks, graphs) is one path for both. Two things differ: matrices are quantized when the weight
// cache is built, and the rows of q and k lie as the model's authors have them, where pairs (i, i + n/2) rotate together;
// converters to GGUF put them into another order for some architectures.
import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';
import type { GgufHeader, GgufTensor } from '../gguf/header.ts';
import { isWeightKind, type TensorType, tensorTypeNamed } from '../gguf/tensor-types.ts';
import { readJsonFile } from '../json-file.ts';
import { ModelError } from '../model-error.ts';
import { type FolderTensor, readFolderTensors } from '../safetensors/folder.ts';
import type { FloatForm, GgufKind } from '../types.ts';
import { type TranslatedConfig, translateConfig } from './config.ts';
import { ggufName } from './tensor-names.ts';

/** What matrices are quantized to; `none` keeps their own bits. */
export type Quantize = 'q4_0' | 'q4_1' | 'q8_0' | 'none';
export const quantizations: readonly Quantize[] = ['q4_0', 'q4_1', 'q8_0', 'none'];
/** Hardly to be told from the original, in half of the bytes; 4 bits are for who asks for them. */
export const defaultQuantize: Quantize = 'q8_0';

/** Throws ModelError. */
export function readFolderHeader(directory: string, quantize: Quantize): GgufHeader {
  const config = readJsonFile(join(directory, 'config.json'));
  const translated = translateConfig(join(directory, 'config.json'), config);
  const { files, tensors: stored } = readFolderTensors(directory);
  const tensors = new Map<string, GgufTensor>();
  for (const tensor of stored.values()) {
    const name = ggufName(tensor.name, translated);
    if (name === null) continue;
    if (tensors.has(name)) throw invalid(directory, `two tensors play the part of ${name}, one is ${tensor.name}`);
    tensors.set(name, translateTensor(directory, name, tensor, quantize, translated));
  }
  if (translated.tiedHead === false && !tensors.has('output.weight')) {
    throw invalid(directory, 'config.json says that the head has weights of its own, and lm_head.weight is missing');
  }
  for (const [name, values] of translated.vectors) {
    tensors.set(name, { name, type: typeOf('F32'), dimensions: [values.length], offset: 0, bytes: 0, values });
  }
  translated.metadata.set('general.name', nameOf(directory));
  return {
    path: directory,
    files,
    fileBytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    version: 0,
    metadata: translated.metadata,
    metadataRanges: new Map(),
    rotaryInterleaved: false,
    tensors,
    digest: digestOf(config, [...stored.values()]),
  };
}

function translateTensor(
  directory: string,
  name: string,
  tensor: FolderTensor,
  quantize: Quantize,
  { family }: TranslatedConfig,
): GgufTensor {
  const { dtype, shape, offset, bytes, file } = tensor;
  if (dtype !== 'F32' && dtype !== 'F16' && dtype !== 'BF16') {
    throw new ModelError(
      'UNSUPPORTED_TYPE',
      `${directory}: the tensor ${tensor.name} is ${dtype}; bf16, f16 and f32 are supported: get the model in one of them`,
    );
  }
  if (shape.length < 1 || shape.length > 2 || bytes === 0) {
    throw invalid(
      directory,
      `the tensor ${tensor.name} has the shape [${shape}], where a vector or a matrix is expected`,
    );
  }
  const kind = shape.length === 1 ? 'F32' : kindOf(name, dtype, quantize);
  const addend = family.normsPlusOne && shape.length === 1 && name.endsWith('norm.weight') ? 1 : 0;
  const source = { file, form: kind === dtype ? null : dtype, addend };
  return { name, type: typeOf(kind), dimensions: [...shape].reverse(), offset, bytes, source };
}

/** The embedding and the head keep 8 bits: they are read by the row, or decide the token, and 4 bits cost most there. */
function kindOf(name: string, dtype: FloatForm, quantize: Quantize): GgufKind {
  if (quantize === 'none') return isWeightKind(dtype) ? dtype : 'F32';
  const eight = quantize === 'q8_0' || name === 'token_embd.weight' || name === 'output.weight';
  return eight ? 'Q8_0' : (quantize.toUpperCase() as 'Q4_0' | 'Q4_1');
}

const typeOf = (kind: GgufKind): TensorType => tensorTypeNamed(kind);

/** The folder's own name; of a hub's cache (models--owner--name/snapshots/revision) the model's. */
function nameOf(directory: string): string {
  const parts = resolve(directory).split('/');
  const cached = parts.findLast((part) => part.startsWith('models--'));
  return cached?.split('--').at(-1) ?? parts.at(-1) ?? '';
}

/** "sha256:<hex>" of what the folder says about its tensors. */
function digestOf(config: object, tensors: FolderTensor[]): string {
  const hash = createHash('sha256').update(JSON.stringify(config));
  for (const { name, dtype, shape, offset, file } of tensors) {
    hash.update(`${JSON.stringify(name)} ${dtype} ${shape} ${file} ${offset}\n`);
  }
  return `sha256:${hash.digest('hex')}`;
}

const invalid = (directory: string, what: string) =>
  new ModelError('MODEL_INVALID', `${directory}: ${what}; get the model again`);
