// The compiled tokenizer: made once at import, read in place. Every table is a typed array over the blob's own bytes, so
// a vocabulary costs its blob and nothing more. docs/formats/tokenizer.md has the layout.
//
// The header holds counts, not offsets: where each section lies follows from the counts, and their sum must be the
// blob's length. So no number in a hostile blob can point outside it; what is left to check is that offsets rise and
// ids are below the vocabulary's size, one pass over the tables.
import { crc32 } from 'node:zlib';
import { TokenizerError } from './error.ts';

/** "FSTK"; read as a little-endian word, so that a big-endian machine refuses instead of reading nonsense. */
const magic = 0x4b545346;
export const tokenizerFormatVersion = 1;
const headerBytes = 96;
const none = 0xffffffff;

/** A merge's heap key is rank * 2^31 + position and must be exact in a double. */
export const maxMerges = 2 ** 22;
/** Matching special tokens looks this far ahead at each candidate. */
export const maxSpecialTokenBytes = 1024;
const maxNameBytes = 256;

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
} as const;
const flag = { addBos: 1, addEos: 2, ignoreMerges: 4 } as const;
const allFlags = 7;

export interface TokenizerTables {
  /** Name of the pre-tokenizer, as in tokenizer.ggml.pre. */
  preTokenizer: string;
  addBos: boolean;
  addEos: boolean;
  /** A word that is a token as a whole is taken as that token, whatever the merges would make of it. */
  ignoreMerges: boolean;
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
  /** [256]: the token of each single byte, 0xffffffff where there is none. */
  byteTokens: Uint32Array;
  /** [vocabulary + 1]: merges with token i on the left are those from mergeStart[i] to mergeStart[i + 1]. */
  mergeStart: Uint32Array;
  /** [merges], ascending among those with the same left token. */
  mergeRight: Uint32Array;
  mergeRank: Uint32Array;
  mergeResult: Uint32Array;
  /** Tokens found in text before it is cut into words (control, unknown, user-defined), in order of their bytes. */
  specials: Uint32Array;
  /** Ascending. */
  endOfGeneration: Uint32Array;
  /** Ordinary tokens in order of their bytes; empty unless ignoreMerges. */
  byText: Uint32Array;
}

