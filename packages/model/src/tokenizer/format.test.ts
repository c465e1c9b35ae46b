// A compiled tokenizer that is not what was written is refused, or at least harmless.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import { compileTokenizer } from './compile.ts';
import { TokenizerError } from './error.ts';
import { readTokenizer, writeTokenizer } from './format.ts';
import { compileSentencePiece } from './sentencepiece.ts';
import { StreamDecoder } from './stream-decoder.ts';
import { Random } from './testing/random.ts';
import { smallVocabulary } from './testing/vocabulary.ts';
import { Tokenizer } from './tokenizer.ts';

const blob = compileTokenizer(smallVocabulary({ 'tokenizer.ggml.pre': 'llama-bpe' }));
const fixture = (name: string) => readFileSync(new URL(`fixtures/${name}`, import.meta.url));
const blobs = {
  bytes: blob,
  characters: compileSentencePiece(fixture('bpe.model')),
  unigram: compileSentencePiece(fixture('unigram.model')),
};
const headerBytes = 96;
const crcAt = 12;

/** With its checksum made to fit, so that the checks behind it are reached. */
function summed(bytes: Uint8Array): Uint8Array {
  const { buffer, byteOffset, byteLength } = bytes;
  if (byteLength >= crcAt + 4) {
    new DataView(buffer, byteOffset).setUint32(crcAt, crc32(bytes.subarray(crcAt + 4)), true);
  }
  return bytes;
}

/** Everything a tokenizer does; throws what it throws. */
function exercise(bytes: Uint8Array): void {
  const tokenizer = Tokenizer.fromBytes(bytes);
  const decoder = new StreamDecoder(tokenizer);
  for (const text of ['Hello, wörld 123 <|im_end|>', '', 'ü—ü    好'.repeat(20), '\ud800\0']) {
    const ids = tokenizer.encode(text, { parseSpecial: true, addBos: true });
    for (const id of ids) {
      assert.ok(id >= 0 && id < tokenizer.vocabularySize);
      decoder.push(id);
      tokenizer.endOfGeneration(id);
    }
    tokenizer.decode(ids, { skipSpecial: true });
  }
  decoder.end();
}

test('the same tokenizer at any address', () => {
  const expected = [...Tokenizer.fromBytes(blob).encode('Hello, wörld')];
  for (const shift of [1, 4, 8]) {
    const moved = new Uint8Array(blob.length + shift).subarray(shift);
    moved.set(blob);
    assert.deepEqual([...Tokenizer.fromBytes(moved).encode('Hello, wörld')], expected);
  }
});

test('a flipped bit anywhere is found', () => {
  const random = new Random(7);
  for (let round = 0; round < 500; round++) {
    const damaged = blob.slice();
    const at = round < headerBytes ? round : random.below(blob.length);
    damaged[at] = (damaged[at] as number) ^ (1 << random.below(8));
    assert.throws(() => Tokenizer.fromBytes(damaged), { name: 'TokenizerError', code: 'CORRUPT_TOKENIZER' }, `${at}`);
  }
});

test('a truncated or lengthened one is found', () => {
  for (const length of [0, 1, 4, 95, 96, 97, 1000, blob.length - 8, blob.length - 1]) {
    assert.throws(() => Tokenizer.fromBytes(summed(blob.slice(0, length))), { code: 'CORRUPT_TOKENIZER' });
  }
  const longer = new Uint8Array(blob.length + 8);
  longer.set(blob);
  assert.throws(() => Tokenizer.fromBytes(summed(longer)), { code: 'CORRUPT_TOKENIZER' });
});

test('another version is named', () => {
  const newer = blob.slice();
  newer[4] = 9;
  assert.throws(() => Tokenizer.fromBytes(summed(newer)), { message: /version 9.*Import the model again/ });
});

test('a number that points outside is refused, whichever table has it', () => {
  const tables = readTokenizer(blob);
  const outside = tables.types.length;
  for (const table of ['mergeRight', 'mergeResult', 'specials', 'endOfGeneration', 'byText', 'byteTokens'] as const) {
    assert.throws(() => writeTokenizer({ ...tables, [table]: tables[table].with(3 % tables[table].length, outside) }), {
      code: 'CORRUPT_TOKENIZER',
      message: new RegExp(`${table} has ${outside}, which must be below ${outside}`),
    });
  }
  for (const name of ['bos', 'eos', 'eot', 'eom', 'unk', 'pad'] as const) {
    assert.throws(() => writeTokenizer({ ...tables, [name]: outside }), { code: 'CORRUPT_TOKENIZER' });
  }
  for (const table of ['textStart', 'mergeStart'] as const) {
    for (const value of [0xffffffff, tables[table].at(-1) as number]) {
      const falling = tables[table].with(5, value);
      assert.throws(() => writeTokenizer({ ...tables, [table]: falling }), { code: 'CORRUPT_TOKENIZER' });
    }
    assert.throws(() => writeTokenizer({ ...tables, [table]: tables[table].with(0, 1) }), {
      code: 'CORRUPT_TOKENIZER',
    });
    const longer = tables[table].with(outside, (tables[table].at(-1) as number) + 1);
    assert.throws(() => writeTokenizer({ ...tables, [table]: longer }), { code: 'CORRUPT_TOKENIZER' });
  }
  assert.throws(() => writeTokenizer({ ...tables, mergeRank: tables.mergeRank.with(0, 2 ** 22) }), /mergeRank/);
});

test('version 1, which had no kinds, is still read', () => {
  const { specials, specialText } = readTokenizer(blob);
  const padded = (bytes: number) => Math.ceil(bytes / 8) * 8;
  const added = padded(4 * (specials.length + 1)) + padded(specialText.length) + padded(specials.length);
  const old = blob.slice(0, blob.length - added);
  const words = new Uint32Array(old.buffer, 0, headerBytes / 4);
  words.set([1, old.length], 1);
  words.fill(0, 18);
  const text = 'Hello, wörld <|im_start|>ü—ü';
  const encode = (bytes: Uint8Array) => [...Tokenizer.fromBytes(bytes).encode(text, { parseSpecial: true })];
  assert.deepEqual(encode(summed(old)), encode(blob));
});

for (const [kind, blob] of Object.entries(blobs))
  test(`hostile contents with a fitting checksum do no harm: ${kind}`, { timeout: 120_000 }, () => {
    const random = new Random(8);
    const words = blob.length / 4;
    const extremes = [0, 1, 2, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];
    let refused = 0;
    let harmless = 0;
    for (let round = 0; round < 2000; round++) {
      const hostile = blob.slice();
      const view = new DataView(hostile.buffer);
      for (let changes = 1 + random.below(3); changes > 0; changes--) {
        // Every third change hits the header, of which each word decides about all others.
        const at = 4 * (random.below(3) === 0 ? random.below(headerBytes / 4) : random.below(words));
        const old = view.getUint32(at, true);
        const values = [random.pick(extremes), old + 1, old - 1, old ^ (1 << random.below(32)), random.below(1000)];
        view.setUint32(at, random.pick(values), true);
      }
      try {
        exercise(summed(hostile));
        harmless++;
      } catch (error) {
        if (!(error instanceof TokenizerError)) throw error;
        refused++;
      }
    }
    assert.ok(refused > 200 && harmless > 200, `${refused} refused, ${harmless} harmless`);
  });
