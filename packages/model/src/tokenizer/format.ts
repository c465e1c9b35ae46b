// The compiled tokenizer: made once at import, read in place. Every table is a typed array over the blob's own bytes, so
// a vocabulary costs its blob and nothing more. docs/formats/tokenizer.md has the layout.
//
// The header holds counts, not offsets: where each section lies follows from the counts, and their sum must be the
// blob's length. So no number in a hostile blob can point outside it; what is left to check is that offsets rise and
// ids are below the vocabulary's size, one pass over the tables.
import { crc32 } from 'node:zlib';
import { checkSpecials, checkTables, corrupt, hex, specialsByOwnText } from './check-tables.ts';

/** "FSTK"; read as a little-endian word, so that a big-endian machine refuses instead of reading nonsense. */
const magic = 0x4b545346;
export const tokenizerFormatVersion = 2;
const headerBytes = 96;
const none = 0xffffffff;

/** A merge's heap key is rank * 2^31 + position and must be exact in a double. */
export const maxMerges = 2 ** 22;
/** Matching special tokens looks this far ahead at each candidate. */
export const maxSpecialTokenBytes = 1024;
const maxNameBytes = 256;
const maxPipelineBytes = 1 << 16;

/** How words become tokens: merging bytes, merging characters, or the likeliest sequence of pieces. */
export const tokenizerKinds = ['bytes', 'characters', 'unigram'] as const;
export type TokenizerKind = (typeof tokenizerKinds)[number];

/**
 * How a special token is found: with the white space beside it, not inside a word, after normalization, or not at all
 * but as a piece among others, only kept from being normalized.
 */
export const specialRule = { leftStrip: 1, rightStrip: 2, singleWord: 4, normalized: 8, piece: 16 } as const;

/** As GGUF numbers them. */
export const tokenType = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

/** Positions in the header, in words of 32 bits. */
const word = {
  magic: 0,
  version: 1,
  totalBytes: 2,
  crc32: 3,
  vocabulary: 4,
  textBytes: 5,
  merges: 6,
  specials: 7,
  endOfGeneration: 8,
  byText: 9,
  nameBytes: 10,
  flags: 11,
  bos: 12,
  eos: 13,
  eot: 14,
  eom: 15,
  unk: 16,
  pad: 17,
  // Zero in version 1, which had neither these nor their sections.
  kind: 18,
  pipelineBytes: 19,
  charsmapBytes: 20,
  scores: 21,
  specialTexts: 22,
  specialTextBytes: 23,
} as const;
const flag = {
  addBos: 1,
  addEos: 2,
  ignoreMerges: 4,
  byteFallback: 8,
  fuseUnknown: 16,
  stripPrefix: 32,
  singlePrecision: 64,
} as const;
type Flag = keyof typeof flag;
const flagNames = Object.keys(flag) as Flag[];
const allFlags = 127;

export interface TokenizerTables {
  kind: TokenizerKind;
  /** Name of the pre-tokenizer, as in tokenizer.ggml.pre; empty where the pipeline says it all. */
  preTokenizer: string;
  /** What happens to text before it is cut into tokens, as pipeline.ts reads it; empty for none. */
  pipeline: string;
  addBos: boolean;
  addEos: boolean;
  /** A word that is a token as a whole is taken as that token, whatever the merges would make of it. */
  ignoreMerges: boolean;
  /** A character without a token becomes the tokens of its bytes. */
  byteFallback: boolean;
  /** Neighbours without a token are one unknown token, not one each. */
  fuseUnknown: boolean;
  /** The space that encoding puts in front is taken away by decoding. */
  stripPrefix: boolean;
  /** Scores of unigram paths are summed in 32 bits, as SentencePiece does; else in 64. */
  singlePrecision: boolean;
  bos: number | null;
  eos: number | null;
  eot: number | null;
  eom: number | null;
  unk: number | null;
  pad: number | null;
  /** [vocabulary + 1]: token i's bytes are text[textStart[i]] to text[textStart[i + 1]]. */
  textStart: Uint32Array;
  text: Uint8Array;
  /** [vocabulary] of tokenType. */
  types: Uint8Array;
  /** [256]: the token of each single byte (of byte-level BPE, or to fall back to), 0xffffffff where there is none. */
  byteTokens: Uint32Array;
  /** [vocabulary + 1]: merges with token i on the left are those from mergeStart[i] to mergeStart[i + 1]. */
  mergeStart: Uint32Array;
  /** [merges], ascending among those with the same left token. */
  mergeRight: Uint32Array;
  mergeRank: Uint32Array;
  mergeResult: Uint32Array;
  /** Tokens found in text before it is cut into words (control, unknown, user-defined), in order of their specialText. */
  specials: Uint32Array;
  /** [specials + 1], what each is found by: its own text, or what normalizing makes of it. */
  specialStart: Uint32Array;
  specialText: Uint8Array;
  /** [specials] of specialRule, or'ed. */
  specialRules: Uint8Array;
  /** Ascending. */
  endOfGeneration: Uint32Array;
  /** Ordinary tokens in order of their bytes: all of them with ignoreMerges or scores, else those of one character. */
  byText: Uint32Array;
  /** [vocabulary] log probabilities; empty unless unigram. */
  scores: Float64Array;
  /** SentencePiece's precompiled normalization; empty for none. */
  charsmap: Uint8Array;
}

