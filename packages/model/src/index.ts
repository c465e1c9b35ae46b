export type { GgufHeader, GgufTensor } from './gguf/header.ts';
export { readGgufHeader } from './gguf/header.ts';
export type { MetadataValue } from './gguf/metadata.ts';
export { StringTable } from './gguf/string-table.ts';
export { importModel, importTokenizer, inspectModel } from './import.ts';
export { ModelError, type ModelErrorCode } from './model-error.ts';
export type * from './types.ts';
