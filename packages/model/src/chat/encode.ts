import type { Tokenizer } from '../tokenizer/tokenizer.ts';

/**
 * The tokens of a rendered conversation. Control tokens are parsed in all of it, as llama.cpp does: a template is one
 * text, and nothing tells its own "<|im_end|>" from one that a user typed. Who serves untrusted users has to refuse or
 * rewrite such messages before rendering them. The beginning-of-text token comes first if the model wants it and the
 * template has not written it already.
 */
export function encodeChat(tokenizer: Tokenizer, rendered: string): Int32Array {
  const ids = tokenizer.encode(rendered, { addBos: false, parseSpecial: true });
  if (!tokenizer.addBos || tokenizer.bosId === null || ids[0] === tokenizer.bosId) return ids;
  return tokenizer.encode(rendered, { addBos: true, parseSpecial: true });
}
