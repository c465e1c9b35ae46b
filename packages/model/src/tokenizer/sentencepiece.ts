// A SentencePiece model (.model), read as what it is: protocol buffers of sentencepiece_model.proto, of which only the
// fields that decide about tokens are looked at.
//
//   ModelProto        1 pieces { 1 piece, 2 score, 3 type }, 2 trainer_spec, 3 normalizer_spec
//   trainer_spec      3 model_type (1 unigram, 2 BPE, 3 word, 4 char), 24 treat_whitespace_as_suffix, 35 byte_fallback,
//                     40 to 43 unk, bos, eos and pad id
//   normalizer_spec   2 precompiled_charsmap, 3 add_dummy_prefix, 4 remove_extra_whitespaces, 5 escape_whitespaces
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { assembleTokenizer, ordinaryIds } from './assemble.ts';
import { type ByteStrings, packed } from './byte-strings.ts';
import { TokenizerError } from './error.ts';
import { specialRule, tokenType } from './format.ts';
import { mergesByScore } from './merges.ts';
import { invalidTokenizer } from './metadata.ts';
import { characterVocabulary, spacesOnlyLead, unescapeSpaces } from './spellings.ts';

const modelTypes = ['', 'unigram', 'BPE', 'word', 'char'];

export interface SentencePieceModel {
  pieces: ByteStrings;
  /** 32-bit numbers. */
  scores: Float64Array;
  /** As tokenType has them: the two formats number them alike. */
  types: Uint8Array;
  modelType: number;
  suffix: boolean;
  byteFallback: boolean;
  unk: number;
  bos: number;
  eos: number;
  pad: number;
  charsmap: Uint8Array;
  dummyPrefix: boolean;
  trim: boolean;
  escape: boolean;
}

/** What a model file may leave to its surroundings (tokenizer_config.json). */
export interface SentencePieceOptions {
  addBos?: boolean;
  addEos?: boolean;
}

/**
 * @returns what Tokenizer.fromBytes reads
 * @throws TokenizerError UNSUPPORTED_TOKENIZER, INVALID_TOKENIZER
 */
export function compileSentencePiece(bytes: Uint8Array, options: SentencePieceOptions = {}): Uint8Array {
  const model = readSentencePiece(bytes);
  refuseUnsupported(model);
  const { types, scores } = model;
  const vocabulary = types.length;
  const { tokens, ordinary, byteTokens } = characterVocabulary(model.pieces, types);
  const unigram = model.modelType === 1;
  const token = (id: number) => (id >= 0 && id < vocabulary ? id : null);
  const bos = token(model.bos);
  const eos = token(model.eos);
  if (unigram) userDefinedPieces(model, ordinary, scores);
  return assembleTokenizer({
    kind: unigram ? 'unigram' : 'characters',
    pipeline: {
      normalize: [{ type: 'sentencepiece', prefix: model.dummyPrefix, suffix: false, trim: model.trim }],
      // Sums of unigram scores are rounded along the whole text, and cutting it would change them. Without a token for
      // the space, unknown characters fuse across it.
      split: !unigram && hasSpace(tokens, ordinary) && spacesOnlyLead(tokens, ordinary) ? [{ type: 'runs' }] : [],
    },
    // Llama's way and T5's: whoever has a beginning of text puts it there, others an end.
    addBos: options.addBos ?? bos !== null,
    addEos: options.addEos ?? bos === null,
    byteFallback: model.byteFallback,
    fuseUnknown: true,
    stripPrefix: model.dummyPrefix,
    singlePrecision: unigram,
    bos,
    unk: token(model.unk),
    pad: token(model.pad),
    ends: { eos, eot: null, eom: null, fimPad: null, fimRep: null, fimSep: null },
    tokens,
    types,
    ordinary,
    byteTokens,
    ...(unigram
      ? { scores }
      : { merges: mergesByScore(tokens, ordinaryIds(ordinary), (id) => scores[id] as number, true) }),
    charsmap: model.charsmap,
    // User-defined pieces are found in normalized text: by merging, where nothing else is made of them, or among all
    // other pieces. Control pieces are no text for SentencePiece; asked for, they are found before everything.
    rules: (id) => (types[id] !== tokenType.userDefined ? 0 : unigram ? specialRule.piece : specialRule.normalized),
    foundBy: (id) => (types[id] === tokenType.userDefined ? unescaped(model.pieces, id) : null),
  });
}

function unescaped({ text, starts }: ByteStrings, id: number): Uint8Array {
  const start = starts[id] as number;
  const end = starts[id + 1] as number;
  const out = new Uint8Array(end - start);
  return out.subarray(0, unescapeSpaces(text, start, end, out, 0));
}

