// From a GenerateRequest to tokens and sampling options, every field checked.
import type { SamplerOptions } from '@flash-slim/engine';
import type { ChatMessage, GenerateRequest } from '@flash-slim/proto';
import { invalidArgument, RpcError, Status } from '@flash-slim/rpc';
import type { Loaded } from './host.ts';

const usualTokens = 256;
const mostTokens = 1 << 24;

/** What can be said before there is a model. */
export function checkRequest(request: GenerateRequest): {
  maxTokens: number;
  sampling: SamplerOptions & { seed: number };
} {
  if (request.input === undefined) throw invalidArgument('input', 'give a prompt, prompt_tokens or chat');
  if (request.input.$case === 'chat' && request.input.value.messages.length === 0)
    throw invalidArgument('chat.messages', 'there are none');
  if (request.maxTokens > mostTokens)
    throw invalidArgument('max_tokens', `is ${request.maxTokens}, must be at most ${mostTokens}`);
  return { maxTokens: request.maxTokens || usualTokens, sampling: samplingOf(request) };
}

function samplingOf({ sampling }: GenerateRequest): SamplerOptions & { seed: number } {
  const bounded = (field: string, value: number | undefined, least: number, most: number, usual: number): number => {
    if (value === undefined) return usual;
    if (!(value >= least && value <= most))
      throw invalidArgument(`sampling.${field}`, `is ${value}, must be from ${least} to ${most}`);
    return value;
  };
  return {
    temperature: bounded('temperature', sampling?.temperature, 0, 100, 0.8),
    topK: bounded('top_k', sampling?.topK, 0, 2 ** 31 - 1, 40),
    topP: bounded('top_p', sampling?.topP, 0, 1, 0.9),
    minP: bounded('min_p', sampling?.minP, 0, 1, 0),
    repetitionPenalty: bounded('repetition_penalty', sampling?.repetitionPenalty, 0.01, 100, 1),
    seed: bounded('seed', sampling?.seed, 0, Number.MAX_SAFE_INTEGER, Math.floor(Math.random() * 2 ** 32)),
  };
}

export async function promptTokens({ input }: GenerateRequest, loaded: Loaded): Promise<ArrayLike<number>> {
  const { tokenizer } = loaded;
  switch (input?.$case) {
    case 'promptTokens': {
      const wrong = input.value.ids.find((id) => id >= tokenizer.vocabularySize);
      if (wrong !== undefined)
        throw invalidArgument(
          'prompt_tokens',
          `${wrong} is no token of this model: it has ${tokenizer.vocabularySize}`,
        );
      return input.value.ids;
    }
    case 'chat':
      return await chatTokens(loaded, input.value.messages);
    default:
      return tokenizer.encode(input?.value ?? '', { addBos: tokenizer.addBos, parseSpecial: true });
  }
}

async function chatTokens({ tokenizer, chatTemplate }: Loaded, messages: ChatMessage[]): Promise<ArrayLike<number>> {
  if (chatTemplate === null)
    throw new RpcError(
      Status.INVALID_ARGUMENT,
      'NO_CHAT_TEMPLATE',
      'this model has no chat template; give a prompt instead',
      'chat',
    );
  const { encodeConversation } = await import('@flash-slim/model/chat');
  return await encodeConversation(tokenizer, chatTemplate, messages);
}
