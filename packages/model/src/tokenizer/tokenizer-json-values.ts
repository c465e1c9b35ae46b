// The values of a tokenizer.json, each checked for its type.
import { TokenizerError } from './error.ts';

export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
  [key: string]: Json;
}

export const isRecord = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export function object(where: string, value: Json | undefined): JsonObject {
  if (isRecord(value)) return value;
  throw invalid(`${where} should be an object`);
}

export function list(where: string, value: Json | undefined): Json[] {
  if (Array.isArray(value)) return value;
  throw invalid(`${where} should be a list`);
}

export function text(where: string, value: Json | undefined): string {
  if (typeof value === 'string') return value;
  throw invalid(`${where} should be a string`);
}

export function flag(where: string, value: Json | undefined): boolean {
  if (typeof value === 'boolean') return value;
  throw invalid(`${where} should be true or false`);
}

export function invalid(what: string): TokenizerError {
  return new TokenizerError(
    'INVALID_TOKENIZER',
    `The tokenizer.json is not usable: ${what}. The file is damaged; get another copy.`,
  );
}

export function unsupported(what: string): TokenizerError {
  return new TokenizerError(
    'UNSUPPORTED_TOKENIZER',
    `This tokenizer.json cannot be followed: ${what}, which is not known here, and guessing would give wrong tokens.`,
  );
}
