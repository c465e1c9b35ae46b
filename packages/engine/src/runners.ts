// Prefill and decode of one sequence, in the design's terms.
import type { AdapterUse, Engine } from './engine.ts';
import { EngineError } from './error.ts';

/**
 * Runs a prompt through the model in passes of as many tokens as the plan has room for, and draws the first token. The
 * output head runs only for the last of them. Throws PROMPT_EMPTY, PROMPT_TOO_LONG.
 */
export function getPrefillRunner(
  engine: Engine,
  sequence: number,
  sampler: number,
  signal?: AbortSignal,
  adapters: readonly AdapterUse[] = [],
) {
  return async (prompt: ArrayLike<number>, onProgress?: (tokens: number) => void): Promise<number> => {
    const { context_length: contextLength, max_tokens_per_pass: most } = engine.plan.metadata;
    if (prompt.length === 0) throw new EngineError('PROMPT_EMPTY', 'the prompt has no tokens; give --prompt some text');
    if (prompt.length >= contextLength)
      throw new EngineError(
        'PROMPT_TOO_LONG',
        `the prompt has ${prompt.length} tokens and the context room for ${contextLength}, one of them for the answer; ` +
          'shorten it or raise --context-length',
      );
    const tokens = Int32Array.from(prompt);
    for (let begin = 0; ; begin += most) {
      const end = Math.min(begin + most, tokens.length);
      const last = end === tokens.length;
      const parts = [{ sequence, tokens: tokens.subarray(begin, end), adapters }];
      const { sampled } = await engine.pass(parts, last ? [end - begin - 1] : [], last ? [sampler] : [], false, signal);
      onProgress?.(end);
      if (last) return sampled[0] as number;
    }
  };
}

/** From a token to the next. */
export function getDecodeRunner(
  engine: Engine,
  sequence: number,
  sampler: number,
  signal?: AbortSignal,
  adapters: readonly AdapterUse[] = [],
) {
  return async (token: number): Promise<number> => {
    const { sampled } = await engine.pass([{ sequence, tokens: [token], adapters }], [0], [sampler], false, signal);
    return sampled[0] as number;
  };
}
