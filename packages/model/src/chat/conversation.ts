import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import { encodeChat } from './encode.ts';
import { type ChatMessage, renderChat } from './render.ts';

/** A conversation that the model is to answer, in its own template, as tokens. Throws ChatTemplateError. */
export async function encodeConversation(
  tokenizer: Tokenizer,
  template: string,
  messages: readonly ChatMessage[],
): Promise<Int32Array> {
  const special = (id: number | null) => (id === null ? '' : tokenizer.decode([id], { skipSpecial: false }));
  const rendered = await renderChat(template, messages, {
    addGenerationPrompt: true,
    bosToken: special(tokenizer.bosId),
    eosToken: special(tokenizer.eosId),
  });
  return encodeChat(tokenizer, rendered);
}
