// From the metadata of a model file to the compiled tokenizer. Runs once, at import.
import { assembleTokenizer, indexTokens, isSpecial, ordinaryIds } from './assemble.ts';
import { decodeAlphabet } from './byte-alphabet.ts';
import type { ByteStrings } from './byte-strings.ts';
import type { NamedTokens } from './end-of-generation.ts';
import { TokenizerError } from './error.ts';
import { specialRule, tokenType } from './format.ts';
import { mergesByScore, mergeTables, splitMerges } from './merges.ts';
import { invalidTokenizer, TokenizerKeys, type TokenizerMetadata } from './metadata.ts';
import type { SplitStep } from './pipeline.ts';
import { preTokenizerNamed } from './pre-tokenizers.ts';
import { alphabetVocabulary, characterVocabulary, spacesOnlyLead, unescapeSpaces } from './spellings.ts';

export type { TokenizerMetadata } from './metadata.ts';

/**
 * @param metadata with the keys tokenizer.ggml.*; lists of strings may be StringTables or any iterable of
 *   strings, integers may be bigints
 * @returns what Tokenizer.fromBytes reads
 * @throws TokenizerError UNSUPPORTED_TOKENIZER, INVALID_TOKENIZER
 */
export function compileTokenizer(metadata: TokenizerMetadata | Readonly<Record<string, unknown>>): Uint8Array {
  const keys = new TokenizerKeys(metadata);
  const model = keys.text('model');
  if (model === null) throw invalidTokenizer('tokenizer.ggml.model is missing, so there is none');
  const compile = Object.hasOwn(models, model) ? models[model] : undefined;
  if (compile === undefined) throw unsupportedModel(model);
  const texts = keys.strings('tokens');
  const vocabulary = texts.starts.length - 1;
  if (vocabulary < 1) throw invalidTokenizer('tokenizer.ggml.tokens is empty');
  return compile({ keys, texts, vocabulary, types: keys.tokenTypes(vocabulary) });
}

interface Source {
  keys: TokenizerKeys;
  texts: ByteStrings;
  vocabulary: number;
  types: Uint8Array;
}

const models: Record<string, (source: Source) => Uint8Array> = {
  gpt2: compileBytes,
  llama: compileScoredMerges,
  gemma4: compileCharacterMerges,
  t5: compileUnigram,
};

/** Byte-level BPE: tokens and merges in the byte alphabet. */
function compileBytes({ keys, texts, vocabulary, types }: Source): Uint8Array {
  const preTokenizer = keys.text('pre') ?? 'default';
  const { addBos = false, ignoreMerges = false } = preTokenizerNamed(preTokenizer);
  const { tokens, ordinary } = alphabetVocabulary(texts, types);
  const index = indexTokens(tokens, ordinary);
  return assembleTokenizer({
    kind: 'bytes',
    preTokenizer,
    ignoreMerges,
    ...namedTokens(keys, vocabulary, { addBos, addEos: false }),
    tokens,
    types,
    ordinary,
    merges: mergeTables(splitMerges(keys.strings('merges')), decodeAlphabet, index, vocabulary),
  });
}

/** SentencePiece's BPE, as llama.cpp writes it: no merges but scores, and a space in front of each text. */
function compileScoredMerges(source: Source): Uint8Array {
  const { keys, texts, vocabulary, types } = source;
  const scores = keys.numbers('scores', vocabulary);
  const { tokens, ordinary, byteTokens } = characterVocabulary(texts, types);
  const prefix = keys.flag('add_space_prefix') ?? true;
  return assembleTokenizer({
    kind: 'characters',
    pipeline: {
      normalize: [{ type: 'sentencepiece', prefix, suffix: false, trim: false }],
      split: wordCuts(tokens, ordinary),
    },
    byteFallback: true,
    stripPrefix: prefix,
    ...namedTokens(keys, vocabulary, { addBos: true, addEos: false }),
    tokens,
    types,
    ordinary,
    byteTokens,
    merges: mergesByScore(tokens, ordinaryIds(ordinary), (id) => scores[id] as number, true),
    rules: rulesByName(source),
  });
}

