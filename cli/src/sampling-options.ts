// How the next token is drawn, as `generate`, `chat` and `ask` take it.
import type { SamplerOptions } from '@flash-slim/engine';
import type { Command } from 'commander';
import { integer, number } from './options.ts';

export interface SamplingFlags {
  maxDecodeSteps: number;
  temperature: number;
  topK: number;
  topP: number;
  minP: number;
  repetitionPenalty: number;
  seed?: number;
}

export function samplingOptions(command: Command, { leastSteps = 0 } = {}): void {
  command
    .option('--max-decode-steps <n>', 'most tokens to generate', integer(leastSteps), 256)
    .option('--temperature <t>', '0 takes the likeliest token always', number(0, 100), 0.8)
    .option('--top-k <k>', 'draw among the k likeliest; 0: off', integer(0), 40)
    .option('--top-p <p>', 'draw among the likeliest that make up p; 1: off', number(0, 1), 0.9)
    .option('--min-p <p>', 'draw among tokens at least p times as likely as the likeliest; 0: off', number(0, 1), 0)
    .option('--repetition-penalty <r>', 'above 1 makes recent tokens less likely', number(0.01, 100), 1)
    .option('--seed <n>', 'the same seed gives the same text (default: random)', integer(0));
}

export const samplingOf = (flags: SamplingFlags): SamplerOptions => ({
  temperature: flags.temperature,
  topK: flags.topK,
  topP: flags.topP,
  minP: flags.minP,
  repetitionPenalty: flags.repetitionPenalty,
  seed: flags.seed ?? Math.floor(Math.random() * 2 ** 32),
});