interface Counts {
  nameBytes: number;
  vocabulary: number;
  textBytes: number;
  merges: number;
  specials: number;
  endOfGeneration: number;
  byText: number;
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
  const name = new TextEncoder().encode(tables.preTokenizer);
  const counts: Counts = {
    nameBytes: name.length,
    vocabulary: tables.types.length,
    textBytes: tables.text.length,
    merges: tables.mergeRight.length,
    specials: tables.specials.length,
    endOfGeneration: tables.endOfGeneration.length,
    byText: tables.byText.length,
  };
  const { bytes, offsets, end } = layOut(counts);
  const blob = new Uint8Array(end);
  for (const section of Object.keys(bytes) as (keyof typeof bytes)[]) {
    const values = section === 'name' ? name : tables[section];
    blob.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), offsets[section]);
  }
  const header = new Uint32Array(blob.buffer, 0, headerBytes / 4);
  header[word.magic] = magic;
  header[word.version] = tokenizerFormatVersion;
  header[word.totalBytes] = end;
  for (const count of Object.keys(counts) as (keyof Counts)[]) header[word[count]] = counts[count];
  header[word.flags] =
    (tables.addBos ? flag.addBos : 0) |
    (tables.addEos ? flag.addEos : 0) |
    (tables.ignoreMerges ? flag.ignoreMerges : 0);
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
  if (at(word.version) !== tokenizerFormatVersion) {
    throw corrupt(`it is of version ${at(word.version)}, this program reads version ${tokenizerFormatVersion}`);
  }
  const counts: Counts = {
    nameBytes: at(word.nameBytes),
    vocabulary: at(word.vocabulary),
    textBytes: at(word.textBytes),
    merges: at(word.merges),
    specials: at(word.specials),
    endOfGeneration: at(word.endOfGeneration),
    byText: at(word.byText),
  };
  const { bytes, offsets, end } = layOut(counts);
  if (at(word.totalBytes) !== blob.length || end !== blob.length) {
    throw corrupt(`it has ${blob.length} bytes, its header says ${at(word.totalBytes)} and its parts take ${end}`);
  }
  if (counts.nameBytes > maxNameBytes || counts.merges > maxMerges) {
    throw corrupt(`a pre-tokenizer name of ${counts.nameBytes} bytes or ${counts.merges} merges is past the limit`);
  }
  const sum = crc32(blob.subarray(4 * (word.crc32 + 1)));
  if (sum !== at(word.crc32)) throw corrupt(`its checksum is ${hex(sum)}, it should be ${hex(at(word.crc32))}`);

  const words = (section: keyof typeof bytes) =>
    new Uint32Array(blob.buffer, blob.byteOffset + offsets[section], bytes[section] / 4);
  const octets = (section: keyof typeof bytes) => blob.subarray(offsets[section], offsets[section] + bytes[section]);
  const id = (index: number) => (at(index) === none ? null : at(index));
  const flags = at(word.flags);
  const tables: TokenizerTables = {
    preTokenizer: new TextDecoder().decode(octets('name')),
    addBos: (flags & flag.addBos) !== 0,
    addEos: (flags & flag.addEos) !== 0,
    ignoreMerges: (flags & flag.ignoreMerges) !== 0,
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
  };
  if (flags > allFlags) throw corrupt(`unknown flags ${hex(flags)}`);
  check(tables);
  return tables;
}

function check(tables: TokenizerTables): void {
  const vocabulary = tables.types.length;
  checkRising('token texts', tables.textStart, tables.text.length);
  checkRising('merges', tables.mergeStart, tables.mergeRight.length);
  for (const name of ['mergeRight', 'mergeResult', 'specials', 'endOfGeneration', 'byText'] as const) {
    checkBelow(name, tables[name], vocabulary);
  }
  checkBelow(
    'byteTokens',
    tables.byteTokens.filter((id) => id !== none),
    vocabulary,
  );
  checkBelow('mergeRank', tables.mergeRank, maxMerges);
  const { bos, eos, eot, eom, unk, pad } = tables;
  checkBelow('the header', Uint32Array.of(bos ?? 0, eos ?? 0, eot ?? 0, eom ?? 0, unk ?? 0, pad ?? 0), vocabulary);
  for (const id of tables.specials) {
    const length = (tables.textStart[id + 1] as number) - (tables.textStart[id] as number);
    if (length === 0 || length > maxSpecialTokenBytes) throw corrupt(`special token ${id} has ${length} bytes`);
  }
}

// Index loops in these two: they run once, uncompiled, over hundreds of thousands of values, and for...of takes ten
// times as long then.
function checkRising(name: string, starts: Uint32Array, end: number): void {
  let previous = 0;
  for (let i = 0; i < starts.length; i++) {
    const start = starts[i] as number;
    if (start < previous || start > end) throw corrupt(`its ${name} start at ${start} after ${previous}, of ${end}`);
    previous = start;
  }
  if (starts[0] !== 0 || previous !== end) throw corrupt(`its ${name} run from ${starts[0]} to ${previous}, of ${end}`);
}

function checkBelow(name: string, values: Uint32Array, limit: number): void {
  for (let i = 0; i < values.length; i++) {
    if ((values[i] as number) >= limit) throw corrupt(`${name} has ${values[i]}, which must be below ${limit}`);
  }
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0');
}

function corrupt(what: string): TokenizerError {
  return new TokenizerError(
    'CORRUPT_TOKENIZER',
    `The compiled tokenizer cannot be used: ${what}. Import the model again.`,
  );
}
