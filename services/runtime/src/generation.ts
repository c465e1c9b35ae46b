// One request, from its prompt to its last token. Between passes it gives way when the node wants to change what is loaded,
// and goes on with the same tokens in what is loaded then.
import { GenAIMetrics, type GenAIMetricsReport, generate, type SamplerOptions } from '@flash-slim/engine';
import { StreamDecoder, type Tokenizer } from '@flash-slim/model/tokenizer';
import { FinishReason, type GenerateRequest } from '@flash-slim/proto';
import { invalidArgument, RpcError, Status } from '@flash-slim/rpc';
import { openSpan, runWithin } from '@flash-slim/telemetry';
import type { Loaded } from './host.ts';
import { PassSpans } from './pass-spans.ts';

export interface GenerationOptions {
  request: GenerateRequest;
  signal: AbortSignal;
  /** What is loaded now, once nothing is about to change it. */
  current(): Promise<Loaded>;
  /** Whether something is. */
  wanted(): boolean;
}

export interface GenerationResult extends GenAIMetricsReport {
  loaded: Loaded;
  finish: FinishReason;
  seed: number;
}

export type GenerationEvent = { token: { id: number; text: string } } | { result: GenerationResult };

const defaultTokens = 256;

export async function* runGeneration(options: GenerationOptions): AsyncGenerator<GenerationEvent, void> {
  const { request, signal } = options;
  let loaded = await options.current();
  const prompt = await promptTokens(request, loaded);
  const sampling = samplingOf(request);
  const most = request.maxTokens || defaultTokens;
  const context = loaded.prefetchPlan.metadata.context_length;
  const decoder = new StreamDecoder(loaded.tokenizer);
  const isEnd = (token: number) => !request.ignoreEnd && loaded.tokenizer.endOfGeneration(token);
  const tokens = Array.from(prompt);
  let total: GenAIMetricsReport | null = null;
  let finish: FinishReason = FinishReason.LENGTH;
  let held: number | null = null;

  for (let begun = 0; ; begun = tokens.length - prompt.length) {
    const metrics = new GenAIMetrics(loaded.engine);
    const passes = new PassSpans(loaded.engine, request.traceChunks);
    const { span, within } = openSpan('prefill');
    let decoding: ReturnType<typeof openSpan> | null = null;
    const steps = generate(loaded.engine, {
      promptTokens: tokens,
      maxDecodeSteps: most - begun,
      sampling: { ...sampling, drawn: begun },
      isEnd,
      metrics,
    });
    let gaveWay = false;
    try {
      for (;;) {
        const step: IteratorResult<number, void> = await runWithin((decoding ?? { within }).within, () => steps.next());
        if (step.done) break;
        await runWithin((decoding ?? { within }).within, () => passes.onToken());
        if (decoding === null) {
          passes.describe(span, 'PREFILL');
          span.end();
          decoding = openSpan('decode');
        }
        const id: number = step.value;
        tokens.push(id);
        held = isEnd(id) ? id : null;
        if (held === null) yield { token: { id, text: decoder.push(id) } };
        signal.throwIfAborted();
        if (held === null && options.wanted() && tokens.length < context && tokens.length - prompt.length < most) {
          gaveWay = true;
          break;
        }
      }
    } finally {
      await steps.return();
      span.end();
      if (decoding !== null) {
        passes.describe(decoding.span, 'DECODE');
        decoding.span.end();
      }
    }
    total = sum(total, metrics.report());
    if (!gaveWay) break;
    loaded = await options.current();
  }
  const rest = decoder.end();
  if (held !== null) {
    finish = FinishReason.END;
    yield { token: { id: held, text: rest } };
  } else if (rest !== '') yield { token: { id: tokens.at(-1) as number, text: rest } };
  yield { result: { ...total, prompt_tokens: prompt.length, loaded, finish, seed: sampling.seed } };
}

async function promptTokens(
  { input }: GenerateRequest,
  { tokenizer, chatTemplate }: Loaded,
): Promise<ArrayLike<number>> {
  switch (input?.$case) {
    case 'prompt':
      return tokenizer.encode(input.value, { addBos: tokenizer.addBos, parseSpecial: true });
    case 'promptTokens': {
      const wrong = input.value.ids.find((id) => id >= tokenizer.vocabularySize);
      if (wrong !== undefined)
        throw invalidArgument(
          'prompt_tokens',
          `${wrong} is no token of this model, which has ${tokenizer.vocabularySize}`,
        );
      return input.value.ids;
    }
    case 'chat': {
      if (chatTemplate === null)
        throw new RpcError(
          Status.INVALID_ARGUMENT,
          'NO_CHAT_TEMPLATE',
          'this model has no chat template; give a prompt instead',
          'chat',
        );
      return encodeChatMessages(tokenizer, chatTemplate, input.value.messages);
    }
    default:
      throw invalidArgument('input', 'give a prompt, prompt_tokens, or chat');
  }
}

async function encodeChatMessages(
  tokenizer: Tokenizer,
  template: string,
  messages: { role: string; content: string }[],
) {
  if (messages.length === 0) throw invalidArgument('chat.messages', 'are none');
  const { encodeConversation } = await import('@flash-slim/model/chat');
  return encodeConversation(tokenizer, template, messages);
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
    seed: sampling?.seed ?? Math.floor(Math.random() * 2 ** 32),
  };
}

/** The figures of a generation that gave way: counts add up, rates are those of its longest part. */
function sum(before: GenAIMetricsReport | null, now: GenAIMetricsReport): GenAIMetricsReport {
  if (before === null) return now;
  const longer = now.generated_tokens > before.generated_tokens ? now : before;
  return {
    ...longer,
    generated_tokens: before.generated_tokens + now.generated_tokens,
    time_to_first_token_ms: before.time_to_first_token_ms,
    bytes_read: before.bytes_read + now.bytes_read,
    compute_ms: before.compute_ms + now.compute_ms,
    stall_ms: before.stall_ms + now.stall_ms,
    io_busy_ms: before.io_busy_ms + now.io_busy_ms,
  };
}
