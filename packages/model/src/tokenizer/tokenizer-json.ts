// A tokenizer.json of Hugging Face's tokenizers: BPE over bytes or characters, and unigram, with the normalizers and
// pre-tokenizers that models of today use. Whatever else it asks for is refused by name: a guess would give wrong tokens.
import { assembleTokenizer, indexTokens } from './assemble.ts';
import { decodeAlphabet } from './byte-alphabet.ts';
import { type ByteStrings, packed } from './byte-strings.ts';
import { specialRule, tokenType } from './format.ts';
import { type MergePairs, mergeTables } from './merges.ts';
import { Normalizer } from './normalizer.ts';
import { characterVocabulary, spacesOnlyLead, spelledByte, unescapeSpaces } from './spellings.ts';
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

/** What lies beside a tokenizer.json: tokenizer_config.json and generation_config.json, parsed. */
export interface TokenizerJsonSurroundings {
  tokenizerConfig?: unknown;
  generationConfig?: unknown;
}

/** Ids past what any vocabulary has would make tables of their size. */
const maxTokens = 1 << 22;

/**
 * @param json the file's text
 * @returns what Tokenizer.fromBytes reads
 * @throws TokenizerError UNSUPPORTED_TOKENIZER, INVALID_TOKENIZER
 */
export function compileTokenizerJson(json: string, surroundings: TokenizerJsonSurroundings = {}): Uint8Array {
  let root: Json;
  try {
    root = JSON.parse(json);
  } catch (cause) {
    throw invalid(`it is no JSON (${(cause as Error).message})`);
  }
  const file = object('the file', root);
  const model = object('model', file.model);
  // Files of old versions leave the type out.
  const type = text('model.type', model.type ?? ('merges' in model ? 'BPE' : 'Unigram'));
  if (type !== 'BPE' && type !== 'Unigram') throw unsupported(`its model is of type "${type}"`);

  const steps = readSteps(file.normalizer ?? null, file.pre_tokenizer ?? null);
  const vocabulary = readVocabulary(type, model, list('added_tokens', file.added_tokens ?? []));
  const named = namedTokens(vocabulary, file, model, surroundings);
  return type === 'Unigram'
    ? compileUnigram(vocabulary, model, steps, named)
    : compileMerges(vocabulary, model, steps, named);
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
  scores: Float64Array | null;
}

function readVocabulary(type: string, model: JsonObject, addedTokens: Json[]): Vocabulary {
  const ids = new Map<string, number>();
  const scores: number[] = [];
  if (type === 'Unigram') {
    for (const [id, entry] of list('model.vocab', model.vocab).entries()) {
      const [piece, score] = list(`model.vocab[${id}]`, entry);
      if (typeof score !== 'number') throw invalid(`model.vocab[${id}] has no score`);
      // Where a piece is there twice, text becomes the last.
      ids.set(text(`model.vocab[${id}][0]`, piece), id);
      scores.push(score);
    }
  } else {
    for (const [piece, id] of Object.entries(object('model.vocab', model.vocab))) ids.set(piece, idNumber(piece, id));
  }
  const added = new Map<number, AddedToken>();
  const types = new Map<number, number>();
  for (const [index, entry] of addedTokens.entries()) {
    const token = object(`added_tokens[${index}]`, entry);
    const content = text(`added_tokens[${index}].content`, token.content);
    const id = idNumber(content, token.id);
    const is = (name: string, otherwise = false) => flag(`added_tokens[${index}].${name}`, token[name] ?? otherwise);
    const rules =
      (is('lstrip') ? specialRule.leftStrip : 0) |
      (is('rstrip') ? specialRule.rightStrip : 0) |
      (is('single_word') ? specialRule.singleWord : 0) |
      (is('normalized', !is('special')) ? specialRule.normalized : 0);
    added.set(id, { content, rules });
    types.set(id, is('special') ? tokenType.control : tokenType.userDefined);
    ids.set(content, id);
  }
  let size = scores.length;
  for (const id of ids.values()) size = Math.max(size, id + 1);
  const byId = new Array<string | undefined>(size).fill(undefined);
  for (const [content, id] of ids) byId[id] = content;
  return {
    texts: packed(byId.map((content) => Buffer.from(content ?? ''))),
    // Numbers that nothing has are of tokens that text never becomes.
    types: Uint8Array.from(
      byId,
      (content, id) => types.get(id) ?? (content === undefined ? tokenType.unused : tokenType.normal),
    ),
    added,
    idOf: (content) => ids.get(content) ?? null,
    scores: type === 'Unigram' ? Float64Array.from({ length: size }, (_, id) => scores[id] ?? 0) : null,
  };
}

