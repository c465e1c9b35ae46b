export { compileTokenizer, type TokenizerMetadata } from './compile.ts';
export { TokenizerError, type TokenizerErrorCode } from './error.ts';
export { compileTokenizerFile } from './from-file.ts';
export { StreamDecoder } from './stream-decoder.ts';
export { type DecodeOptions, type EncodeOptions, Tokenizer } from './tokenizer.ts';
