import { checkCmt } from './check.ts';
import { CmtError } from './error.ts';
import { readJsonFile } from './json-file.ts';
import type { ChunkMetadataTable } from './types.ts';

/** A 70B model's table has about 10 MB: 600,000 unit sums of 11 bytes, and its rows. */
const maxFileBytes = 64 * 1024 * 1024;

/** Reads and checks weight_chunks_metadata_table.json. Throws CmtError. */
export async function loadCmt(path: string): Promise<ChunkMetadataTable> {
  const file = await readJsonFile(path, maxFileBytes);
  if ('reason' in file) {
    throw new CmtError('CMT_UNREADABLE', '', `${path}: ${file.reason}; run \`flash-slim profile\` to make it`, {
      cause: file.cause,
    });
  }
  return checkCmt(file.value);
}