function idNumber(piece: string, id: Json | undefined): number {
  if (typeof id === 'number' && Number.isInteger(id) && id >= 0 && id < maxTokens) return id;
  throw invalid(`token "${piece.slice(0, 64)}" has the number ${JSON.stringify(id)}, which is none below ${maxTokens}`);
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

function compileMerges({ texts, types, added }: Vocabulary, model: JsonObject, steps: Steps, named: Named): Uint8Array {
  for (const field of ['continuing_subword_prefix', 'end_of_word_suffix']) {
    if ((model[field] ?? '') !== '') throw unsupported(`its model has a ${field}`);
  }
  if (typeof model.dropout === 'number' && model.dropout > 0) throw unsupported('its model drops merges at random');
  const pairs = readMerges(list('model.merges', model.merges));
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
      merges: mergeTables(pairs, decodeAlphabet, indexTokens(tokens, ordinary), vocabulary),
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
    merges: mergeTables(pairs, unescapeSpaces, indexTokens(tokens, ordinary), vocabulary),
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
    scores: scores as Float64Array,
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

/** "left right", or [left, right]. */
function readMerges(merges: Json[]): MergePairs {
  const parts: Uint8Array[] = [];
  for (const [rank, merge] of merges.entries()) {
    if (typeof merge === 'string') {
      const separator = merge.indexOf(' ', 1);
      parts.push(Buffer.from(merge.slice(0, separator)), Buffer.from(separator < 0 ? '' : merge.slice(separator + 1)));
    } else {
      const [left, right] = list(`model.merges[${rank}]`, merge);
      parts.push(
        Buffer.from(text(`model.merges[${rank}][0]`, left)),
        Buffer.from(text(`model.merges[${rank}][1]`, right)),
      );
    }
  }
  const { text: bytes, starts } = packed(parts);
  // Two numbers a part: where it starts and ends.
  const bounds = Uint32Array.from({ length: 2 * parts.length }, (_, i) => starts[(i + 1) >> 1] as number);
  return { text: bytes, bounds };
}

function alphabetVocabulary(texts: ByteStrings, types: Uint8Array): { tokens: ByteStrings; ordinary: Uint8Array } {
  const ordinary = new Uint8Array(types.length);
  const starts = new Uint32Array(types.length + 1);
  const text = new Uint8Array(texts.text.length);
  let end = 0;
  for (let id = 0; id < types.length; id++) {
    const from = texts.starts[id] as number;
    const to = texts.starts[id + 1] as number;
    const written = types[id] === tokenType.normal ? decodeAlphabet(texts.text, from, to, text, end) : -1;
    if (written < 0) text.set(texts.text.subarray(from, to), end);
    else ordinary[id] = 1;
    end += written < 0 ? to - from : written;
    starts[id + 1] = end;
  }
  return { tokens: { text: text.subarray(0, end), starts }, ordinary };
}

function markByteTokens({ text: bytes, starts }: ByteStrings, types: Uint8Array): void {
  for (let id = 0; id < types.length; id++) {
    const spelled = spelledByte(bytes, starts[id] as number, starts[id + 1] as number);
    if (types[id] === tokenType.normal && spelled >= 0) types[id] = tokenType.byte;
  }
}
