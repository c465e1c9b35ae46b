// A tokenizer small enough for tests and real enough to tokenize: byte-level BPE with a few merges and a chat template.
import type { MetadataEntry } from './gguf-writer.ts';

const endOfText = '<|endoftext|>';
const startOfTurn = '<|im_start|>';
const endOfTurn = '<|im_end|>';
const control = 3;
const normal = 1;
const unused = 5;

// The letters that stand for the 256 bytes (GPT-2): printable ones for themselves, the rest shifted past them.
const printable = (byte: number) => (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
function byteLetters(): string[] {
  let shifted = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(printable(byte) ? byte : shifted++));
}

const merges = [
  'Ġ t',
  'h e',
  'Ġt he',
  'i n',
  'Ġ a',
  'r e',
  'o n',
  'e r',
  'Ġ s',
  'n d',
  'Ġa nd',
  'in g',
  'o r',
  'Ġ o',
  'Ġo f',
  'Ġ w',
  'i s',
  'a t',
  'e n',
  'e s',
];

const chatTemplate =
  "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}" +
  "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

/** Control tokens, one token a byte, one a merge. */
export const leastVocabularySize = 3 + 256 + merges.length;

/** The tokenizer's metadata, filled up with unused tokens to `size`. */
export function tinyTokenizer(size: number): MetadataEntry[] {
  if (size < leastVocabularySize)
    throw new RangeError(`a vocabulary has at least ${leastVocabularySize} tokens, not ${size}`);
  const specials = [endOfText, startOfTurn, endOfTurn];
  const words = [...byteLetters(), ...merges.map((merge) => merge.replace(' ', ''))];
  const filler = Array.from({ length: size - leastVocabularySize }, (_, index) => `<|unused_${index}|>`);
  const types = [...specials.map(() => control), ...words.map(() => normal), ...filler.map(() => unused)];
  return [
    { key: 'tokenizer.ggml.model', type: 'string', value: 'gpt2' },
    { key: 'tokenizer.ggml.pre', type: 'string', value: 'smollm' },
    { key: 'tokenizer.ggml.tokens', type: 'strings', value: [...specials, ...words, ...filler] },
    { key: 'tokenizer.ggml.token_type', type: 'i32s', value: types },
    { key: 'tokenizer.ggml.merges', type: 'strings', value: merges },
    { key: 'tokenizer.ggml.bos_token_id', type: 'u32', value: 1 },
    { key: 'tokenizer.ggml.eos_token_id', type: 'u32', value: 2 },
    { key: 'tokenizer.ggml.unknown_token_id', type: 'u32', value: 0 },
    { key: 'tokenizer.ggml.add_bos_token', type: 'bool', value: false },
    { key: 'tokenizer.ggml.add_space_prefix', type: 'bool', value: false },
    { key: 'tokenizer.chat_template', type: 'string', value: chatTemplate },
  ];
}
