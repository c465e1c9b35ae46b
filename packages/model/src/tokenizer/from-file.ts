// A tokenizer from a file of any kind that is read, told by its contents, or from a model's folder.
import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readGgufHeader } from '../gguf/header.ts';
import { compileTokenizer } from './compile.ts';
import { TokenizerError } from './error.ts';
import { compileRankFile, looksLikeRanks } from './ranks.ts';
import { compileSentencePiece } from './sentencepiece.ts';
import { compileTekken } from './tekken.ts';
import { compileTokenizerJson } from './tokenizer-json.ts';

/** Of a vocabulary of 262k tokens, 33 MB. */
const maxFileBytes = 192 << 20;
const maxConfigBytes = 16 << 20;
const inFolder = ['tokenizer.json', 'tekken.json', 'tokenizer.model', 'spiece.model', 'qwen.tiktoken'];

/**
 * @param path a GGUF, tokenizer.json, SentencePiece model, tiktoken rank file or tekken.json, or a folder that has one;
 *   tokenizer_config.json, config.json, generation_config.json and genai_config.json beside a tokenizer.json or SentencePiece model are heeded
 * @returns what Tokenizer.fromBytes reads
 * @throws TokenizerError, ModelError for a damaged GGUF, and the system's errors for a file that cannot be read
 */
export function compileTokenizerFile(path: string): Uint8Array {
  const file = statSync(path).isDirectory() ? fileIn(path) : path;
  const start = firstBytes(file, 1024);
  if (start.toString('latin1', 0, 4) === 'GGUF') return compileTokenizer(readGgufHeader(file).metadata);
  const bytes = readBounded(file, maxFileBytes);
  if (looksLikeRanks(start)) return compileRankFile(bytes);
  if (/^\s*\{/.test(start.toString('utf8').replace(/^\ufeff/, ''))) return compileJson(file, bytes);
  const { add_bos_token: addBos, add_eos_token: addEos } = configBeside(file, 'tokenizer_config.json');
  return compileSentencePiece(bytes, {
    ...(typeof addBos === 'boolean' ? { addBos } : {}),
    ...(typeof addEos === 'boolean' ? { addEos } : {}),
  });
}

function compileJson(file: string, json: Buffer): Uint8Array {
  // In its configuration, with which it begins.
  if (json.subarray(0, 65536).includes('"default_num_special_tokens"')) return compileTekken(json);
  return compileTokenizerJson(json, {
    tokenizerConfig: configBeside(file, 'tokenizer_config.json'),
    generationConfig: {
      ...(configBeside(file, 'genai_config.json').model as object | undefined),
      ...configBeside(file, 'config.json'),
      ...configBeside(file, 'generation_config.json'),
    },
  });
}

function fileIn(directory: string): string {
  const name = inFolder.find((one) => existsSync(join(directory, one)));
  if (name !== undefined) return join(directory, name);
  throw new TokenizerError(
    'UNSUPPORTED_TOKENIZER',
    `${directory} has no tokenizer that is read: none of ${inFolder.join(', ')}.`,
  );
}

function configBeside(file: string, name: string): Record<string, unknown> {
  const path = join(dirname(file), name);
  if (!existsSync(path)) return {};
  const value: unknown = parsed(path, readBounded(path, maxConfigBytes).toString('utf8'));
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function parsed(path: string, json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new TokenizerError('INVALID_TOKENIZER', `${path} is no JSON: ${(cause as Error).message}`, { cause });
  }
}

function firstBytes(path: string, count: number): Buffer {
  const fd = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(count);
    return bytes.subarray(0, readSync(fd, bytes, 0, count, 0));
  } finally {
    closeSync(fd);
  }
}

function readBounded(path: string, most: number): Buffer {
  const fd = openSync(path, 'r');
  try {
    const { size } = fstatSync(fd);
    if (size > most) {
      throw new TokenizerError('INVALID_TOKENIZER', `${path} has ${size} bytes; a tokenizer has at most ${most}.`);
    }
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}
