// Everything resident, against llama.cpp as it comes (weights repacked at load) and without repacking.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  generateFigures,
  generateStep,
  type LlamaBenchFigures,
  llamaBenchFigures,
  llamaBenchStep,
  type Measured,
  measured,
  ratio,
} from '../harness/programs.ts';
import type { Setting } from '../harness/setting.ts';
import type { Outcome, Step } from '../harness/step.ts';
import { inMemory, type ModelName, models } from '../scenarios.ts';
import { number, present, type Section, table, verdict } from './section.ts';

interface Row {
  model: ModelName;
  decode: Measured;
  prefill: Measured;
  prompt_tokens: number | null;
  kernel: string | null;
  peer: Record<'repacked' | 'plain', { decode: Measured; prefill: Measured }>;
  peer_build: string | null;
}

const names = Object.keys(inMemory.models) as (keyof typeof inMemory.models)[];

export const inMemorySection: Section<Row[]> = {
  name: 'in-memory',
  title: 'In memory',
  steps: (setting) => ({
    steps: names.flatMap((model) => modelSteps(setting, model)),
    skipped: present(setting.why.noLlamaBench),
  }),
  summarize: (_setting, outcomes) => names.map((model) => summarizeModel(outcomes, model)),
  document: (rows) => [
    `Warm: all weights are in memory before the clock starts. Tokens per second; ${inMemory.decodeTokens} tokens decoded, a ` +
      `prompt of ${inMemory.promptTokens} prefilled; the same for both programs.`,
    '',
    ...table(
      [
        'model',
        'what',
        'flash-slim',
        'llama.cpp repacked',
        'not repacked',
        'ratio to repacked',
        'ratio to not repacked',
      ],
      rows.flatMap(documentRows),
    ),
    ...rows.flatMap((row) =>
      present(
        row.decode.failure,
        row.prefill.failure,
        row.peer.repacked.decode.failure,
        row.peer.plain.decode.failure,
      ).map((failure) => `\n${models[row.model].title}: ${failure}`),
    ),
  ],
};

function modelSteps(setting: Setting, model: ModelName): Step[] {
  const { decodeTokens, promptTokens, contextLength } = inMemory;
  const common = ['--weight-streaming', 'off', '--context-length', String(contextLength)];
  // One token is a pass of decode's kind, so that decode's figure holds nothing else.
  const decode = ['--prompt', 'The', '--max-decode-steps', String(decodeTokens + 1)];
  const prefill = ['--prompt-file', promptFile(setting, promptTokens), '--max-decode-steps', '1'];
  const steps = [
    generateStep(setting, model, { key: `${model} decode`, args: [...common, ...decode] }),
    generateStep(setting, model, { key: `${model} prefill`, args: [...common, ...prefill] }),
  ];
  const { llamaBench } = setting;
  if (llamaBench !== null)
    for (const repack of [true, false])
      steps.push(
        llamaBenchStep({ ...setting, llamaBench }, model, {
          key: peerKey(model, repack),
          promptTokens,
          decodeTokens,
          repack,
        }),
      );
  return steps;
}

const peerKey = (model: ModelName, repack: boolean): string => `${model} llama.cpp ${repack ? 'repacked' : 'plain'}`;

/** The same prompt twice: the second finds everything touched already, as llama-bench's warm-up run does. */
function promptFile(setting: Setting, tokens: number): string {
  const path = join(setting.directory, `prompt-${tokens}.json`);
  const prompt = Array<string>(tokens).fill('the').join(' ');
  writeFileSync(path, JSON.stringify([prompt, prompt]));
  return path;
}

function summarizeModel(outcomes: Outcome[], model: ModelName): Row {
  const good = outcomes.filter((outcome) => outcome.failure === null);
  const prefill = good.find((outcome) => outcome.key === `${model} prefill`);
  const peerRun = good.find((outcome) => outcome.key === peerKey(model, true));
  const figures = prefill === undefined ? null : generateFigures(prefill);
  const peer = (repack: boolean, figure: 'decode' | 'prefill') =>
    measured(outcomes, peerKey(model, repack), (outcome) => llamaBenchFigures(outcome)[figure]);
  const peerOf = (repack: boolean) => ({ decode: peer(repack, 'decode'), prefill: peer(repack, 'prefill') });
  const build: LlamaBenchFigures | null = peerRun === undefined ? null : llamaBenchFigures(peerRun);
  return {
    model,
    decode: measured(outcomes, `${model} decode`, (o) => generateFigures(o).decode_tokens_per_second),
    prefill: measured(outcomes, `${model} prefill`, (o) => generateFigures(o).prefill_tokens_per_second),
    prompt_tokens: figures?.prompt_tokens ?? null,
    kernel: figures?.kernel ?? null,
    peer: { repacked: peerOf(true), plain: peerOf(false) },
    peer_build: build?.build ?? null,
  };
}

function documentRows(row: Row): string[][] {
  const wanted = inMemory.models[row.model];
  const cells = (what: 'decode' | 'prefill', atLeast: number, atLeastPlain: number) => {
    const { repacked, plain } = row.peer;
    return [
      models[row.model].title,
      what === 'decode' ? what : `prefill (${row.prompt_tokens ?? inMemory.promptTokens} tokens)`,
      number(row[what].median),
      number(repacked[what].median),
      number(plain[what].median),
      verdict(ratio(row[what].median, repacked[what].median), atLeast, 'at least'),
      verdict(ratio(row[what].median, plain[what].median), atLeastPlain, 'at least'),
    ];
  };
  return [cells('decode', wanted.decode, wanted.decodePlain), cells('prefill', wanted.prefill, wanted.prefill)];
}
