// Which tokens end a generation. GGUF files name at most eos, eot and eom, often wrongly or not at all, so the tokens'
// texts decide as well: the texts listed here are those llama.cpp (llama-vocab.cpp) goes by.
import { tokenType } from './format.ts';

/** End of a turn, most telling first: where the file names no eot token, the first of these that exists is it. */
const endOfTurn = [
  '<|eot_id|>',
  '<|im_end|>',
  '<|end|>',
  '<end_of_turn>',
  '<|endoftext|>',
  '<|end_of_text|>',
  '<EOT>',
  '_<EOT>',
  '[EOT]',
  '<｜end▁of▁sentence｜>',
  '<end_of_utterance>',
];
const endOfMessage = '<|eom_id|>';
const otherEnds = [
  '<|return|>',
  '<|call|>',
  '<|flush|>',
  '<|calls|>',
  '</s>',
  '[EOS]',
  '<eos>',
  '<turn|>',
  '<|tool_response>',
  '[e~[',
];
/** Padding and separators of code models (fill in the middle): a model that writes one has finished. */
const fillInTheMiddle = [
  ['<|fim_pad|>', '<fim-pad>', '<fim_pad>', '<PAD>', '[PAD]'],
  ['<|fim_repo|>', '<|repo_name|>', '<fim-repo>', '<REPO>', '<reponame>'],
  ['<|file_sep|>'],
];
/** Channel marks of gpt-oss: shown, never ends. */
const alwaysShown = ['<|channel|>', '<|message|>', '<|start|>', '<|constrain|>'];

export interface NamedTokens {
  eos: number | null;
  eot: number | null;
  eom: number | null;
  fimPad: number | null;
  fimRep: number | null;
  fimSep: number | null;
}

/**
 * @param types of each token; those that end a generation become control tokens here
 * @returns eot and eom, found by text where the file names none, and all ends, ascending
 */
export function endOfGenerationTokens(
  named: NamedTokens,
  types: Uint8Array,
  idOf: (text: string) => number | undefined,
): { eot: number | null; eom: number | null; ends: number[] } {
  const firstOf = (texts: readonly string[]) => texts.map(idOf).find((id) => id !== undefined) ?? null;
  const eot = named.eot ?? firstOf(endOfTurn);
  const eom = named.eom ?? firstOf([endOfMessage]);
  const ends = new Set<number>();
  const add = (id: number | null | undefined) => {
    if (id === null || id === undefined) return;
    ends.add(id);
    types[id] = tokenType.control;
  };
  for (const text of [...endOfTurn, endOfMessage, ...otherEnds]) add(idOf(text));
  for (const id of [named.eos, eot, eom]) if (id !== null) ends.add(id);
  const [pads = [], repositories = [], separators = []] = fillInTheMiddle;
  add(named.fimPad ?? firstOf(pads));
  add(named.fimRep ?? firstOf(repositories));
  add(named.fimSep ?? firstOf(separators));

  for (const text of alwaysShown) {
    const id = idOf(text);
    if (id !== undefined) types[id] = tokenType.userDefined;
  }
  // Where "<|return|>" or "<|flush|>" ends the answer, "<|end|>" only ends a part of it.
  const has = (text: string) => ends.has(idOf(text) ?? -1);
  const end = idOf('<|end|>');
  if (end !== undefined && (has('<|call|>') || has('<|calls|>')) && (has('<|return|>') || has('<|flush|>'))) {
    ends.delete(end);
    types[end] = tokenType.userDefined;
  }
  const markup = idOf('</s>');
  if (markup !== undefined && (has('<|tool_response>') || has('<|plamo:eos|>'))) {
    ends.delete(markup);
    types[markup] = tokenType.normal;
  }
  return { eot, eom, ends: [...ends].sort((a, b) => a - b) };
}
