// What a compiled tokenizer must fulfil before it is used: offsets rise and end where they must, every token named is below
// the vocabulary's size. What passes cannot lead to a read outside it, whatever it contains.
import { packed } from './byte-strings.ts';
import { TokenizerError } from './error.ts';
import { maxMerges, maxSpecialTokenBytes, type TokenizerTables } from './format.ts';

const none = 0xffffffff;

/** @throws TokenizerError CORRUPT_TOKENIZER */
export function checkTables(tables: TokenizerTables): void {
  const vocabulary = tables.types.length;
  checkRising('token texts', tables.textStart, tables.text.length);
  checkRising('merges', tables.mergeStart, tables.mergeRight.length);
  for (const name of ['mergeRight', 'mergeResult', 'specials', 'endOfGeneration', 'byText'] as const) {
    checkBelow(name, tables[name], vocabulary);
  }
  checkBelow(
    'byteTokens',
    tables.byteTokens.filter((id) => id !== none),
    vocabulary,
  );
  checkBelow('mergeRank', tables.mergeRank, maxMerges);
  const { bos, eos, eot, eom, unk, pad } = tables;
  checkBelow('the header', Uint32Array.of(bos ?? 0, eos ?? 0, eot ?? 0, eom ?? 0, unk ?? 0, pad ?? 0), vocabulary);
  if (tables.scores.length !== (tables.kind === 'unigram' ? vocabulary : 0)) {
    throw corrupt(`${vocabulary} tokens of kind ${tables.kind} have ${tables.scores.length} scores`);
  }
  for (let id = 0; id < tables.scores.length; id++) {
    if (!Number.isFinite(tables.scores[id])) throw corrupt(`token ${id} has the score ${tables.scores[id]}`);
  }
}

export function checkSpecials({ specials, specialStart, specialText, specialRules }: TokenizerTables): void {
  if (specialStart.length !== specials.length + 1) {
    throw corrupt(`${specials.length} special tokens have ${specialStart.length - 1} texts`);
  }
  checkRising('special tokens', specialStart, specialText.length);
  for (let index = 0; index < specials.length; index++) {
    const length = (specialStart[index + 1] as number) - (specialStart[index] as number);
    if (length === 0 || length > maxSpecialTokenBytes) {
      throw corrupt(`special token ${specials[index]} has ${length} bytes`);
    }
    if ((specialRules[index] as number) > 31) throw corrupt(`special token ${specials[index]} has unknown rules`);
  }
}

/** The texts that version 1 left to the tokens themselves. */
export function specialsByOwnText({ specials, textStart, text }: TokenizerTables) {
  let bytes = 0;
  for (const id of specials) bytes += (textStart[id + 1] as number) - (textStart[id] as number);
  if (bytes > text.length) throw corrupt(`special tokens have ${bytes} bytes of ${text.length}`);
  const own = Array.from(specials, (id) => text.subarray(textStart[id], textStart[id + 1]));
  const { starts, text: specialText } = packed(own);
  return { specialStart: starts, specialText, specialRules: new Uint8Array(specials.length) };
}

// Index loops in these two: they run once, uncompiled, over hundreds of thousands of values, and for...of takes ten
// times as long then.
function checkRising(name: string, starts: Uint32Array, end: number): void {
  let previous = 0;
  for (let i = 0; i < starts.length; i++) {
    const start = starts[i] as number;
    if (start < previous || start > end) throw corrupt(`its ${name} start at ${start} after ${previous}, of ${end}`);
    previous = start;
  }
  if (starts[0] !== 0 || previous !== end) throw corrupt(`its ${name} run from ${starts[0]} to ${previous}, of ${end}`);
}

function checkBelow(name: string, values: Uint32Array, limit: number): void {
  for (let i = 0; i < values.length; i++) {
    if ((values[i] as number) >= limit) throw corrupt(`${name} has ${values[i]}, which must be below ${limit}`);
  }
}

export function hex(value: number): string {
  return value.toString(16).padStart(8, '0');
}

export function corrupt(what: string): TokenizerError {
  return new TokenizerError(
    'CORRUPT_TOKENIZER',
    `The compiled tokenizer cannot be used: ${what}. Import the model again.`,
  );
}
