// What happens to a text before its words become tokens, as data: normalizing steps, then steps that cut it into words.
// Kept in the compiled tokenizer as JSON. White space is U+0020 throughout: vocabularies that write it as U+2581 are
// compiled with spaces instead, and the steps below turn a U+2581 of the text into one as well, as the originals do.
import { invalidTokenizer } from './metadata.ts';
import { knownPatterns } from './pre-tokenizers.ts';

export type NormalizeStep =
  | { type: 'unicode'; form: 'NFC' | 'NFD' | 'NFKC' | 'NFKD' }
  | { type: 'lowercase' }
  | { type: 'strip'; left: boolean; right: boolean }
  | { type: 'prepend'; text: string }
  | { type: 'replace'; from: string; to: string }
  /** Runs of two and more spaces become `to`. */
  | { type: 'collapse'; to: string }
  /** The charsmap, grapheme by grapheme, as @huggingface/tokenizers applies it. */
  | { type: 'precompiled' }
  /** All that SentencePiece's normalizer does, with the charsmap if there is one. */
  | { type: 'sentencepiece'; prefix: boolean; suffix: boolean; trim: boolean };

/** Matches are words and so is what lies between them; or only the one, or only the other. */
export type SplitBehavior = 'isolated' | 'kept' | 'removed';

export type SplitStep =
  /** Cuts at the matches of a pattern that pre-tokenizers.ts lists. */
  | { type: 'pattern'; pattern: string; behavior: SplitBehavior }
  /** A space in front of each word (or of the text's first) that begins with none. */
  | { type: 'prefix'; first: boolean }
  /** U+2581 becomes a space. */
  | { type: 'unescape' }
  /** Cuts in front of each space. */
  | { type: 'spaces' }
  /** Cuts in front of each run of spaces: where no token has a space behind another character, this changes no token. */
  | { type: 'runs' };

export interface Pipeline {
  normalize: NormalizeStep[];
  split: SplitStep[];
}

const maxSteps = 64;
const forms = ['NFC', 'NFD', 'NFKC', 'NFKD'];
const behaviors = ['isolated', 'kept', 'removed'];

const isText = (value: unknown) => typeof value === 'string';
const isFlag = (value: unknown) => typeof value === 'boolean';
const isOneOf = (values: readonly string[]) => (value: unknown) => values.includes(value as string);

type Fields = Record<string, (value: unknown) => boolean>;
const normalizeFields: Record<NormalizeStep['type'], Fields> = {
  unicode: { form: isOneOf(forms) },
  lowercase: {},
  strip: { left: isFlag, right: isFlag },
  prepend: { text: isText },
  replace: { from: (value) => isText(value) && value !== '', to: isText },
  collapse: { to: isText },
  precompiled: {},
  sentencepiece: { prefix: isFlag, suffix: isFlag, trim: isFlag },
};
const splitFields: Record<SplitStep['type'], Fields> = {
  pattern: { pattern: (value) => knownPatterns.has(value as string), behavior: isOneOf(behaviors) },
  prefix: { first: isFlag },
  unescape: {},
  spaces: {},
  runs: {},
};

export const writePipeline = (pipeline: Pipeline): string => JSON.stringify(pipeline);

/**
 * Patterns must be known ones: an expression out of a file could take forever.
 * @throws TokenizerError INVALID_TOKENIZER
 */
export function readPipeline(json: string): Pipeline {
  if (json === '') return { normalize: [], split: [] };
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw invalidTokenizer(`its steps are no JSON (${(cause as Error).message})`);
  }
  const { normalize, split } = (value ?? {}) as { normalize?: unknown; split?: unknown };
  return {
    normalize: steps<NormalizeStep>('normalize', normalize, normalizeFields),
    split: steps<SplitStep>('split', split, splitFields),
  };
}

function steps<Step extends { type: string }>(name: string, value: unknown, known: Record<string, Fields>): Step[] {
  if (!Array.isArray(value) || value.length > maxSteps)
    throw invalidTokenizer(`its steps to ${name} are no short list`);
  for (const step of value) {
    const type = (step as { type?: unknown } | null)?.type;
    const fields = typeof type === 'string' && Object.hasOwn(known, type) ? known[type] : undefined;
    const sound =
      fields !== undefined && Object.entries(fields).every(([field, check]) => check((step as never)[field as never]));
    if (!sound) throw invalidTokenizer(`a step to ${name} is not known: ${JSON.stringify(step).slice(0, 100)}`);
  }
  return value as Step[];
}
