// GGUF files of SentencePiece models: the same tokens as the .model that they were made of, and what GGUF adds.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { compileTokenizer } from './compile.ts';
import { compileTokenizerFile } from './from-file.ts';
import { compileSentencePiece, readSentencePiece } from './sentencepiece.ts';
import { StreamDecoder } from './stream-decoder.ts';
import { manyTexts } from './testing/texts.ts';
import { Tokenizer } from './tokenizer.ts';

const fixture = (name: string) => readFileSync(new URL(`fixtures/${name}`, import.meta.url));

/** As converters write it. */
function metadataOf(name: string, changes: Record<string, unknown> = {}): Record<string, unknown> {
  const model = readSentencePiece(fixture(name));
  return {
    'tokenizer.ggml.model': model.modelType === 1 ? 't5' : 'llama',
    'tokenizer.ggml.tokens': model.pieces,
    'tokenizer.ggml.scores': Float32Array.from(model.scores),
    'tokenizer.ggml.token_type': Int32Array.from(model.types),
    'tokenizer.ggml.unknown_token_id': model.unk,
    'tokenizer.ggml.eos_token_id': model.eos,
    'tokenizer.ggml.add_space_prefix': model.dummyPrefix,
    'tokenizer.ggml.remove_extra_whitespaces': model.trim,
    'tokenizer.ggml.precompiled_charsmap': new Int8Array(model.charsmap),
    'tokenizer.ggml.add_bos_token': false,
    ...(model.bos < 0 ? {} : { 'tokenizer.ggml.bos_token_id': model.bos }),
    ...changes,
  };
}

const open = (name: string, changes: Record<string, unknown> = {}) =>
  Tokenizer.fromBytes(compileTokenizer(metadataOf(name, changes)));

describe('as the .model', () => {
  for (const name of ['bpe.model', 'unigram.model']) {
    test(name, () => {
      const fromGguf = open(name);
      const fromModel = Tokenizer.fromBytes(compileSentencePiece(fixture(name)));
      // User-defined pieces are cut out of raw text by GGUF's readers, which then begin anew behind them.
      const texts = manyTexts(3000, 6).filter((text) => !/ü—ü|<tool>|’s/.test(text));
      let ties = 0;
      for (const text of texts) {
        const ids = [...fromGguf.encode(text)];
        const expected = [...fromModel.encode(text, { addBos: false })];
        if (ids.join() === expected.join()) continue;
        // GGUF's readers sum up scores in 64 bits, SentencePiece in 32: the same pieces in another order are a tie.
        assert.deepEqual(ids.sort(), expected.sort(), JSON.stringify(text));
        ties++;
      }
      assert.ok(texts.length > 2500 && ties < (name === 'unigram.model' ? 50 : 1), `${ties} ties`);
    });
  }
});

describe('SentencePiece in GGUF', () => {
  test('texts come back, and while streaming no piece has half a character', () => {
    const tokenizer = open('bpe.model');
    for (const text of manyTexts(2000, 7)) {
      const ids = tokenizer.encode(text);
      const decoder = new StreamDecoder(tokenizer);
      const pieces = Array.from(ids, (id) => decoder.push(id));
      assert.ok(pieces.every((piece) => piece.isWellFormed()));
      assert.equal(pieces.join('') + decoder.end(), ids.length === 0 || /^(ü—ü|<tool>)/.test(text) ? text : ` ${text}`);
      if (!/ü—ü|<tool>/.test(text)) assert.equal(tokenizer.decode(ids), text);
    }
  });

  test('each text behind a control token begins with a space of its own', () => {
    const tokenizer = open('bpe.model', { 'tokenizer.ggml.add_bos_token': true });
    const [hi] = [tokenizer.encode('hi', { addBos: false })];
    assert.deepEqual([...tokenizer.encode('hi</s>hi', { parseSpecial: true })], [1, ...hi, 2, ...hi]);
    assert.deepEqual([...tokenizer.encode('')], [1]);
    const without = open('bpe.model', { 'tokenizer.ggml.add_space_prefix': false });
    assert.notDeepEqual([...without.encode('hi')], [...hi]);
    assert.equal(without.decode(without.encode('hi')), 'hi');
  });

  test('a character without a token becomes the tokens of its bytes', () => {
    const tokenizer = open('bpe.model', { 'tokenizer.ggml.add_space_prefix': false });
    const ids = tokenizer.encode('\u{10348}');
    assert.equal(ids.length, 4);
    assert.deepEqual(
      Array.from(ids, (id) => tokenizer.tokenBytes(id)[0]),
      [...Buffer.from('\u{10348}')],
    );
  });

  test("Phi-3's control tokens take white space along, by the model's name", () => {
    const ids = (name: string) => [
      ...open('bpe.model', { 'general.name': name }).encode('</s> \n hi', { parseSpecial: true }),
    ];
    assert.deepEqual(ids('Phi 3'), ids('other'));
    const stripped = ids('Phi-3 mini');
    assert.ok(stripped.length < ids('other').length);
    assert.deepEqual(stripped.slice(1), [...open('bpe.model').encode('hi')]);
  });
});

const vocabularies = process.env.FLASH_SLIM_TEST_VOCABULARIES;
const skip =
  vocabularies === undefined
    ? 'FLASH_SLIM_TEST_VOCABULARIES names no folder with ggml-vocab-*.gguf, .inp and .out'
    : false;
test("llama.cpp's own vocabularies and expectations", { skip }, () => {
  let compared = 0;
  for (const input of readdirSync(vocabularies as string).filter(
    (file) => file.endsWith('.inp') && !/bert/.test(file),
  )) {
    const path = join(vocabularies as string, input.slice(0, -'.inp'.length));
    const tokenizer = Tokenizer.fromBytes(compileTokenizerFile(path));
    const expected = readFileSync(`${path}.out`, 'utf8').split('\n');
    const texts = readFileSync(`${path}.inp`, 'utf8').split('\n__ggml_vocab_test__\n');
    for (const [i, text] of texts.entries()) {
      if (expected[i] === undefined) continue;
      assert.equal(tokenizer.encode(text, { addBos: false }).join(' '), expected[i]?.trim(), `${input} ${i}`);
      compared++;
    }
  }
  assert.ok(compared > 100);
});
