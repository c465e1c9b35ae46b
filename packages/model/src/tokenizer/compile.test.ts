import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { packed } from './byte-strings.ts';
import { compileTokenizer } from './compile.ts';
import { smallVocabulary } from './testing/vocabulary.ts';
import { Tokenizer } from './tokenizer.ts';

const compile = (changes: Record<string, unknown>) => compileTokenizer(smallVocabulary(changes));

test('metadata may be a record, a map, packed strings, typed arrays and bigints', () => {
  const metadata = smallVocabulary();
  const expected = compileTokenizer(metadata);
  assert.deepEqual(compileTokenizer(new Map(Object.entries(metadata))), expected);
  const pack = (key: string) => packed((metadata[key] as string[]).map((text) => Buffer.from(text)));
  assert.deepEqual(
    compile({
      'tokenizer.ggml.tokens': pack('tokenizer.ggml.tokens'),
      'tokenizer.ggml.merges': pack('tokenizer.ggml.merges'),
      'tokenizer.ggml.token_type': Int32Array.from(metadata['tokenizer.ggml.token_type'] as number[]),
      'tokenizer.ggml.bos_token_id': 1n,
    }),
    expected,
  );
});

describe('what is not supported is refused with its name', () => {
  const refused = (changes: Record<string, unknown>, message: RegExp) =>
    assert.throws(() => compile(changes), { name: 'TokenizerError', code: 'UNSUPPORTED_TOKENIZER', message });

  test('other kinds of tokenizers', () => {
    refused({ 'tokenizer.ggml.model': 'rwkv' }, /"rwkv" \(RWKV\).*known are gpt2, llama, gemma4, t5/);
    refused({ 'tokenizer.ggml.model': 'bert' }, /"bert" \(WordPiece\)/);
    refused({ 'tokenizer.ggml.model': 'constructor' }, /"constructor"/);
  });

  test('unknown pre-tokenizers', () => {
    refused({ 'tokenizer.ggml.pre': 'llama-9' }, /"llama-9".*Known are:.*smollm/);
    refused({ 'tokenizer.ggml.pre': 'toString' }, /"toString"/);
    refused({ 'tokenizer.ggml.pre': 'superbpe' }, /"superbpe"/);
  });
});

describe('what contradicts itself is refused', () => {
  const { 'tokenizer.ggml.tokens': tokens, 'tokenizer.ggml.merges': merges } = smallVocabulary() as Record<
    string,
    string[]
  >;
  const invalid = (changes: Record<string, unknown>, message: RegExp) =>
    assert.throws(() => compile(changes), { name: 'TokenizerError', code: 'INVALID_TOKENIZER', message });

  test('missing parts', () => {
    invalid({ 'tokenizer.ggml.model': undefined }, /model is missing/);
    invalid({ 'tokenizer.ggml.tokens': undefined }, /tokens should be a list of strings and is missing/);
    invalid({ 'tokenizer.ggml.merges': null }, /merges should be a list of strings and is missing/);
    invalid({ 'tokenizer.ggml.tokens': [] }, /empty/);
    for (const model of ['llama', 't5'])
      invalid({ 'tokenizer.ggml.model': model }, /scores should be a list of numbers/);
  });

  test('parts of the wrong type', () => {
    invalid({ 'tokenizer.ggml.model': 7 }, /model should be a string and is a value of type number/);
    invalid({ 'tokenizer.ggml.tokens': ['a', 1] }, /tokens should be a list of strings/);
    invalid({ 'tokenizer.ggml.add_bos_token': 'yes' }, /add_bos_token should be true or false/);
    invalid({ 'tokenizer.ggml.eos_token_id': 'two' }, /eos_token_id should be a token/);
    invalid({ 'tokenizer.ggml.token_type': 'x' }, /token_type should be a list of integers/);
    invalid({ 'tokenizer.ggml.token_type': [1, 1] }, /have 2 token types/);
  });

  test('merges of tokens that do not exist', () => {
    for (const merge of ['Ġ Ġqqqq', 'qqqq a', 'nospace', '', ' ', 'a ', '好 a']) {
      invalid({ 'tokenizer.ggml.merges': [...(merges ?? []), merge] }, /merge 4\d\d, .* is not of two tokens/);
    }
  });

  test('two tokens with one text', () => {
    const doubled = tokens?.with(100, tokens[50] as string);
    invalid(
      { 'tokenizer.ggml.tokens': doubled, 'tokenizer.ggml.merges': [] },
      /token 100 has the same text as token 50/,
    );
  });

  test('a special token past all bounds', () => {
    invalid({ 'tokenizer.ggml.tokens': tokens?.with(0, 'x'.repeat(5000)) }, /special token 0 has 5000 bytes/);
  });
});

