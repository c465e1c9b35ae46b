// The same ids as @huggingface/tokenizers, and the same text back.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readGgufHeader } from '../gguf/header.ts';
import { compileTokenizer } from './compile.ts';
import { huggingFaceTokenizer, ignoringMerges, preTokenizers } from './testing/hugging-face.ts';
import { manyTexts } from './testing/texts.ts';
import { smallVocabulary } from './testing/vocabulary.ts';
import { Tokenizer } from './tokenizer.ts';

const model = process.env.FLASH_SLIM_TEST_MODEL;
const skip = model === undefined ? 'FLASH_SLIM_TEST_MODEL names no GGUF to take a real vocabulary from' : false;
const texts = manyTexts(12_000, 2);

function compareAll(get: (key: string) => unknown, preTokenizer: string, complete: boolean): void {
  const ours = Tokenizer.fromBytes(
    compileTokenizer({ get: (key) => (key === 'tokenizer.ggml.pre' ? preTokenizer : get(key)) }),
  );
  const theirs = huggingFaceTokenizer(get, preTokenizer);
  // The reference takes most of the time; the others differ from smollm in how they cut, not in how they merge.
  for (const text of preTokenizer === 'smollm' ? texts : texts.slice(0, 4000)) {
    const ids = ours.encode(text, { addBos: false, parseSpecial: true });
    const expected = theirs.encode(text, { add_special_tokens: false }).ids;
    assert.deepEqual([...ids], expected, `${preTokenizer}: ${JSON.stringify(text)}`);
    // A vocabulary without some of the 256 bytes loses them, here and there.
    const back = ours.decode(ids);
    if (complete) assert.equal(back, text);
    else if (ids.length > 0) assert.equal(back, theirs.decode(expected));
  }
}

test('there is enough text in enough scripts', () => {
  assert.ok(new Set(texts).size > 10_000);
  for (const script of ['Latin', 'Cyrillic', 'Greek', 'Arabic', 'Hebrew', 'Devanagari', 'Thai', 'Han', 'Hangul']) {
    const letter = new RegExp(`\\p{Script=${script}}`, 'u');
    assert.ok(texts.filter((text) => letter.test(text)).length > 100, script);
  }
});

for (const preTokenizer of Object.keys(preTokenizers)) {
  test(`small vocabulary, ${preTokenizer}`, () => {
    const metadata = smallVocabulary();
    compareAll((key) => metadata[key], preTokenizer, true);
  });

  test(`the model's own vocabulary, ${preTokenizer}`, { skip }, () => {
    const { metadata } = readGgufHeader(model as string);
    compareAll((key) => metadata.get(key), preTokenizer, false);
  });
}

test('both ways to read a word that is a token as a whole are compared', () => {
  assert.ok(ignoringMerges.has('llama-bpe') && !ignoringMerges.has('qwen2'));
});
