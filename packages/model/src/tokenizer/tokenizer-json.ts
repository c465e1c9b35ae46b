// A tokenizer.json of Hugging Face's tokenizers: BPE over bytes or characters, and unigram, with the normalizers and
// pre-tokenizers that models of today use. Whatever else it asks for is refused by name: a guess would give wrong tokens.
import { assembleTokenizer, indexTokens } from './assemble.ts';
import { decodeAlphabet } from './byte-alphabet.ts';
import { ByteStringIndex, type ByteStrings } from './byte-strings.ts';
import { specialRule, tokenType } from './format.ts';
import { mergeTables } from './merges.ts';
import { Normalizer } from './normalizer.ts';
import { alphabetVocabulary, characterVocabulary, spacesOnlyLead, spelledByte, unescapeSpaces } from './spellings.ts';
import { readSteps, type Steps } from './tokenizer-json-steps.ts';
import {
  flag,
  invalid,
  isRecord,
  type Json,
  type JsonObject,
  list,
  object,
  text,
  unsupported,
} from './tokenizer-json-values.ts';
import { isTokenId, scanTokenizerJson, type TokenizerJsonParts } from './tokenizer-json-vocabulary.ts';

/** What lies beside a tokenizer.json: tokenizer_config.json and generation_config.json, parsed. */
export interface TokenizerJsonSurroundings {
  tokenizerConfig?: unknown;
  generationConfig?: unknown;
}

/**
 * @param json the file's bytes
 * @returns what Tokenizer.fromBytes reads
 * @throws TokenizerError UNSUPPORTED_TOKENIZER, INVALID_TOKENIZER
 */
export function compileTokenizerJson(json: Uint8Array, surroundings: TokenizerJsonSurroundings = {}): Uint8Array {
  const parts = scanTokenizerJson(json);
  const { file, model } = parts;
  // Files of old versions leave the type out.
  const type = text('model.type', model.type ?? (parts.merges === null ? 'Unigram' : 'BPE'));
  if (type !== 'BPE' && type !== 'Unigram') throw unsupported(`its model is of type "${type}"`);
  if ((parts.ids === null) !== (type === 'Unigram')) throw invalid(`model.vocab is not one of a model of type ${type}`);

  const steps = readSteps(file.normalizer ?? null, file.pre_tokenizer ?? null);
  const vocabulary = readVocabulary(parts, list('added_tokens', file.added_tokens ?? []));
  const named = namedTokens(vocabulary, file, model, surroundings);
  return type === 'Unigram'
    ? compileUnigram(vocabulary, model, steps, named)
    : compileMerges(vocabulary, parts, steps, named);
}

interface AddedToken {
  content: string;
  rules: number;
}

interface Vocabulary {
  texts: ByteStrings;
  types: Uint8Array;
  added: Map<number, AddedToken>;
  idOf: (content: string) => number | null;
  /** Empty where pieces have none. */
  scores: Float64Array;
}

function readVocabulary({ pieces, ids, scores }: TokenizerJsonParts, addedTokens: Json[]): Vocabulary {
  const { added, types: addedTypes } = readAdded(addedTokens);
  const count = pieces.starts.length - 1;
  const idOfPiece = (piece: number) => (ids === null ? piece : (ids[piece] as number));
  let size = 0;
  for (let piece = 0; piece < count; piece++) size = Math.max(size, idOfPiece(piece) + 1);
  for (const id of added.keys()) size = Math.max(size, id + 1);

  // Numbers that nothing has are of tokens that text never becomes.
  const types = new Uint8Array(size).fill(tokenType.unused);
  const pieceOf = new Int32Array(size).fill(-1);
  for (let piece = 0; piece < count; piece++) {
    pieceOf[idOfPiece(piece)] = piece;
    types[idOfPiece(piece)] = tokenType.normal;
  }
  const contents = new Map(Array.from(added, ([id, { content }]) => [id, Buffer.from(content)]));
  for (const [id, type] of addedTypes) types[id] = type;
  const bytesOf = (id: number): Uint8Array => {
    const piece = pieceOf[id] as number;
    return (
      contents.get(id) ?? (piece < 0 ? nothing : pieces.text.subarray(pieces.starts[piece], pieces.starts[piece + 1]))
    );
  };
  const texts = packedBy(size, bytesOf);
  const index = new ByteStringIndex(texts);
  for (let id = 0; id < size; id++) index.add(id);
  return {
    texts,
    types,
    added,
    idOf: (content) => {
      const bytes = Buffer.from(content);
      const id = index.find(bytes, 0, bytes.length);
      return id < 0 || bytes.length === 0 ? null : id;
    },
    scores: ids === null ? Float64Array.from({ length: size }, (_, id) => scores[id] ?? 0) : scores,
  };
}

