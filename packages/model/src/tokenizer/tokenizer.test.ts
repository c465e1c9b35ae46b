import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compileTokenizer } from './compile.ts';
import { preTokenizerNames } from './pre-tokenizers.ts';
import { StreamDecoder } from './stream-decoder.ts';
import { Random } from './testing/random.ts';
import { manyTexts } from './testing/texts.ts';
import { smallVocabulary } from './testing/vocabulary.ts';
import { Tokenizer } from './tokenizer.ts';

const open = (changes: Record<string, unknown> = {}) => Tokenizer.fromBytes(compileTokenizer(smallVocabulary(changes)));
const tokenizer = open();
const idOf = (token: string) => (smallVocabulary()['tokenizer.ggml.tokens'] as string[]).indexOf(token);

describe('encode', () => {
  test('nothing is no token, or the beginning of text alone', () => {
    assert.deepEqual([...tokenizer.encode('')], []);
    assert.deepEqual([...tokenizer.encode('', { addBos: true })], [1]);
  });

  test('the beginning of text comes first where the model or the caller wants it', () => {
    const wanting = open({ 'tokenizer.ggml.add_bos_token': true });
    assert.equal(wanting.encode('a')[0], 1);
    assert.notEqual(wanting.encode('a', { addBos: false })[0], 1);
    assert.notEqual(tokenizer.encode('a')[0], 1);
    const without = open({ 'tokenizer.ggml.bos_token_id': undefined });
    assert.equal(without.bosId, null);
    assert.deepEqual([...without.encode('', { addBos: true })], []);
  });

  test('control tokens are text unless they are to be parsed; user-defined ones are always found', () => {
    const text = '<|im_start|><tool>';
    assert.deepEqual([...tokenizer.encode(text, { parseSpecial: true })], [1, idOf('<tool>')]);
    const asText = [...tokenizer.encode(text)];
    assert.ok(!asText.includes(1));
    assert.equal(asText.at(-1), idOf('<tool>'));
    assert.equal(tokenizer.decode(asText), text);
  });

  test('the leftmost special token wins, then the longest', () => {
    const { encode } = overlapping();
    assert.deepEqual(encode('<ab>'), ['<ab>']);
    assert.deepEqual(encode('<ab'), ['<a', 'b']);
    assert.deepEqual(encode('x<a<ab>é😀<'), ['x', '<a', '<ab>', 'é😀', '<']);
    assert.deepEqual(encode('\u{40000}\u{10fffd}é'), ['\u{40000}\u{10fffd}', 'Ã', '©']);
    assert.deepEqual(encode('😀'), ['ð', 'Ł', 'ĺ', 'Ģ']);
  });

  test('a word that is a token is taken whole in models that want it so, and merged in others', () => {
    const random = new Random(10);
    const bytes = (smallVocabulary()['tokenizer.ggml.tokens'] as string[]).slice(3, 259);
    const word = () => Array.from({ length: 2 + random.below(5) }, () => random.pick([...'abcdeé'])).join('');
    const words = [...new Set(Array.from({ length: 300 }, word))];
    const spelled = words.map((text) => text.replaceAll('é', 'Ã©'));
    const vocabulary = (pre: string) =>
      Tokenizer.fromBytes(
        compileTokenizer({
          'tokenizer.ggml.model': 'gpt2',
          'tokenizer.ggml.pre': pre,
          'tokenizer.ggml.tokens': [...bytes, ...spelled],
          'tokenizer.ggml.merges': [],
        }),
      );
    const whole = vocabulary('llama-bpe');
    const merged = vocabulary('qwen2');
    for (const [index, text] of words.entries()) {
      assert.deepEqual([...whole.encode(text)], [bytes.length + index]);
      assert.equal(merged.encode(text).length, Buffer.byteLength(text));
      if (!words.includes(`${text}a`)) assert.equal(whole.encode(`${text}a`).length, Buffer.byteLength(text) + 1);
    }
  });

  test('lone surrogates become U+FFFD', () => {
    for (const text of ['\ud800', 'a\udc00b', '\udbff\ud800 x', '<|im_start|>\ud83d']) {
      const ids = tokenizer.encode(text, { parseSpecial: true });
      assert.equal(tokenizer.decode(ids), text.toWellFormed());
    }
  });

  test('bytes without a token are left out', () => {
    const metadata = smallVocabulary();
    const tokens = (metadata['tokenizer.ggml.tokens'] as string[]).map((token) => (token === 'Ā' ? '<|nul|>' : token));
    const merges = (metadata['tokenizer.ggml.merges'] as string[]).filter((merge) => !merge.includes('Ā'));
    const lacking = open({ 'tokenizer.ggml.tokens': tokens, 'tokenizer.ggml.merges': merges });
    assert.equal(lacking.decode(lacking.encode('a\0b')), 'ab');
  });
});

/** A vocabulary of single bytes and special tokens that overlap. */
function overlapping() {
  const specials = ['<a', '<ab>', 'é😀', '\u{40000}\u{10fffd}'];
  const bytes = (smallVocabulary()['tokenizer.ggml.tokens'] as string[]).slice(3, 259);
  const tokens = [...bytes, ...specials];
  const tokenizer = Tokenizer.fromBytes(
    compileTokenizer({
      'tokenizer.ggml.model': 'gpt2',
      'tokenizer.ggml.tokens': tokens,
      'tokenizer.ggml.token_type': tokens.map((token) => (specials.includes(token) ? 3 : 1)),
      'tokenizer.ggml.merges': [],
    }),
  );
  return { encode: (text: string) => Array.from(tokenizer.encode(text, { parseSpecial: true }), (id) => tokens[id]) };
}

