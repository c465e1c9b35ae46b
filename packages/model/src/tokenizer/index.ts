// What a process that serves loads. Compiling (importTokenizer, of the package's main entry) brings readers of every format
// along, 10 MB of the baseline.
export { TokenizerError, type TokenizerErrorCode } from './error.ts';
export { StreamDecoder } from './stream-decoder.ts';
export { type DecodeOptions, type EncodeOptions, Tokenizer } from './tokenizer.ts';