const nothing = new Uint8Array();

function packedBy(count: number, bytesOf: (id: number) => Uint8Array): ByteStrings {
  const starts = new Uint32Array(count + 1);
  for (let id = 0; id < count; id++) starts[id + 1] = (starts[id] as number) + bytesOf(id).length;
  const text = new Uint8Array(starts[count] as number);
  for (let id = 0; id < count; id++) text.set(bytesOf(id), starts[id]);
  return { text, starts };
}

function readAdded(addedTokens: Json[]) {
  const added = new Map<number, AddedToken>();
  const types = new Map<number, number>();
  for (const [index, entry] of addedTokens.entries()) {
    const token = object(`added_tokens[${index}]`, entry);
    const content = text(`added_tokens[${index}].content`, token.content);
    const { id } = token;
    if (!isTokenId(id)) throw invalid(`token "${content.slice(0, 64)}" has the number ${JSON.stringify(id)}`);
    const is = (name: string, otherwise = false) => flag(`added_tokens[${index}].${name}`, token[name] ?? otherwise);
    const rules =
      (is('lstrip') ? specialRule.leftStrip : 0) |
      (is('rstrip') ? specialRule.rightStrip : 0) |
      (is('single_word') ? specialRule.singleWord : 0) |
      (is('normalized', !is('special')) ? specialRule.normalized : 0);
    added.set(id, { content, rules });
    types.set(id, is('special') ? tokenType.control : tokenType.userDefined);
  }
  return { added, types };
}

type Named = ReturnType<typeof namedTokens>;

function namedTokens(
  { idOf, types }: Vocabulary,
  file: JsonObject,
  model: JsonObject,
  { tokenizerConfig, generationConfig }: TokenizerJsonSurroundings,
) {
  const config = isRecord(tokenizerConfig) ? tokenizerConfig : {};
  const generation = isRecord(generationConfig) ? generationConfig : {};
  const token = (name: string) => {
    const value = config[name];
    const content = isRecord(value) ? value.content : value;
    return typeof content === 'string' ? idOf(content) : null;
  };
  const around = tokensAround(file.post_processor ?? null, idOf);
  const isToken = (id: unknown): id is number =>
    Number.isInteger(id) && (id as number) >= 0 && (id as number) < types.length;
  const generationEnds = [generation.eos_token_id].flat().filter(isToken);
  const unkName = typeof model.unk_token === 'string' ? idOf(model.unk_token) : null;
  const wants = (name: string, otherwise: boolean) => (typeof config[name] === 'boolean' ? config[name] : otherwise);
  return {
    addBos: around.known ? around.first !== null : wants('add_bos_token', false),
    addEos: around.known ? around.last !== null : wants('add_eos_token', false),
    bos: around.first ?? token('bos_token') ?? (isToken(generation.bos_token_id) ? generation.bos_token_id : null),
    unk: isToken(model.unk_id) ? model.unk_id : unkName,
    pad: token('pad_token'),
    ends: {
      eos: token('eos_token') ?? around.last ?? generationEnds[0] ?? null,
      eot: null,
      eom: null,
      fimPad: null,
      fimRep: null,
      fimSep: null,
    },
    otherEnds: generationEnds,
  };
}

/** The tokens that a post-processor puts around a single text. */
function tokensAround(
  processor: Json,
  idOf: (content: string) => number | null,
): { known: boolean; first: number | null; last: number | null } {
  const none = { known: false, first: null, last: null };
  if (processor === null) return none;
  const { type, ...fields } = object('post_processor', processor);
  if (type === 'ByteLevel') return none;
  if (type === 'Sequence') {
    const parts = list('post_processor.processors', fields.processors).map((part) => tokensAround(part, idOf));
    const known = parts.filter((part) => part.known);
    if (known.length > 1) throw unsupported('its post-processor puts tokens around a text more than once');
    return known[0] ?? none;
  }
  if (type !== 'TemplateProcessing') throw unsupported(`its post-processor is of type ${JSON.stringify(type)}`);
  const single = list('post_processor.single', fields.single).map((part) => object('post_processor.single', part));
  const at = single.findIndex((part) => 'Sequence' in part);
  const before = single.slice(0, at);
  const after = single.slice(at + 1);
  if (at < 0 || before.length > 1 || after.length > 1) {
    throw unsupported(`its post-processor puts ${before.length} tokens before a text and ${after.length} behind`);
  }
  const special = (part: JsonObject | undefined) =>
    part === undefined
      ? null
      : idOf(text('post_processor.single', object('post_processor.single', part.SpecialToken).id));
  return { known: true, first: special(before[0]), last: special(after[0]) };
}