interface Counts {
  nameBytes: number;
  vocabulary: number;
  textBytes: number;
  merges: number;
  specials: number;
  endOfGeneration: number;
  byText: number;
  pipelineBytes: number;
  charsmapBytes: number;
  scores: number;
  /** Number of specialStart; 0 in version 1, where specials are found by their own text. */
  specialTexts: number;
  specialTextBytes: number;
}

/** Bytes of each section, in the order in which they lie after the header, each starting on a multiple of 8. */
function sectionBytes(counts: Counts) {
  return {
    name: counts.nameBytes,
    textStart: 4 * (counts.vocabulary + 1),
    text: counts.textBytes,
    types: counts.vocabulary,
    byteTokens: 4 * 256,
    mergeStart: 4 * (counts.vocabulary + 1),
    mergeRight: 4 * counts.merges,
    mergeRank: 4 * counts.merges,
    mergeResult: 4 * counts.merges,
    specials: 4 * counts.specials,
    endOfGeneration: 4 * counts.endOfGeneration,
    byText: 4 * counts.byText,
    pipeline: counts.pipelineBytes,
    charsmap: counts.charsmapBytes,
    scores: 8 * counts.scores,
    specialStart: 4 * counts.specialTexts,
    specialText: counts.specialTextBytes,
    specialRules: counts.specialTexts === 0 ? 0 : counts.specials,
  };
}

function layOut(counts: Counts) {
  const bytes = sectionBytes(counts);
  const offsets = { ...bytes };
  let end = headerBytes;
  for (const section of Object.keys(bytes) as (keyof typeof bytes)[]) {
    offsets[section] = end;
    end += Math.ceil(bytes[section] / 8) * 8;
  }
  return { bytes, offsets, end };
}

export function writeTokenizer(tables: TokenizerTables): Uint8Array {
  const texts = {
    name: new TextEncoder().encode(tables.preTokenizer),
    pipeline: new TextEncoder().encode(tables.pipeline),
  };
  const counts: Counts = {
    nameBytes: texts.name.length,
    vocabulary: tables.types.length,
    textBytes: tables.text.length,
    merges: tables.mergeRight.length,
    specials: tables.specials.length,
    endOfGeneration: tables.endOfGeneration.length,
    byText: tables.byText.length,
    pipelineBytes: texts.pipeline.length,
    charsmapBytes: tables.charsmap.length,
    scores: tables.scores.length,
    specialTexts: tables.specialStart.length,
    specialTextBytes: tables.specialText.length,
  };
  const { bytes, offsets, end } = layOut(counts);
  const blob = new Uint8Array(end);
  for (const section of Object.keys(bytes) as (keyof typeof bytes)[]) {
    const values = section === 'name' || section === 'pipeline' ? texts[section] : tables[section];
    blob.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), offsets[section]);
  }
  const header = new Uint32Array(blob.buffer, 0, headerBytes / 4);
  header[word.magic] = magic;
  header[word.version] = tokenizerFormatVersion;
  header[word.totalBytes] = end;
  for (const count of Object.keys(counts) as (keyof Counts)[]) header[word[count]] = counts[count];
  header[word.kind] = tokenizerKinds.indexOf(tables.kind);
  header[word.flags] = flagNames.reduce((flags, name) => flags | (tables[name] ? flag[name] : 0), 0);
  for (const id of ['bos', 'eos', 'eot', 'eom', 'unk', 'pad'] as const) header[word[id]] = tables[id] ?? none;
  header[word.crc32] = crc32(blob.subarray(4 * (word.crc32 + 1)));
  // Checks the writer's own work: what cannot be read must not reach a cache.
  readTokenizer(blob);
  return blob;
}

