// The same tokenizer as @huggingface/tokenizers builds it, from the tokenizer.json that a model's author would publish.
import { Tokenizer } from '@huggingface/tokenizers';

const byteLevel = (useRegex: boolean) => ({
  type: 'ByteLevel',
  add_prefix_space: false,
  trim_offsets: true,
  use_regex: useRegex,
});
const split = (regex: string) => ({ type: 'Split', pattern: { Regex: regex }, behavior: 'Isolated', invert: false });
const sequence = (...pretokenizers: object[]) => ({ type: 'Sequence', pretokenizers });

const contraction = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const tail = String.raw`\s*[\r\n]+|\s+(?!\S)|\s+`;
const upper = String.raw`[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`;
const lower = String.raw`[\p{Ll}\p{Lm}\p{Lo}\p{M}]`;

/** Pre-tokenizers by their GGUF names, as in the tokenizer.json of SmolLM2, Llama 3, Qwen2, GPT-2, Mistral Nemo, GPT-4o. */
export const preTokenizers: Record<string, object> = {
  // Published as {"type": "Digits", "individual_digits": true}, which in the Rust original means every \p{N}; the
  // JavaScript package takes it to mean 0 to 9 only. Spelled out, both agree.
  smollm: sequence(split(String.raw`\p{N}`), byteLevel(true)),
  'gpt-2': byteLevel(true),
  'llama-bpe': sequence(
    split(String.raw`${contraction}|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|${tail}`),
    byteLevel(false),
  ),
  qwen2: sequence(
    split(String.raw`${contraction}|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|${tail}`),
    byteLevel(false),
  ),
  tekken: sequence(
    split(
      String.raw`[^\r\n\p{L}\p{N}]?${upper}*${lower}+|[^\r\n\p{L}\p{N}]?${upper}+${lower}*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|${tail}`,
    ),
    byteLevel(false),
  ),
  'gpt-4o': sequence(
    split(
      String.raw`[^\r\n\p{L}\p{N}]?${upper}*${lower}+${contraction}?|[^\r\n\p{L}\p{N}]?${upper}+${lower}*${contraction}?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|${tail}`,
    ),
    byteLevel(false),
  ),
};

export const ignoringMerges = new Set(['llama-bpe', 'tekken']);

/** @param metadata a GGUF's, its lists iterable */
export function huggingFaceTokenizer(get: (key: string) => unknown, preTokenizer: string): Tokenizer {
  const tokens = [...(get('tokenizer.ggml.tokens') as Iterable<string>)];
  const types = get('tokenizer.ggml.token_type') as ArrayLike<number>;
  const addedTokens = tokens.flatMap((content, id) =>
    types[id] === 3 || types[id] === 4 ? [{ id, content, special: types[id] === 3, normalized: false }] : [],
  );
  return new Tokenizer(
    {
      version: '1.0',
      added_tokens: addedTokens,
      normalizer: null,
      pre_tokenizer: preTokenizers[preTokenizer],
      post_processor: null,
      decoder: byteLevel(true),
      model: {
        type: 'BPE',
        unk_token: null,
        ignore_merges: ignoringMerges.has(preTokenizer),
        vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
        merges: [...(get('tokenizer.ggml.merges') as Iterable<string>)],
      },
    },
    { clean_up_tokenization_spaces: false },
  );
}
