// The two programs that are compared, as steps; and their figures read back.
import type { ModelName } from '../scenarios.ts';
import { deviceProfilePath, flashSlim, type Setting } from './setting.ts';
import type { Outcome, Step } from './step.ts';

export interface GenerateFigures {
  prompt_tokens: number;
  generated_tokens: number;
  prefill_tokens_per_second: number;
  decode_tokens_per_second: number;
  peak_memory_bytes: number;
  baseline_bytes: number;
  resident_bytes: number;
  streamed_bytes_per_pass: number;
  kernel: string;
  reader: string;
  plan: { measured_pass_ms: number; predicted_pass_ms: number };
}

export function generateStep(
  setting: Setting,
  model: ModelName,
  options: { key: string; args: string[]; json?: boolean } & Pick<Step, 'limitBytes' | 'dropPageCache'>,
): Step {
  const { key, args, json, ...conditions } = options;
  const common = ['--model', setting.models[model].path, '--device', deviceProfilePath(setting.directory)];
  const reproducible = ['--num-threads', String(setting.threads), '--temperature', '0', '--ignore-eos'];
  return {
    key,
    program: flashSlim,
    args: ['generate', ...common, ...reproducible, ...args, json === false ? '--quiet' : '--json'],
    timeoutMs: 120_000,
    ...conditions,
  };
}

/** One prompt's figures, or the last one's of several. */
export function generateFigures(outcome: Outcome): GenerateFigures {
  const result = JSON.parse(outcome.stdout) as GenerateFigures | { results: GenerateFigures[] };
  return 'results' in result ? (result.results.at(-1) as GenerateFigures) : result;
}

export function llamaBenchStep(
  setting: Setting & { llamaBench: string },
  model: ModelName,
  options: { key: string; promptTokens: number; decodeTokens: number; repack: boolean } & Partial<Step>,
): Step {
  const { key, promptTokens, decodeTokens, repack, ...conditions } = options;
  const size = ['-p', String(promptTokens), '-n', String(decodeTokens), '-t', String(setting.threads), '-r', '1'];
  // Repacked weights are a copy in anonymous memory; only the plain ones are paged from the file.
  const weights = repack ? [] : ['--repack', '0', '-lm', 'mmap'];
  return {
    key,
    program: setting.llamaBench,
    args: ['-m', setting.models[model].path, ...size, ...weights, '-o', 'json'],
    timeoutMs: 180_000,
    ...conditions,
  };
}

export interface LlamaBenchFigures {
  build: string;
  prefill: number | null;
  decode: number | null;
}

export function llamaBenchFigures(outcome: Outcome): LlamaBenchFigures {
  type Row = { build_commit: string; n_prompt: number; n_gen: number; avg_ts: number };
  const rows = JSON.parse(outcome.stdout) as Row[];
  return {
    build: rows[0]?.build_commit ?? 'unknown',
    prefill: rows.find((row) => row.n_gen === 0)?.avg_ts ?? null,
    decode: rows.find((row) => row.n_prompt === 0)?.avg_ts ?? null,
  };
}

/** Median of what the repetitions of one measurement gave; the first failure where all of them failed. */
export interface Measured {
  median: number | null;
  samples: number[];
  failure: string | null;
}

export function measured(outcomes: Outcome[], key: string, figure: (outcome: Outcome) => number | null): Measured {
  const own = outcomes.filter((outcome) => outcome.key === key);
  const samples = own
    .filter((outcome) => outcome.failure === null)
    .map(figure)
    .filter((value) => value !== null);
  return {
    median: median(samples),
    samples,
    failure: own.find((outcome) => outcome.failure !== null)?.failure ?? null,
  };
}

export function median(values: number[]): number | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

export const ratio = (a: number | null, b: number | null): number | null => (a === null || b === null ? null : a / b);