describe('any text, in time', () => {
  // Quadratic merging or matching takes minutes for these, linear milliseconds.
  const length = 100_000;
  const tokens = smallVocabulary()['tokenizer.ggml.tokens'] as string[];
  const texts: Record<string, string> = {
    letters: 'a'.repeat(length),
    'capitals and a digit': `${'A'.repeat(length)}1`,
    'spaces and a letter': `${' '.repeat(length)}x`,
    'spaces and a digit': `${' '.repeat(length)}1`,
    'line breaks': '\n'.repeat(length),
    'spaces and a line break, again and again': `${' '.repeat(300)}\n`.repeat(length / 300),
    digits: '7'.repeat(length),
    punctuation: '!?'.repeat(length / 2),
    han: '好'.repeat(length),
    marks: '\u0301'.repeat(length),
    'beginnings of special tokens': '<|im_'.repeat(length / 5),
    pairs: 'ab'.repeat(length / 2),
  };
  for (const [name, text] of Object.entries(texts)) {
    test(name, { timeout: 60_000 }, () => {
      for (const pre of [
        'smollm',
        'llama-bpe',
        'gpt-4o',
        'default',
        'deepseek-llm',
        'deepseek-v3',
        'jais-2',
        'youtu',
      ]) {
        // Without the user-defined token of four spaces, which would cut runs of spaces short.
        const tokenizer = open({ 'tokenizer.ggml.pre': pre, 'tokenizer.ggml.tokens': tokens.slice(0, -3) });
        const start = performance.now();
        const ids = tokenizer.encode(text, { parseSpecial: true });
        const took = performance.now() - start;
        assert.ok(took < 3000, `${pre} took ${took.toFixed(0)} ms`);
        assert.equal(tokenizer.decode(ids), text);
      }
    });
  }

  test('a word past all limits is refused, not crashed on', () => {
    assert.throws(() => tokenizer.encode('好'.repeat(8_000_000)), { name: 'TokenizerError', code: 'TEXT_TOO_LONG' });
  });
});

test('every pre-tokenizer gives the text back', () => {
  const texts = manyTexts(300, 3);
  for (const pre of preTokenizerNames) {
    const tokenizer = open({ 'tokenizer.ggml.pre': pre });
    for (const text of texts) assert.equal(tokenizer.decode(tokenizer.encode(text)), text, pre);
  }
});

describe('decode', () => {
  test('control tokens are shown or skipped', () => {
    const ids = [1, ...tokenizer.encode('hi'), 2];
    assert.equal(tokenizer.decode(ids), '<|im_start|>hi<|im_end|>');
    assert.equal(tokenizer.decode(ids, { skipSpecial: true }), 'hi');
  });

  test('a token that does not exist is refused', () => {
    for (const id of [-1, tokenizer.vocabularySize, 0.5, Number.NaN, 2 ** 32]) {
      assert.throws(() => tokenizer.decode([id]), { code: 'TOKEN_OUT_OF_RANGE' });
      assert.throws(() => new StreamDecoder(tokenizer).push(id), { code: 'TOKEN_OUT_OF_RANGE' });
    }
  });

  test('a leading U+FEFF stays', () => {
    assert.equal(tokenizer.decode(tokenizer.encode('\ufeffa')), '\ufeffa');
  });
});

describe('StreamDecoder', () => {
  const byteIds = (bytes: Iterable<number>) => {
    const single = new Map<number, number>();
    for (let id = 0; id < tokenizer.vocabularySize; id++) {
      const [first, ...others] = tokenizer.tokenBytes(id);
      if (first !== undefined && others.length === 0) single.set(first, id);
    }
    return Array.from(bytes, (byte) => single.get(byte) as number);
  };

  test('joined pieces are the text, and no piece has half a character', () => {
    for (const text of manyTexts(500, 4)) {
      for (const ids of [tokenizer.encode(text), byteIds(Buffer.from(text))]) {
        const decoder = new StreamDecoder(tokenizer);
        const pieces = Array.from(ids, (id) => decoder.push(id));
        assert.ok(pieces.every((piece) => piece.isWellFormed() && !piece.includes('\ufffd')));
        assert.equal(pieces.join('') + decoder.end(), text);
      }
    }
  });

  test('a character comes with its last byte', () => {
    const decoder = new StreamDecoder(tokenizer);
    assert.deepEqual(
      byteIds(Buffer.from('é😀')).map((id) => decoder.push(id)),
      ['', 'é', '', '', '', '😀'],
    );
  });

  test('bytes that are no UTF-8 become U+FFFD, at the end at the latest', () => {
    const decoder = new StreamDecoder(tokenizer);
    assert.equal(decoder.push(byteIds([0xff])[0] as number), '\ufffd');
    assert.equal(decoder.push(byteIds([0xe2])[0] as number), '');
    assert.equal(decoder.push(byteIds([0x41])[0] as number), '\ufffdA');
    assert.equal(decoder.push(byteIds([0xf0])[0] as number), '');
    assert.equal(decoder.end(), '\ufffd');
    assert.equal(decoder.push(byteIds([0x41])[0] as number), 'A');
  });

  test('as one decode of all tokens, whatever the tokens', () => {
    const random = new Random(5);
    for (let round = 0; round < 300; round++) {
      const ids = Array.from({ length: 20 }, () => random.below(tokenizer.vocabularySize));
      const decoder = new StreamDecoder(tokenizer, { skipSpecial: true });
      const streamed = ids.map((id) => decoder.push(id)).join('') + decoder.end();
      assert.equal(streamed, tokenizer.decode(ids, { skipSpecial: true }));
    }
  });
});
