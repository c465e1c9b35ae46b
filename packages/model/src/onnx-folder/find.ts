// Which file is the model of an ONNX folder, and which folder says what it is: onnxruntime-genai's folders keep all
// together, those of onnx-community have their graphs in onnx/ below config.json and tokenizer.json.
import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { readJsonFile } from '../json-file.ts';
import { ModelError } from '../model-error.ts';

export interface OnnxFolder {
  /** Of model.onnx. */
  model: string;
  /** Of the configuration, the tokenizer and the chat template. */
  directory: string;
}

const names = ['model.onnx', 'onnx/model.onnx'];
const configs = ['genai_config.json', 'config.json'];

/** Null where `path` is neither an ONNX model nor a folder of one. Throws ModelError. */
export function findOnnxFolder(path: string): OnnxFolder | null {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    const name = [decoderName(path), ...names].find((one) => one !== null && existsSync(join(path, one)));
    return name ? { model: join(path, name), directory: path } : null;
  }
  if (!path.endsWith('.onnx')) return null;
  const beside = dirname(path);
  const above = dirname(beside);
  const has = (directory: string) => configs.some((name) => existsSync(join(directory, name)));
  return { model: path, directory: !has(beside) && has(above) ? above : beside };
}

/** As genai_config.json says it. */
function decoderName(directory: string): string | null {
  const path = join(directory, 'genai_config.json');
  if (!existsSync(path)) return null;
  const { model } = readJsonFile(path) as { model?: { decoder?: { filename?: unknown } } };
  const name = model?.decoder?.filename;
  if (name === undefined) return null;
  if (typeof name === 'string' && name === basename(name) && name.endsWith('.onnx')) return name;
  throw new ModelError('MODEL_INVALID', `${path} names no .onnx file of its folder for the decoder`);
}
