// Puts together the compiled tokenizer from what a source (GGUF, tokenizer.json, SentencePiece, ranks) says.
import { ByteStringIndex, type ByteStrings, compareStrings, packed } from './byte-strings.ts';
import { endOfGenerationTokens, type NamedTokens } from './end-of-generation.ts';
import { maxSpecialTokenBytes, type TokenizerKind, tokenType, writeTokenizer } from './format.ts';
import type { MergeTables } from './merges.ts';
import { invalidTokenizer } from './metadata.ts';
import { type Pipeline, writePipeline } from './pipeline.ts';

export interface TokenizerParts {
  kind: TokenizerKind;
  /** A name in pre-tokenizers.ts, or empty. */
  preTokenizer?: string;
  pipeline?: Pipeline;
  addBos: boolean;
  addEos: boolean;
  ignoreMerges?: boolean;
  byteFallback?: boolean;
  fuseUnknown?: boolean;
  stripPrefix?: boolean;
  singlePrecision?: boolean;
  bos: number | null;
  unk: number | null;
  pad: number | null;
  ends: NamedTokens;
  /** Tokens that end a generation beside those. */
  otherEnds?: readonly number[];
  /** The bytes that each token stands for. */
  tokens: ByteStrings;
  /** Changed here for tokens whose text says that they end a generation. */
  types: Uint8Array;
  /** [vocabulary]: 1 for tokens that words are made of. No two of them have the same bytes. */
  ordinary: Uint8Array;
  /** [256], for kinds other than bytes. */
  byteTokens?: Uint32Array;
  merges?: MergeTables;
  scores?: Float64Array;
  charsmap?: Uint8Array;
  /** Of special tokens: specialRule, or'ed. */
  rules?: (id: number) => number;
  /** What a special token is found by, where it is not its own bytes. */
  foundBy?: (id: number) => Uint8Array | null;
}

/** @throws TokenizerError INVALID_TOKENIZER */
export function assembleTokenizer(parts: TokenizerParts): Uint8Array {
  const { tokens, types, ordinary, kind } = parts;
  const vocabulary = types.length;
  const index = indexTokens(tokens, ordinary);
  const { eot, eom, ends } = endOfGenerationTokens(parts.ends, types, (text) => {
    const bytes = Buffer.from(text);
    const id = index.find(bytes, 0, bytes.length);
    return id < 0 ? undefined : id;
  });
  const everything = parts.ignoreMerges === true || kind === 'unigram';
  const byText = ordinaryIds(ordinary).filter(
    (id) => lengthOf(tokens, id) > 0 && (everything || (kind === 'characters' && isOneCharacter(tokens, id))),
  );
  return writeTokenizer({
    kind,
    preTokenizer: parts.preTokenizer ?? '',
    pipeline: parts.pipeline === undefined ? '' : writePipeline(parts.pipeline),
    addBos: parts.addBos,
    addEos: parts.addEos,
    ignoreMerges: parts.ignoreMerges ?? false,
    byteFallback: parts.byteFallback ?? false,
    fuseUnknown: parts.fuseUnknown ?? false,
    stripPrefix: parts.stripPrefix ?? false,
    singlePrecision: parts.singlePrecision ?? false,
    bos: parts.bos,
    eos: parts.ends.eos,
    eot,
    eom,
    unk: parts.unk,
    pad: parts.pad,
    textStart: tokens.starts,
    text: tokens.text,
    types,
    byteTokens: parts.byteTokens ?? singleBytes(tokens, ordinary),
    ...(parts.merges ?? {
      mergeStart: new Uint32Array(vocabulary + 1),
      mergeRight: new Uint32Array(),
      mergeRank: new Uint32Array(),
      mergeResult: new Uint32Array(),
    }),
    ...specialTokens(parts),
    endOfGeneration: Uint32Array.from(new Set([...ends, ...(parts.otherEnds ?? [])])).sort(),
    byText: Uint32Array.from(byText).sort((a, b) => compareStrings(tokens, a, b)),
    scores: parts.scores ?? new Float64Array(),
    charsmap: parts.charsmap ?? new Uint8Array(),
  });
}

export function isSpecial(type: number | undefined): boolean {
  return type === tokenType.control || type === tokenType.unknown || type === tokenType.userDefined;
}

export const ordinaryIds = (ordinary: Uint8Array): number[] =>
  Array.from(ordinary.keys()).filter((id) => ordinary[id] === 1);

const lengthOf = ({ starts }: ByteStrings, id: number) => (starts[id + 1] as number) - (starts[id] as number);

function isOneCharacter({ text, starts }: ByteStrings, id: number): boolean {
  for (let at = (starts[id] as number) + 1; at < (starts[id + 1] as number); at++) {
    if (((text[at] as number) & 0xc0) !== 0x80) return false;
  }
  return true;
}

/** Where an ordinary token and another have the same bytes, merging means the ordinary one. */
export function indexTokens(tokens: ByteStrings, ordinary: Uint8Array): ByteStringIndex {
  const index = new ByteStringIndex(tokens);
  for (const wanted of [1, 0]) {
    for (let id = 0; id < ordinary.length; id++) {
      if (ordinary[id] !== wanted) continue;
      const first = index.add(id);
      if (first !== id && ordinary[first] === wanted && wanted === 1 && lengthOf(tokens, id) > 0) {
        throw invalidTokenizer(`token ${id} has the same text as token ${first}`);
      }
    }
  }
  return index;
}

function singleBytes(tokens: ByteStrings, ordinary: Uint8Array): Uint32Array {
  const byteTokens = new Uint32Array(256).fill(0xffffffff);
  for (const id of ordinaryIds(ordinary)) {
    if (lengthOf(tokens, id) === 1) byteTokens[tokens.text[tokens.starts[id] as number] as number] = id;
  }
  return byteTokens;
}

function specialTokens({ tokens, types, rules, foundBy }: TokenizerParts) {
  const ids: number[] = [];
  for (let id = 0; id < types.length; id++) {
    if (!isSpecial(types[id]) || lengthOf(tokens, id) === 0) continue;
    if (lengthOf(tokens, id) > maxSpecialTokenBytes) {
      throw invalidTokenizer(`special token ${id} has ${lengthOf(tokens, id)} bytes`);
    }
    ids.push(id);
  }
  const texts = ids.map((id) => ({
    id,
    text: foundBy?.(id) ?? tokens.text.subarray(tokens.starts[id], tokens.starts[id + 1]),
  }));
  texts.sort((a, b) => Buffer.compare(a.text, b.text));
  const { starts, text } = packed(texts.map((special) => special.text));
  return {
    specials: Uint32Array.from(texts, ({ id }) => id),
    specialStart: starts,
    specialText: text,
    specialRules: Uint8Array.from(texts, ({ id }) => rules?.(id) ?? 0),
  };
}
