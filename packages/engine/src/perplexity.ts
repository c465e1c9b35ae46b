// Perplexity as llama.cpp's tool counts it: the text in windows of `window` tokens, each starting with beginning-of-text,
// scored on its second half; every window has a fresh context.
import type { Engine } from './engine.ts';
import { EngineError } from './error.ts';

export interface PerplexityReport {
  perplexity: number;
  /** Of the perplexity, from the variance of the tokens' log-likelihoods. */
  standard_error: number;
  /** Tokens that were scored. */
  tokens: number;
}

export interface PerplexityOptions {
  /** The whole text, beginning-of-text first where the model wants one. */
  tokens: ArrayLike<number>;
  /** Replaces each window's first token; null leaves the text's own token there. */
  bosToken: number | null;
  window: number;
  onWindow?(done: number, total: number, soFar: number): void;
}

export async function perplexity(engine: Engine, options: PerplexityOptions): Promise<PerplexityReport> {
  const { window, bosToken } = options;
  const windows = Math.floor(options.tokens.length / window);
  if (options.tokens.length < 2 * window)
    throw new EngineError(
      'TEXT_TOO_SHORT',
      `the text has ${options.tokens.length} tokens; at least ${2 * window} are needed for windows of ${window}`,
    );
  const vocabulary = engine.cache.manifest.model.config.vocabularySize;
  const { max_tokens_per_pass: most, max_logit_rows: mostRows } = engine.plan.metadata;
  const step = Math.min(most, mostRows);
  const first = window >> 1;
  let sum = 0;
  let squares = 0;
  let count = 0;
  const sequence = await engine.allocateKvCache();
  try {
    for (let w = 0; w < windows; w++) {
      await engine.truncateSequence(sequence, 0);
      const ids = Int32Array.from({ length: window }, (_, i) => options.tokens[w * window + i] as number);
      if (bosToken !== null) ids[0] = bosToken;
      for (let begin = 0; begin < window; begin += step) {
        const end = Math.min(begin + step, window);
        // Position i predicts token i + 1; the window's last has nothing to predict.
        const scored: number[] = [];
        for (let i = Math.max(begin, first); i < Math.min(end, window - 1); i++) scored.push(i - begin);
        const { logits } = await engine.pass([{ sequence, tokens: ids.subarray(begin, end) }], scored, [], true);
        scored.forEach((row, r) => {
          const loss = -logLikelihood(
            logits.subarray(r * vocabulary, (r + 1) * vocabulary),
            ids[begin + row + 1] as number,
          );
          sum += loss;
          squares += loss * loss;
          count++;
        });
      }
      options.onWindow?.(w + 1, windows, Math.exp(sum / count));
    }
  } finally {
    await engine.freeSequence(sequence);
  }
  const mean = sum / count;
  const variance = Math.max(0, squares / count - mean * mean);
  return {
    perplexity: Math.exp(mean),
    standard_error: Math.exp(mean) * Math.sqrt(variance / Math.max(1, count - 1)),
    tokens: count,
  };
}

function logLikelihood(logits: Float32Array, token: number): number {
  let top = Number.NEGATIVE_INFINITY;
  for (const logit of logits) if (logit > top) top = logit;
  let total = 0;
  for (const logit of logits) total += Math.exp(logit - top);
  return (logits[token] as number) - top - Math.log(total);
}
