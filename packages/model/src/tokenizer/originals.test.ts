// The same tokens as the originals give: SentencePiece, Hugging Face's tokenizers (the Rust ones) and tiktoken, each on
// 12,000 texts. fixtures/make.py has made the files and what to expect.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { preTokenizerNames } from './pre-tokenizers.ts';
import { compileRankFile } from './ranks.ts';
import { compileSentencePiece } from './sentencepiece.ts';
import { manyTexts } from './testing/texts.ts';
import { Tokenizer } from './tokenizer.ts';
import { compileTokenizerJson } from './tokenizer-json.ts';

const fixture = (name: string) => readFileSync(new URL(`fixtures/${name}`, import.meta.url));
const golden = JSON.parse(fixture('golden.json').toString()) as Record<
  string,
  { sha256: string; ids: number[][]; decoded: string[] }
>;
const texts = manyTexts(12_000, 2);

function compiled(name: string): Uint8Array {
  if (name.endsWith('.model')) return compileSentencePiece(fixture(name));
  if (name.endsWith('.json')) return compileTokenizerJson(fixture(name));
  const [file = '', encoding = ''] = name.split(' ');
  const preTokenizer = { 'llama-3': 'llama-bpe' }[encoding] ?? encoding;
  assert.ok(preTokenizerNames.includes(preTokenizer));
  return compileRankFile(fixture(file), { preTokenizer, specials: new Map(), bos: null, eos: null, addBos: false });
}

/** Where ours departs from the originals: "<unk>" is shown as it is. */
function asDecodedHere(name: string, decoded: string): string {
  return name.endsWith('.model') ? decoded.replaceAll(' \u2047 ', '<unk>') : decoded;
}

describe('as the originals', () => {
  for (const [name, { sha256, ids, decoded }] of Object.entries(golden)) {
    test(name, () => {
      const tokenizer = Tokenizer.fromBytes(compiled(name));
      const encode = (text: string) => [...tokenizer.encode(text, { addBos: false, parseSpecial: true })];
      for (const [i, expected] of ids.entries()) {
        assert.deepEqual(encode(texts[i] as string), expected, `${i}: ${JSON.stringify(texts[i])}`);
        assert.equal(tokenizer.decode(expected), asDecodedHere(name, decoded[i] as string));
      }
      const hash = createHash('sha256').update(texts.map((text) => encode(text).join(',')).join('\n'));
      assert.equal(hash.digest('hex'), sha256);
    });
  }
});
