// From the metadata of a model file to the compiled tokenizer. Runs once, at import.
import { decodeAlphabet } from './byte-alphabet.ts';
import { ByteStringIndex, type ByteStrings, compareStrings } from './byte-strings.ts';
import { endOfGenerationTokens } from './end-of-generation.ts';
import { TokenizerError } from './error.ts';
import { maxSpecialTokenBytes, tokenType, writeTokenizer } from './format.ts';
import { mergeTables } from './merges.ts';
import { invalidTokenizer, TokenizerKeys, type TokenizerMetadata } from './metadata.ts';
import { preTokenizerNamed } from './pre-tokenizers.ts';

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
  if (model !== 'gpt2') throw unsupportedModel(model);
  const preTokenizer = keys.text('pre') ?? 'default';
  const { addBos = false, ignoreMerges = false } = preTokenizerNamed(preTokenizer);

  const texts = keys.strings('tokens');
  const vocabulary = texts.starts.length - 1;
  if (vocabulary < 1) throw invalidTokenizer('tokenizer.ggml.tokens is empty');
  const types = keys.tokenTypes(vocabulary);
  const { tokens, spelled } = tokenBytes(texts, types);
  const index = indexTokens(tokens, spelled);
  const token = (name: string) => keys.token(`${name}_token_id`, vocabulary);
  const eos = token('eos');
  const { eot, eom, ends } = endOfGenerationTokens(
    {
      eos,
      eot: token('eot'),
      eom: token('eom'),
      fimPad: token('fim_pad'),
      fimRep: token('fim_rep'),
      fimSep: token('fim_sep'),
    },
    types,
    (text) => {
      const bytes = Buffer.from(text);
      const id = index.find(bytes, 0, bytes.length);
      return id < 0 ? undefined : id;
    },
  );

  const { starts, text } = tokens;
  const byteTokens = new Uint32Array(256).fill(0xffffffff);
  const ordinary: number[] = [];
  const specials: number[] = [];
  for (let id = 0; id < vocabulary; id++) {
    const start = starts[id] as number;
    const length = (starts[id + 1] as number) - start;
    if (isSpecial(types[id])) {
      if (length > maxSpecialTokenBytes) throw invalidTokenizer(`special token ${id} has ${length} bytes`);
      if (length > 0) specials.push(id);
    } else if (spelled[id] === 1) {
      ordinary.push(id);
      if (length === 1) byteTokens[text[start] as number] = id;
    }
  }
  const byBytes = (a: number, b: number) => compareStrings(tokens, a, b);
  return writeTokenizer({
    preTokenizer,
    addBos: keys.flag('add_bos_token') ?? addBos,
    addEos: keys.flag('add_eos_token') ?? false,
    ignoreMerges,
    bos: token('bos'),
    eos,
    eot,
    eom,
    unk: token('unknown'),
    pad: token('padding'),
    textStart: starts,
    text,
    types,
    byteTokens,
    ...mergeTables(keys.strings('merges'), index, vocabulary),
    specials: Uint32Array.from(specials).sort(byBytes),
    endOfGeneration: Uint32Array.from(ends),
    byText: Uint32Array.from(ignoreMerges ? ordinary : []).sort(byBytes),
  });
}

function isSpecial(type: number | undefined): boolean {
  return type === tokenType.control || type === tokenType.unknown || type === tokenType.userDefined;
}

/** Ordinary tokens are spelled in the byte alphabet (`spelled` is 1 for these), all others are plain text. */
function tokenBytes(texts: ByteStrings, types: Uint8Array): { tokens: ByteStrings; spelled: Uint8Array } {
  const spelled = new Uint8Array(types.length);
  const starts = new Uint32Array(types.length + 1);
  const text = new Uint8Array(texts.text.length);
  let end = 0;
  for (let id = 0; id < types.length; id++) {
    const from = texts.starts[id] as number;
    const to = texts.starts[id + 1] as number;
    const plain = isSpecial(types[id]) || types[id] === tokenType.unused;
    const written = plain ? -1 : decodeAlphabet(texts.text, from, to, text, end);
    if (written >= 0) {
      spelled[id] = 1;
      end += written;
    } else {
      text.set(texts.text.subarray(from, to), end);
      end += to - from;
    }
    starts[id + 1] = end;
  }
  return { tokens: { text: text.subarray(0, end), starts }, spelled };
}

/** Where an ordinary token and another have the same bytes, merging means the ordinary one. */
function indexTokens(tokens: ByteStrings, spelled: Uint8Array): ByteStringIndex {
  const index = new ByteStringIndex(tokens);
  for (const wanted of [1, 0]) {
    for (let id = 0; id < spelled.length; id++) {
      if (spelled[id] !== wanted) continue;
      const first = index.add(id);
      if (first !== id && spelled[first] === wanted && tokens.starts[id] !== tokens.starts[id + 1]) {
        throw invalidTokenizer(`token ${id} has the same text as token ${first}`);
      }
    }
  }
  return index;
}

function unsupportedModel(model: string): TokenizerError {
  const kind = { llama: ' (SentencePiece)', bert: ' (WordPiece)', t5: ' (Unigram)', rwkv: ' (RWKV)' }[model] ?? '';
  return new TokenizerError(
    'UNSUPPORTED_TOKENIZER',
    `The model's tokenizer is of type "${model.slice(0, 64)}"${kind}; so far only byte-level BPE ("gpt2") is read. ` +
      'Use a model with such a tokenizer, as SmolLM2, Llama 3 and Mistral Nemo have.',
  );
}