/**
 * Views over `blob`, after everything in it has been checked. The blob is not copied, unless it starts at an address
 * that is no multiple of 8.
 */
export function readTokenizer(blob: Uint8Array): TokenizerTables {
  if (blob.length < headerBytes) throw corrupt(`it has ${blob.length} bytes, its header alone ${headerBytes}`);
  if (blob.byteOffset % 8 !== 0) blob = blob.slice();
  const header = new Uint32Array(blob.buffer, blob.byteOffset, headerBytes / 4);
  const at = (index: number) => header[index] as number;
  if (at(word.magic) !== magic) throw corrupt('it does not start with the mark of a tokenizer');
  const version = at(word.version);
  if (version !== 1 && version !== tokenizerFormatVersion) {
    throw corrupt(`it is of version ${version}, this program reads versions 1 and ${tokenizerFormatVersion}`);
  }
  const counts: Counts = {
    nameBytes: at(word.nameBytes),
    vocabulary: at(word.vocabulary),
    textBytes: at(word.textBytes),
    merges: at(word.merges),
    specials: at(word.specials),
    endOfGeneration: at(word.endOfGeneration),
    byText: at(word.byText),
    pipelineBytes: at(word.pipelineBytes),
    charsmapBytes: at(word.charsmapBytes),
    scores: at(word.scores),
    specialTexts: at(word.specialTexts),
    specialTextBytes: at(word.specialTextBytes),
  };
  const { bytes, offsets, end } = layOut(counts);
  if (at(word.totalBytes) !== blob.length || end !== blob.length) {
    throw corrupt(`it has ${blob.length} bytes, its header says ${at(word.totalBytes)} and its parts take ${end}`);
  }
  if (
    counts.nameBytes > maxNameBytes ||
    counts.merges > maxMerges ||
    counts.pipelineBytes > maxPipelineBytes ||
    counts.vocabulary === 0
  ) {
    throw corrupt(
      `${counts.vocabulary} tokens, ${counts.merges} merges, a pre-tokenizer name of ${counts.nameBytes} bytes or a ` +
        `pipeline of ${counts.pipelineBytes} bytes is past the limit`,
    );
  }
  const sum = crc32(blob.subarray(4 * (word.crc32 + 1)));
  if (sum !== at(word.crc32)) throw corrupt(`its checksum is ${hex(sum)}, it should be ${hex(at(word.crc32))}`);

  const words = (section: keyof typeof bytes) =>
    new Uint32Array(blob.buffer, blob.byteOffset + offsets[section], bytes[section] / 4);
  const octets = (section: keyof typeof bytes) => blob.subarray(offsets[section], offsets[section] + bytes[section]);
  const id = (index: number) => (at(index) === none ? null : at(index));
  const flags = at(word.flags);
  const kind = tokenizerKinds[at(word.kind)];
  if (flags > allFlags || kind === undefined) throw corrupt(`unknown flags ${hex(flags)} or kind ${at(word.kind)}`);
  const has = (name: Flag) => (flags & flag[name]) !== 0;
  const tables: TokenizerTables = {
    kind,
    preTokenizer: new TextDecoder().decode(octets('name')),
    pipeline: new TextDecoder().decode(octets('pipeline')),
    addBos: has('addBos'),
    addEos: has('addEos'),
    ignoreMerges: has('ignoreMerges'),
    byteFallback: has('byteFallback'),
    fuseUnknown: has('fuseUnknown'),
    stripPrefix: has('stripPrefix'),
    singlePrecision: has('singlePrecision'),
    bos: id(word.bos),
    eos: id(word.eos),
    eot: id(word.eot),
    eom: id(word.eom),
    unk: id(word.unk),
    pad: id(word.pad),
    textStart: words('textStart'),
    text: octets('text'),
    types: octets('types'),
    byteTokens: words('byteTokens'),
    mergeStart: words('mergeStart'),
    mergeRight: words('mergeRight'),
    mergeRank: words('mergeRank'),
    mergeResult: words('mergeResult'),
    specials: words('specials'),
    endOfGeneration: words('endOfGeneration'),
    byText: words('byText'),
    scores: new Float64Array(blob.buffer, blob.byteOffset + offsets.scores, counts.scores),
    charsmap: octets('charsmap'),
    specialStart: words('specialStart'),
    specialText: octets('specialText'),
    specialRules: octets('specialRules'),
  };
  checkTables(tables);
  if (counts.specialTexts === 0) Object.assign(tables, specialsByOwnText(tables));
  checkSpecials(tables);
  return tables;
}
