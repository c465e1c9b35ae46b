// JSON files of a model's folder: bounded, and a sentence where one is not what it should be.
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { ModelError } from './model-error.ts';

export type JsonObject = Record<string, unknown>;

/** The object that the file holds. Throws ModelError. */
export function readJsonFile(path: string, maxBytes = 16 << 20): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(readText(path, maxBytes));
  } catch (error) {
    if (error instanceof ModelError) throw error;
    throw new ModelError('MODEL_INVALID', `${path} is not JSON: ${(error as Error).message.slice(0, 200)}`);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw new ModelError('MODEL_INVALID', `${path} holds no JSON object`);
}

/** The file's text. Throws ModelError. */
export function readText(path: string, maxBytes: number): string {
  let fd: number | undefined;
  try {
    fd = openSync(path, 'r');
    const { size } = fstatSync(fd);
    if (size > maxBytes) {
      throw new ModelError('MODEL_INVALID', `${path} has ${size} bytes, more than any such file (${maxBytes})`);
    }
    return readFileSync(fd, 'utf8');
  } catch (error) {
    if (error instanceof ModelError) throw error;
    throw new ModelError('MODEL_UNREADABLE', `cannot read ${path}: ${(error as Error).message}`, { cause: error });
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
