// Mistral's tekken.json: ranks as tiktoken has them, behind a number of control tokens, with the pattern that cuts text.
import { TokenizerError } from './error.ts';
import { JsonScanner } from './json-scanner.ts';
import { invalidTokenizer } from './metadata.ts';
import { knownPattern, preTokenizerNames } from './pre-tokenizers.ts';
import { compileRanks } from './ranks.ts';
import { type Json, list, object } from './tokenizer-json-values.ts';

/** Of models whose tekken.json lists none; the rest up to their number has no meaning yet. */
const defaultSpecials = (
  '<unk> <s> </s> [INST] [/INST] [AVAILABLE_TOOLS] [/AVAILABLE_TOOLS] [TOOL_RESULTS] [/TOOL_RESULTS] [TOOL_CALLS] ' +
  '[IMG] <pad> [IMG_BREAK] [IMG_END] [PREFIX] [MIDDLE] [SUFFIX] [SYSTEM_PROMPT] [/SYSTEM_PROMPT] [TOOL_CONTENT]'
).split(' ');

/** @throws TokenizerError UNSUPPORTED_TOKENIZER, INVALID_TOKENIZER */
export function compileTekken(json: Uint8Array): Uint8Array {
  const { config, special_tokens: named = null, ranked } = scan(json);
  const { pattern, default_vocab_size: vocabulary, default_num_special_tokens: firstId } = object('config', config);
  if (typeof pattern !== 'string' || !isCount(vocabulary) || !isCount(firstId)) {
    throw invalidTokenizer('its config lacks pattern, default_vocab_size or default_num_special_tokens');
  }
  if (vocabulary <= firstId || vocabulary - firstId > ranked.length || firstId > ranked.length) {
    throw invalidTokenizer(`it has ${ranked.length} ranks for ${vocabulary} tokens, ${firstId} of them special`);
  }
  const known = knownPattern(pattern);
  if (known === null) {
    throw new TokenizerError(
      'UNSUPPORTED_TOKENIZER',
      `This tekken.json cuts text at ${JSON.stringify(pattern).slice(0, 200)}, which is not known here ` +
        `(known are the patterns of ${preTokenizerNames.join(', ')}), and guessing would give wrong tokens.`,
    );
  }
  const specials = new Map(named === null ? defaultSpecials.entries() : list('special_tokens', named).map(special));
  for (let id = 0; id < firstId; id++) if (!specials.has(id)) specials.set(id, `<SPECIAL_${id}>`);
  if ([...specials.keys()].some((id) => id >= firstId)) {
    throw invalidTokenizer(`it has special tokens past the ${firstId} that it says`);
  }
  return compileRanks(ranked.slice(0, vocabulary - firstId), {
    pipeline: { normalize: [], split: [{ type: 'pattern', pattern: known, behavior: 'isolated' }] },
    specials,
    bos: '<s>',
    eos: '</s>',
    addBos: true,
    firstId,
  });
}

const isCount = (value: Json | undefined): value is number => Number.isInteger(value) && (value as number) >= 0;

function special(entry: Json, index: number): [rank: number, text: string] {
  const { rank, token_str: text } = object(`special_tokens[${index}]`, entry);
  if (isCount(rank) && typeof text === 'string') return [rank, text];
  throw invalidTokenizer(`special_tokens[${index}] is no rank with a text`);
}

/** The file's values; of the vocabulary only each rank's bytes, as the whole takes 200 MB when it is parsed. */
function scan(json: Uint8Array): { config?: Json; special_tokens?: Json; ranked: Uint8Array[] } {
  const scanner = new JsonScanner(json);
  const values: Record<string, Json> = {};
  const ranked: Uint8Array[] = [];
  scanner.object((key) => {
    if (key !== 'vocab') {
      values[key] = scanner.value();
      return;
    }
    scanner.list(() => {
      let rank: Json = null;
      let bytes: string | null = null;
      scanner.object((field) => {
        if (field === 'token_bytes') bytes = scanner.string();
        else if (field === 'rank') rank = scanner.number();
        else scanner.value();
      });
      if (bytes === null || rank !== ranked.length)
        throw invalidTokenizer(`vocab[${ranked.length}] is of another rank`);
      ranked.push(Buffer.from(bytes, 'base64'));
    });
  });
  scanner.end();
  return { ...values, ranked };
}
