// Normalizers and pre-tokenizers of a tokenizer.json as the steps of a pipeline. Where the file turns spaces into U+2581,
// the steps do the reverse: vocabularies are compiled with spaces.
import type { NormalizeStep, Pipeline, SplitStep } from './pipeline.ts';
import { knownPattern, stepPatterns } from './pre-tokenizers.ts';
import { flag, invalid, type Json, type JsonObject, list, object, text, unsupported } from './tokenizer-json-values.ts';

const escaped = '\u2581';

export interface Steps extends Pipeline {
  /** Words become bytes in GPT-2's alphabet. */
  byteLevel: boolean;
  charsmap: Uint8Array;
  /** Whether a space is put in front of texts that decoding takes away. */
  prefix: boolean;
}

/** @throws TokenizerError UNSUPPORTED_TOKENIZER, INVALID_TOKENIZER */
export function readSteps(normalizer: Json, preTokenizer: Json): Steps {
  const steps: Steps = { normalize: [], split: [], byteLevel: false, charsmap: new Uint8Array(), prefix: false };
  for (const step of flattened('normalizer', normalizer, 'normalizers')) addNormalizer(steps, step);
  const noSpaces = steps.normalize.some((step) => step.type === 'replace' && step.from === escaped);
  for (const step of flattened('pre_tokenizer', preTokenizer, 'pretokenizers')) addSplit(steps, step, noSpaces);
  return steps;
}

function flattened(where: string, step: Json, parts: string): JsonObject[] {
  if (step === null) return [];
  const one = object(where, step);
  if (one.type !== 'Sequence') return [one];
  return list(`${where}.${parts}`, one[parts]).flatMap((part) => flattened(where, part, parts));
}

function addNormalizer(steps: Steps, step: JsonObject): void {
  const type = text('normalizer.type', step.type);
  const add = (added: NormalizeStep) => steps.normalize.push(added);
  switch (type) {
    case 'NFC':
    case 'NFD':
    case 'NFKC':
    case 'NFKD':
      add({ type: 'unicode', form: type });
      return;
    case 'Lowercase':
      add({ type: 'lowercase' });
      return;
    case 'Strip':
      add({
        type: 'strip',
        left: flag('normalizer.strip_left', step.strip_left),
        right: flag('normalizer.strip_right', step.strip_right),
      });
      return;
    case 'Prepend': {
      const prepended = text('normalizer.prepend', step.prepend);
      if (prepended === escaped) steps.prefix = true;
      add({ type: 'prepend', text: prepended.replaceAll(escaped, ' ') });
      return;
    }
    case 'Replace':
      addReplacement(steps, object('normalizer.pattern', step.pattern), text('normalizer.content', step.content));
      return;
    case 'Precompiled': {
      if (steps.charsmap.length > 0) throw unsupported('it has two precompiled normalizers');
      steps.charsmap = Buffer.from(text('normalizer.precompiled_charsmap', step.precompiled_charsmap), 'base64');
      if (steps.charsmap.length > 0) add({ type: 'precompiled' });
      return;
    }
    default:
      throw unsupported(`it has a normalizer of type "${type}"`);
  }
}

function addReplacement(steps: Steps, pattern: JsonObject, content: string): void {
  if (typeof pattern.String === 'string' && pattern.String !== '') {
    // Its reverse, as vocabularies are compiled with spaces.
    if (pattern.String === ' ' && content === escaped) {
      steps.normalize.push({ type: 'replace', from: escaped, to: ' ' });
      return;
    }
    if (!`${pattern.String}${content}`.includes(' ') && !`${pattern.String}${content}`.includes(escaped)) {
      steps.normalize.push({ type: 'replace', from: pattern.String, to: content });
      return;
    }
  }
  // T5's, in front of a Metaspace.
  if (pattern.Regex === ' {2,}' && (content === escaped || content === ' ')) {
    steps.normalize.push({ type: 'collapse', to: ' ' });
    return;
  }
  throw unsupported(`it replaces ${JSON.stringify(pattern)} by ${JSON.stringify(content)}`);
}

