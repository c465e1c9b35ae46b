// JSON files that are read back by other processes: bounded when read, never seen half-written.
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Why a JSON file could not be read: `reason` is a sentence without the path. */
export type JsonFile = { value: unknown } | { reason: string; cause?: unknown };

/** Reads at most `maxBytes`: a larger file is refused before anything is allocated for it. */
export async function readJsonFile(path: string, maxBytes: number): Promise<JsonFile> {
  let text: string;
  try {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      if (size > maxBytes) return { reason: `has ${size} bytes, more than the ${maxBytes} such a file may have` };
      const buffer = Buffer.alloc(size);
      let filled = 0;
      while (filled < size) {
        const { bytesRead } = await file.read(buffer, filled, size - filled, filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      text = buffer.toString('utf8', 0, filled);
    } finally {
      await file.close();
    }
  } catch (cause) {
    return { reason: (cause as Error).message, cause };
  }
  try {
    return { value: JSON.parse(text) };
  } catch (cause) {
    return { reason: `is not JSON: ${(cause as Error).message}`, cause };
  }
}

/** Writes to a temporary name beside `path`, syncs, renames: whoever reads `path` sees the old file or the whole new one. */
export async function writeJsonFile(path: string, value: unknown): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.${temporaryCount++}.tmp`);
  try {
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(`${formatJson(value, '')}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw cause;
  }
  const directory = await open(dirname(path), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

let temporaryCount = 0;

/** Objects spread out, array elements one a line: a table stays readable and diffs by row. */
export function formatJson(value: unknown, indent: string): string {
  const inner = `${indent}  `;
  if (Array.isArray(value) && value.some((item) => typeof item === 'object')) {
    return `[\n${value.map((item) => inner + JSON.stringify(item)).join(',\n')}\n${indent}]`;
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const fields = Object.entries(value).map(
      ([name, field]) => `${inner}${JSON.stringify(name)}: ${formatJson(field, inner)}`,
    );
    return fields.length === 0 ? '{}' : `{\n${fields.join(',\n')}\n${indent}}`;
  }
  return JSON.stringify(value);
}