/** BPE over characters with merges of its own (Gemma 4). */
function compileCharacterMerges({ keys, texts, vocabulary, types }: Source): Uint8Array {
  // Runs of line breaks are taken as the longest token there is; the merges say nothing of them.
  for (let id = 0; id < vocabulary; id++) {
    const text = texts.text.subarray(texts.starts[id], texts.starts[id + 1]);
    if (types[id] === tokenType.normal && text.length > 0 && text.every((byte) => byte === 0x0a)) {
      types[id] = tokenType.userDefined;
    }
  }
  const { tokens, ordinary, byteTokens } = characterVocabulary(texts, types);
  const index = indexTokens(tokens, ordinary);
  return assembleTokenizer({
    kind: 'characters',
    pipeline: {
      normalize: [{ type: 'replace', from: '\u2581', to: ' ' }],
      split: wordCuts(tokens, ordinary),
    },
    byteFallback: true,
    ...namedTokens(keys, vocabulary, { addBos: true, addEos: false }),
    tokens,
    types,
    ordinary,
    byteTokens,
    merges: mergeTables(splitMerges(keys.strings('merges')), unescapeSpaces, index, vocabulary),
  });
}

function compileUnigram({ keys, texts, vocabulary, types }: Source): Uint8Array {
  const { tokens, ordinary, byteTokens } = characterVocabulary(texts, types);
  const prefix = keys.flag('add_space_prefix') ?? false;
  const named = namedTokens(keys, vocabulary, { addBos: false, addEos: true });
  return assembleTokenizer({
    kind: 'unigram',
    pipeline: {
      normalize: [
        { type: 'sentencepiece', prefix, suffix: false, trim: keys.flag('remove_extra_whitespaces') ?? false },
      ],
      split: [],
    },
    fuseUnknown: true,
    stripPrefix: prefix,
    ...named,
    unk: named.unk ?? 2,
    tokens,
    types,
    ordinary,
    byteTokens,
    scores: keys.numbers('scores', vocabulary),
    charsmap: keys.bytes('precompiled_charsmap'),
  });
}

function namedTokens(keys: TokenizerKeys, vocabulary: number, defaults: { addBos: boolean; addEos: boolean }) {
  const token = (name: string) => keys.token(`${name}_token_id`, vocabulary);
  const ends: NamedTokens = {
    eos: token('eos'),
    eot: token('eot'),
    eom: token('eom'),
    fimPad: token('fim_pad'),
    fimRep: token('fim_rep'),
    fimSep: token('fim_sep'),
  };
  return {
    addBos: keys.flag('add_bos_token') ?? defaults.addBos,
    addEos: keys.flag('add_eos_token') ?? defaults.addEos,
    bos: token('bos'),
    unk: token('unknown'),
    pad: token('padding'),
    ends,
  };
}

function wordCuts(tokens: ByteStrings, ordinary: Uint8Array): SplitStep[] {
  return spacesOnlyLead(tokens, ordinary) ? [{ type: 'runs' }] : [];
}

/** Phi-3's control tokens take the white space behind them along; GGUF says so by the model's name alone. */
function rulesByName({ keys, texts, types }: Source): (id: number) => number {
  if (!/phi-?3/.test(keys.modelName)) return () => 0;
  const plain = new Set(['<unk>', '<s>', '<|endoftext|>']);
  return (id) => {
    const text = Buffer.from(texts.text.subarray(texts.starts[id], texts.starts[id + 1])).toString();
    return isSpecial(types[id]) && !plain.has(text) ? specialRule.rightStrip : 0;
  };
}

function unsupportedModel(model: string): TokenizerError {
  const kind = { bert: ' (WordPiece)', rwkv: ' (RWKV)', none: '' }[model] ?? '';
  return new TokenizerError(
    'UNSUPPORTED_TOKENIZER',
    `The model's tokenizer is of type "${model.slice(0, 64)}"${kind}, which is not read; ` +
      `known are ${Object.keys(models).join(', ')}. Use a model with one of these, or name another with --tokenizer.`,
  );
}