/** @param noSpaces whether the normalizer has left none, for the file's own steps */
function addSplit(steps: Steps, step: JsonObject, noSpaces: boolean): void {
  const type = text('pre_tokenizer.type', step.type);
  const add = (added: SplitStep) => steps.split.push(added);
  const pattern = (name: keyof typeof stepPatterns, behavior: 'isolated' | 'removed' = 'isolated') => {
    // Patterns would see spaces where the file's own see U+2581.
    if (noSpaces) throw unsupported(`it cuts text by ${type} after spaces have become U+2581`);
    add({ type: 'pattern', pattern: stepPatterns[name], behavior });
  };
  if (steps.byteLevel) throw unsupported(`it cuts text by ${type} after it has become bytes`);
  switch (type) {
    case 'ByteLevel':
      if (flag('pre_tokenizer.add_prefix_space', step.add_prefix_space ?? true)) {
        // Decoding leaves it, as the original does.
        add({ type: 'prefix', first: false });
      }
      if (flag('pre_tokenizer.use_regex', step.use_regex ?? true)) pattern('gpt2');
      steps.byteLevel = true;
      return;
    case 'Digits':
      pattern(flag('pre_tokenizer.individual_digits', step.individual_digits ?? false) ? 'number' : 'numbers');
      return;
    case 'Punctuation': {
      const behavior = text('pre_tokenizer.behavior', step.behavior ?? 'Isolated');
      if (behavior !== 'Isolated' && behavior !== 'Contiguous') throw unsupported(`its punctuation is ${behavior}`);
      pattern(behavior === 'Isolated' ? 'punctuation' : 'punctuations');
      return;
    }
    case 'WhitespaceSplit':
      pattern('whiteSpace', 'removed');
      return;
    case 'Metaspace':
      addMetaspace(steps, step);
      return;
    case 'Split':
      addPattern(steps, step, noSpaces);
      return;
    default:
      throw unsupported(`it has a pre-tokenizer of type "${type}"`);
  }
}

function addMetaspace(steps: Steps, step: JsonObject): void {
  const replacement = text('pre_tokenizer.replacement', step.replacement ?? escaped);
  if (replacement !== escaped) throw unsupported(`its Metaspace writes spaces as "${replacement}"`);
  const otherwise = step.add_prefix_space === false ? 'never' : 'always';
  const scheme = text('pre_tokenizer.prepend_scheme', step.prepend_scheme ?? otherwise);
  if (!['always', 'first', 'never'].includes(scheme)) throw invalid(`pre_tokenizer.prepend_scheme is "${scheme}"`);
  steps.split.push({ type: 'unescape' });
  if (scheme !== 'never') {
    steps.split.push({ type: 'prefix', first: scheme === 'first' });
    steps.prefix = true;
  }
  if (flag('pre_tokenizer.split', step.split ?? true)) steps.split.push({ type: 'spaces' });
}

function addPattern(steps: Steps, step: JsonObject, noSpaces: boolean): void {
  const { Regex: regex, String: literal } = object('pre_tokenizer.pattern', step.pattern);
  // Gemma's: after the normalizer there are none.
  if (literal === ' ' && noSpaces) return;
  const behavior = text('pre_tokenizer.behavior', step.behavior);
  const invert = flag('pre_tokenizer.invert', step.invert ?? false);
  const known = typeof regex === 'string' && !noSpaces ? knownPattern(regex) : null;
  if (known === null) throw unsupported(`it cuts text at ${JSON.stringify(regex ?? literal ?? null).slice(0, 200)}`);
  if (behavior === 'Isolated') steps.split.push({ type: 'pattern', pattern: known, behavior: 'isolated' });
  else if (behavior === 'Removed') {
    steps.split.push({ type: 'pattern', pattern: known, behavior: invert ? 'kept' : 'removed' });
  } else throw unsupported(`it cuts text at a pattern with the behavior "${behavior}"`);
}
