// A vocabulary of some hundred merges, trained on texts in many scripts, so that merges build on each other and reach
// across characters. It always has the same tokens.
import { alphabetOfBytes, byteAlphabet } from './byte-alphabet.ts';
import { manyTexts } from './texts.ts';

const specials = ['<|endoftext|>', '<|im_start|>', '<|im_end|>'];
const userDefined = ['<tool>', 'ü—ü', '    '];

let trained: string[] | null = null;

/** GGUF metadata of the vocabulary, with `changes` on top. */
export function smallVocabulary(changes: Record<string, unknown> = {}): Record<string, unknown> {
  trained ??= trainMerges(400);
  const words = [...byteAlphabet, ...trained.map((merge) => merge.replace(' ', ''))];
  const tokens = [...specials, ...words, ...userDefined];
  return {
    'tokenizer.ggml.model': 'gpt2',
    'tokenizer.ggml.pre': 'smollm',
    'tokenizer.ggml.tokens': tokens,
    'tokenizer.ggml.token_type': [...specials.map(() => 3), ...words.map(() => 1), ...userDefined.map(() => 4)],
    'tokenizer.ggml.merges': trained,
    'tokenizer.ggml.bos_token_id': 1,
    'tokenizer.ggml.eos_token_id': 2,
    'tokenizer.ggml.add_bos_token': false,
    ...changes,
  };
}

/** The usual training: merge the commonest pair of neighbours, again and again; ties go to the one seen first. */
function trainMerges(count: number): string[] {
  const words = manyTexts(800, 1)
    .flatMap((text) => text.match(/ ?[\p{L}\p{M}]+| ?\p{N}+| ?[^\s\p{L}\p{M}\p{N}]+|\s+/gu) ?? [])
    .map((word) => [...alphabetOfBytes(Buffer.from(word))]);
  const merges: string[] = [];
  const made = new Set<string>();
  while (made.size < count) {
    const counts = new Map<string, number>();
    for (const word of words) {
      for (let i = 1; i < word.length; i++) {
        const pair = `${word[i - 1]} ${word[i]}`;
        counts.set(pair, (counts.get(pair) ?? 0) + 1);
      }
    }
    const [best] = [...counts].reduce((a, b) => (b[1] > a[1] ? b : a));
    const [left, right] = best.split(' ') as [string, string];
    // A second way to the same token is used in training, but is no second token.
    if (!made.has(left + right)) merges.push(best);
    made.add(left + right);
    for (const word of words) {
      for (let i = 1; i < word.length; i++) {
        if (word[i - 1] === left && word[i] === right) word.splice(i - 1, 2, left + right);
      }
    }
  }
  return merges;
}
