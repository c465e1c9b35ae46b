import assert from 'node:assert/strict';
import { test } from 'node:test';
import { preTokenizerNamed, preTokenizerNames } from './pre-tokenizers.ts';
import { manyTexts } from './testing/texts.ts';
import { WordSplitter } from './word-splitter.ts';

function wordsOf(preTokenizer: string, text: string): string[] {
  const words: string[] = [];
  const steps = preTokenizerNamed(preTokenizer).patterns.map(
    (pattern) => ({ type: 'pattern', pattern, behavior: 'isolated' }) as const,
  );
  new WordSplitter(steps).split(text, true, (word) => words.push(word));
  return words;
}

const cases: [preTokenizer: string, text: string, words: string[]][] = [
  ['smollm', "I'm 2024  years", ['I', "'m", ' ', '2', '0', '2', '4', ' ', ' years']],
  ['smollm', ' ٣٤ x²', [' ', '٣', '٤', ' x', '²']],
  ['gpt-2', "I'M 2024  years", ['I', "'", 'M', ' 2024', ' ', ' years']],
  ['llama-bpe', "I'M 2024\r\n\n  years", ['I', "'M", ' ', '202', '4', '\r\n\n', ' ', ' years']],
  ['qwen2', '(x)\n 12', ['(x', ')\n', ' ', '1', '2']],
  ['tekken', 'camelCase HTTPServer', ['camel', 'Case', ' HTTPServer']],
  ['gpt-4o', "don't 12345/\n", ["don't", ' ', '123', '45', '/\n']],
  ['default', 'a+b 1234', ['a', '+', 'b', ' ', '123', '4']],
  ['falcon', 'a+b`1234', ['a', '+', 'b', '`', '123', '4']],
  // Its punctuation has the range from : to ~, letters included.
  ['deepseek-llm', 'café 12\n好 a  ', ['caf', 'é', ' ', '12', '\n', '好', ' a', '  ']],
  ['deepseek-coder', 'x = 12;', ['x', ' = ', '1', '2', ';']],
  ['deepseek-v3', 'ab好ひ1234', ['ab', '好ひ', '123', '4']],
  // As the Rust tokenizers 0.23 cut these: U+0085 is white space, U+FEFF is not, ſ is an s without regard to case.
  ['llama-bpe', 'a\u0085\n b', ['a', '\u0085\n', ' b']],
  ['llama-bpe', '\u0085\u0085x', ['\u0085', '\u0085x']],
  ['llama-bpe', '\ufeff\ufeff hi', ['\ufeff\ufeff', ' hi']],
  ['llama-bpe', "'ſx", ["'ſ", 'x']],
];

for (const [preTokenizer, text, words] of cases) {
  test(`${preTokenizer}: ${JSON.stringify(text)}`, () => assert.deepEqual(wordsOf(preTokenizer, text), words));
}

test('words joined are the text, for every pre-tokenizer', () => {
  const texts = manyTexts(300, 9);
  for (const name of preTokenizerNames) for (const text of texts) assert.equal(wordsOf(name, text).join(''), text);
});
