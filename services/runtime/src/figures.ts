// What a request cost, summed over its steps: for its result, its spans and the node's measurements.
import type { StepFigures } from './scheduler.ts';

export class Figures {
  readonly prefill = noSteps();
  readonly decode = noSteps();
  generatedTokens = 0;
  timeToFirstTokenMs = 0;
  readonly #begunAt = performance.now();

  /** `again`: the prompt was read once more after a change of plans, which is no pass of decoding. */
  addToken(step: StepFigures, again: boolean): void {
    if (this.generatedTokens++ === 0) this.timeToFirstTokenMs = performance.now() - this.#begunAt;
    add(this.generatedTokens === 1 || again ? this.prefill : this.decode, step);
  }

  sum(field: keyof StepFigures): number {
    return this.prefill[field] + this.decode[field];
  }

  get computeMs(): number {
    return this.sum('wallMs') - this.sum('stallMs');
  }

  /** Mean decode pass. */
  get passMs(): number {
    return this.decode.passes > 0 ? this.decode.wallMs / this.decode.passes : 0;
  }
}

export const tokensPerSecond = ({ tokens, wallMs }: StepFigures): number => (wallMs > 0 ? (1000 * tokens) / wallMs : 0);

/** For spans. */
export const stepAttributes = (step: StepFigures) => ({
  'flash_slim.passes': step.passes,
  'flash_slim.tokens': step.tokens,
  'flash_slim.pass_ms': step.wallMs,
  'flash_slim.read_ms': step.ioBusyMs,
  'flash_slim.stall_ms': step.stallMs,
  'flash_slim.compute_ms': step.wallMs - step.stallMs,
  'flash_slim.bytes_read': step.bytesRead,
});

export const noSteps = (): StepFigures => ({
  passes: 0,
  tokens: 0,
  wallMs: 0,
  stallMs: 0,
  ioBusyMs: 0,
  bytesRead: 0,
});

export function add(sum: StepFigures, step: StepFigures): void {
  for (const field of Object.keys(sum) as (keyof StepFigures)[]) sum[field] += step[field];
}