const hasSpace = ({ text, starts }: ByteStrings, ordinary: Uint8Array) =>
  ordinary.some(
    (is, id) => is === 1 && text[starts[id] as number] === 0x20 && starts[id + 1] === (starts[id] as number) + 1,
  );

/** Makes user-defined pieces ordinary, with the score that unigram_model.cc (since 0.2.2) gives them: above all others. */
function userDefinedPieces({ pieces, types }: SentencePieceModel, ordinary: Uint8Array, scores: Float64Array): void {
  for (let id = 0; id < types.length; id++) {
    const length = (pieces.starts[id + 1] as number) - (pieces.starts[id] as number);
    if (types[id] !== tokenType.userDefined || length === 0) continue;
    ordinary[id] = 1;
    scores[id] = Math.fround(0.1 * (length - 1));
  }
}

function refuseUnsupported(model: SentencePieceModel): void {
  const { pieces, types, modelType } = model;
  if (types.length === 0) throw invalidTokenizer('the SentencePiece model has no pieces');
  const refuse = (what: string) =>
    new TokenizerError('UNSUPPORTED_TOKENIZER', `This SentencePiece model ${what}, which is not read.`);
  if (modelType !== 1 && modelType !== 2) {
    throw refuse(`is of type ${modelTypes[modelType] ?? modelType}; unigram and BPE are read. Any other`);
  }
  if (model.suffix) throw refuse('puts white space behind words');
  if (!model.escape) throw refuse('does not write spaces as U+2581');
  for (let id = 0; modelType === 2 && id < types.length; id++) {
    if (types[id] === tokenType.unused && pieces.starts[id] !== pieces.starts[id + 1]) {
      throw refuse(`merges through the unused piece ${id}`);
    }
  }
}

/** @throws TokenizerError INVALID_TOKENIZER */
export function readSentencePiece(bytes: Uint8Array): SentencePieceModel {
  const pieces: Uint8Array[] = [];
  const scores: number[] = [];
  const types: number[] = [];
  const none = new Uint8Array();
  const model = {
    modelType: 1,
    suffix: false,
    byteFallback: false,
    unk: 0,
    bos: 1,
    eos: 2,
    pad: -1,
    charsmap: none as Uint8Array,
    dummyPrefix: true,
    trim: true,
    escape: true,
  };
  try {
    eachField(bytes, {
      1: (reader) => {
        let piece: Uint8Array = none;
        let score = 0;
        let type: number = tokenType.normal;
        eachField(reader.bytes(), {
          1: (field) => (piece = field.bytes()),
          2: (field) => (score = field.float()),
          3: (field) => (type = field.int32()),
        });
        pieces.push(piece);
        scores.push(score);
        types.push(type);
      },
      2: (reader) =>
        eachField(reader.bytes(), {
          3: (field) => (model.modelType = field.int32()),
          24: (field) => (model.suffix = field.bool()),
          35: (field) => (model.byteFallback = field.bool()),
          40: (field) => (model.unk = field.int32()),
          41: (field) => (model.bos = field.int32()),
          42: (field) => (model.eos = field.int32()),
          43: (field) => (model.pad = field.int32()),
        }),
      3: (reader) =>
        eachField(reader.bytes(), {
          2: (field) => (model.charsmap = field.bytes()),
          3: (field) => (model.dummyPrefix = field.bool()),
          4: (field) => (model.trim = field.bool()),
          5: (field) => (model.escape = field.bool()),
        }),
    });
  } catch (cause) {
    throw invalidTokenizer(`it is no SentencePiece model (${(cause as Error).message})`);
  }
  const bad = scores.findIndex((score) => !Number.isFinite(score));
  if (bad >= 0) throw invalidTokenizer(`piece ${bad} has the score ${scores[bad]}`);
  const odd = types.findIndex((type) => type < tokenType.normal || type > tokenType.byte);
  if (odd >= 0) throw invalidTokenizer(`piece ${odd} is of type ${types[odd]}`);
  return { ...model, pieces: packed(pieces), scores: Float64Array.from(scores), types: Uint8Array.from(types) };
}

/** Calls the function of each field that there is one for, skips the others. Throws what the reader throws. */
function eachField(bytes: Uint8Array, fields: Record<number, (reader: BinaryReader) => void>): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    const read = fields[field];
    if (read === undefined) {
      reader.skip(type, field);
      continue;
    }
    if (type === WireType.StartGroup || type === WireType.EndGroup) throw new Error(`field ${field} is a group`);
    read(reader);
  }
}