test('a number past the vocabulary is no token', () => {
  const tokenizer = Tokenizer.fromBytes(
    compile({ 'tokenizer.ggml.padding_token_id': 2 ** 31, 'tokenizer.ggml.bos_token_id': -1 }),
  );
  assert.deepEqual([tokenizer.padId, tokenizer.bosId, tokenizer.eosId], [null, null, 2]);
});

test('where the file is silent, the pre-tokenizer says whether text begins with a token', () => {
  const addBos = (pre: string) =>
    Tokenizer.fromBytes(compile({ 'tokenizer.ggml.pre': pre, 'tokenizer.ggml.add_bos_token': undefined })).addBos;
  assert.deepEqual(['llama-bpe', 'tekken', 'smollm', 'qwen2'].map(addBos), [true, true, false, false]);
});

test('merges that mention a user-defined token in its old spelling still lead through it', () => {
  // Converters write the token "ĠĠ" as two spaces and leave the merges as they are.
  const { 'tokenizer.ggml.tokens': tokens } = smallVocabulary() as Record<string, string[]>;
  const bytes = tokens?.slice(3, 259) ?? [];
  const all = [...bytes, '  ', 'ĠĠx'];
  const tokenizer = Tokenizer.fromBytes(
    compileTokenizer({
      'tokenizer.ggml.model': 'gpt2',
      'tokenizer.ggml.pre': 'bloom',
      'tokenizer.ggml.tokens': all,
      'tokenizer.ggml.token_type': all.map((token) => (token === '  ' ? 4 : 1)),
      'tokenizer.ggml.merges': ['Ġ Ġ', 'ĠĠ x'],
    }),
  );
  assert.deepEqual(
    Array.from(tokenizer.encode('  x'), (id) => all[id]),
    ['  ', 'x'],
  );
  assert.equal(tokenizer.decode([257]), '  x');
});

describe('tokens that end a generation', () => {
  const ends = (texts: string[], changes: Record<string, unknown> = {}, type = 3) => {
    const { 'tokenizer.ggml.tokens': tokens = [], 'tokenizer.ggml.token_type': types = [] } =
      smallVocabulary() as Record<string, unknown[]>;
    const tokenizer = Tokenizer.fromBytes(
      compile({
        'tokenizer.ggml.tokens': [...tokens, ...texts],
        'tokenizer.ggml.token_type': [...types, ...texts.map(() => type)],
        ...changes,
      }),
    );
    assert.deepEqual(
      [...tokenizer.endOfGenerationIds],
      Array.from({ length: tokenizer.vocabularySize }, (_, id) => id).filter((id) => tokenizer.endOfGeneration(id)),
    );
    return { tokenizer, texts: Array.from(tokenizer.endOfGenerationIds, (id) => tokenizer.decode([id])) };
  };

  test('by the file and by their texts', () => {
    assert.deepEqual(ends([]).texts, ['<|endoftext|>', '<|im_end|>']);
    assert.deepEqual(ends(['<|eot_id|>', '<|eom_id|>', '<other>']).texts, [
      '<|endoftext|>',
      '<|im_end|>',
      '<|eot_id|>',
      '<|eom_id|>',
    ]);
    assert.deepEqual(ends(['<other>'], { 'tokenizer.ggml.eos_token_id': 666 }).texts.length, 2);
    const { tokenizer } = ends(['<|eot_id|>', '<|eom_id|>']);
    assert.equal(tokenizer.decode([tokenizer.eotId as number]), '<|eot_id|>');
    assert.equal(tokenizer.decode([tokenizer.eomId as number]), '<|eom_id|>');
  });

  test('even where the file takes them for ordinary text, and then they are control tokens', () => {
    const { tokenizer, texts } = ends(['<end_of_turn>'], {}, 1);
    assert.ok(texts.includes('<end_of_turn>'));
    assert.ok(tokenizer.isSpecial(tokenizer.vocabularySize - 1));
  });

  test('but a part of an answer is no end', () => {
    assert.ok(ends(['<|end|>']).texts.includes('<|end|>'));
    const { texts } = ends(['<|end|>', '<|return|>', '<|call|>']);
    assert.ok(!texts.includes('<|end|>') && texts.includes('<|return|>'));
    assert.ok(!ends(['</s>', '<|tool_response>']).texts.includes('</s>'));
  });
});