function compileMerges(
  { texts, types, added }: Vocabulary,
  { model, merges }: TokenizerJsonParts,
  steps: Steps,
  named: Named,
): Uint8Array {
  for (const field of ['continuing_subword_prefix', 'end_of_word_suffix']) {
    if ((model[field] ?? '') !== '') throw unsupported(`its model has a ${field}`);
  }
  if (typeof model.dropout === 'number' && model.dropout > 0) throw unsupported('its model drops merges at random');
  if (merges === null) throw invalid('model.merges is missing');
  const ignoreMerges = flag('model.ignore_merges', model.ignore_merges ?? false);
  const common = { ...named, types, ignoreMerges, ...found(steps, added) };
  const vocabulary = types.length;
  if (steps.byteLevel) {
    const { tokens, ordinary } = alphabetVocabulary(texts, types);
    return assembleTokenizer({
      kind: 'bytes',
      ...common,
      tokens,
      ordinary,
      merges: mergeTables(merges, decodeAlphabet, indexTokens(tokens, ordinary), vocabulary),
    });
  }
  const byteFallback = flag('model.byte_fallback', model.byte_fallback ?? false);
  if (byteFallback) markByteTokens(texts, types);
  const { tokens, ordinary, byteTokens } = characterVocabulary(texts, types);
  const split = [...steps.split];
  if (split.length === 0 && !ignoreMerges && spacesOnlyLead(tokens, ordinary)) split.push({ type: 'runs' });
  return assembleTokenizer({
    kind: 'characters',
    ...common,
    pipeline: { normalize: steps.normalize, split },
    byteFallback,
    fuseUnknown: flag('model.fuse_unk', model.fuse_unk ?? false),
    tokens,
    ordinary,
    byteTokens,
    merges: mergeTables(merges, unescapeSpaces, indexTokens(tokens, ordinary), vocabulary),
  });
}

function compileUnigram(vocabulary: Vocabulary, model: JsonObject, steps: Steps, named: Named): Uint8Array {
  const { texts, types, added, scores } = vocabulary;
  if (steps.byteLevel) throw unsupported('its unigram model is over bytes');
  const byteFallback = flag('model.byte_fallback', model.byte_fallback ?? false);
  if (byteFallback) markByteTokens(texts, types);
  const { tokens, ordinary, byteTokens } = characterVocabulary(texts, types);
  return assembleTokenizer({
    kind: 'unigram',
    ...named,
    types,
    ...found(steps, added),
    byteFallback,
    fuseUnknown: true,
    tokens,
    ordinary,
    byteTokens,
    scores,
  });
}

/** How texts are prepared, and how added tokens are found in them. */
function found(steps: Steps, added: Map<number, AddedToken>) {
  const normalizer = new Normalizer(steps.normalize, steps.charsmap);
  return {
    pipeline: { normalize: steps.normalize, split: steps.split },
    charsmap: steps.charsmap,
    stripPrefix: steps.prefix,
    rules: (id: number) => added.get(id)?.rules ?? 0,
    // Tokens that are looked for in normalized text are normalized themselves.
    foundBy: (id: number) => {
      const token = added.get(id);
      const normalized = token !== undefined && (token.rules & specialRule.normalized) !== 0;
      return normalized ? Buffer.from(normalizer.normalize(token.content)) : null;
    },
  };
}

function markByteTokens({ text: bytes, starts }: ByteStrings, types: Uint8Array): void {
  for (let id = 0; id < types.length; id++) {
    const spelled = spelledByte(bytes, starts[id] as number, starts[id + 1] as number);
    if (types[id] === tokenType.normal && spelled >= 0) types[id] = tokenType.byte;
  }
}
