// How many tokens one prefill pass takes. Chosen from model and device alone, never from the budget: with more budget the
// same plan only gets more residents, so that it is never slower.
import { activationsOf, computeMsOf, type Problem, passTimes } from './problem.ts';

const ladder = [16, 32, 64, 128, 256];
/** Activations may take this share of the weights' bytes: what they take, residents lack. */
const activationShare = 1 / 32;
/** Time per token may be this much above its limit for endless passes. */
const inefficiency = 1.05;

/** Numbers of tokens to plan for, best first; the later ones serve budgets that the first does not fit in. */
export function tokensPerPassChoices(problem: Problem): number[] {
  const { request, weightsBytes } = problem;
  if (request.maxTokensPerPass !== null) return [request.maxTokensPerPass];
  const least = Math.max(16, request.maxSequences);
  const choices = ladder.filter((tokens) => tokens > least && tokens < 2 * request.contextLength);
  choices.unshift(least);
  const affordable = choices.filter(
    (tokens, i) => i === 0 || activationsOf(problem, tokens) <= weightsBytes * activationShare,
  );
  const enough = affordable.findIndex((tokens) => isEnough(problem, tokens));
  return affordable.slice(0, enough === -1 ? undefined : enough + 1).reverse();
}

/** Computing takes as long as reading everything would, and a pass's fixed cost is spread thin. */
function isEnough(problem: Problem, tokens: number): boolean {
  const computeMs = computeMsOf(passTimes(problem, 'PREFILL', tokens));
  const perTokenMs = computeMsOf(passTimes(problem, 'PREFILL', tokens + 1)) - computeMs;
  const readMs = (problem.bodyBytes / problem.bestRate) * 1000;
  return computeMs >= readMs && computeMs <= inefficiency * perTokenMs * tokens;
}
