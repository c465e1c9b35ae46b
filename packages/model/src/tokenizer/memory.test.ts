// A vocabulary costs its blob: what opening and using it adds is bounded, however large it is.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { readGgufHeader } from '../gguf/header.ts';
import { compileTokenizer } from './compile.ts';
import { StreamDecoder } from './stream-decoder.ts';
import { byteAlphabet } from './testing/byte-alphabet.ts';
import { Tokenizer } from './tokenizer.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function held(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Bytes beside the blob that are held while a tokenizer is in use. */
function heldBeside(blob: Uint8Array): number {
  const text = "What a tokenizer holds on to: it's 12,345 bytes. Привет, 世界! \n\tfor (;;) {}\n";
  const use = (tokenizer: Tokenizer) => {
    const decoder = new StreamDecoder(tokenizer);
    for (const id of tokenizer.encode(text, { addBos: false, parseSpecial: true })) decoder.push(id);
    decoder.end();
  };
  // Once before, for what is compiled and loaded a single time.
  use(Tokenizer.fromBytes(blob.slice()));
  const before = held();
  const tokenizer = Tokenizer.fromBytes(blob);
  use(tokenizer);
  const after = held();
  assert.equal(tokenizer.decode(tokenizer.encode(text, { addBos: false })), text);
  return after - before;
}

/** 256 bytes, all 65,536 pairs and enough triples to make 128k, two merges for each triple: of Llama 3's proportions. */
function largeVocabulary(): Record<string, unknown> {
  const tokens = [...byteAlphabet];
  const merges: string[] = [];
  for (const a of byteAlphabet) {
    for (const b of byteAlphabet) {
      tokens.push(a + b);
      merges.push(`${a} ${b}`);
    }
  }
  for (let i = 0; tokens.length < 128_000; i++) {
    const [a, b, c] = [byteAlphabet[i & 255], byteAlphabet[(i >> 8) & 255], byteAlphabet[(i * 7) & 255]];
    tokens.push(`${a}${b}${c}`);
    merges.push(`${a}${b} ${c}`, `${a} ${b}${c}`);
  }
  return {
    'tokenizer.ggml.model': 'gpt2',
    'tokenizer.ggml.pre': 'llama-bpe',
    'tokenizer.ggml.tokens': tokens,
    'tokenizer.ggml.merges': merges,
    'tokenizer.ggml.add_bos_token': false,
  };
}

describe('memory beside the blob', () => {
  test('128k tokens', () => {
    const blob = compileTokenizer(largeVocabulary());
    assert.ok(blob.length < 6e6, `the blob has ${blob.length} bytes`);
    const bytes = heldBeside(blob);
    assert.ok(bytes < 1e6, `${bytes} bytes`);
  });

  const model = process.env.FLASH_SLIM_TEST_MODEL;
  const skip = model === undefined ? 'FLASH_SLIM_TEST_MODEL names no GGUF to take a real vocabulary from' : false;
  test("the model's own vocabulary", { skip }, () => {
    const bytes = heldBeside(compileTokenizer(readGgufHeader(model as string).metadata));
    assert.ok(bytes < 1e6, `${bytes} bytes`);
  });
});
