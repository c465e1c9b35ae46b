// What a process that serves loads. Compiling has an entry of its own, as it brings readers of every format along.
export { TokenizerError, type TokenizerErrorCode } from './error.ts';
export { StreamDecoder } from './stream-decoder.ts';
export { type DecodeOptions, type EncodeOptions, Tokenizer } from './tokenizer.ts';
