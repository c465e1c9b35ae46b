export { checkCmt, modes, pageBytes } from './check.ts';
export { crc32cCombine, formatCrc32c } from './crc32c.ts';
export { CmtError, type CmtErrorCode } from './error.ts';
export { formatJson, type JsonFile, readJsonFile, writeJsonFile } from './json-file.ts';
export { loadCmt } from './load.ts';
export { findViolation, type SchemaViolation, type Validator } from './schema-violation.ts';
export type * from './types.ts';
export { type ChunkAccess, JsonWeightChunkMetaDataWriter, type MetaDataWriterOptions } from './writer.ts';
