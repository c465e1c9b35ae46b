// A model larger than its memory limit, against llama.cpp with the file mapped: demand paging by the kernel.
import {
  generateFigures,
  generateStep,
  llamaBenchFigures,
  llamaBenchStep,
  type Measured,
  measured,
  ratio,
} from '../harness/programs.ts';
import type { Setting } from '../harness/setting.ts';
import type { Outcome, Step } from '../harness/step.ts';
import { models, underLimits } from '../scenarios.ts';
import { number, present, type Section, table, verdict } from './section.ts';

interface Row {
  percent: number;
  limit_bytes: number;
  decode: Measured;
  resident_bytes: number | null;
  /** As the memory cgroup saw it. */
  peak_bytes: number | null;
  peer: { readahead_kb: number; decode: Measured }[];
}

const { model, limits, contextLength, decodeTokens, peerDecodeTokens, peerReadaheadKb } = underLimits;
const ownKey = (percent: number): string => `${percent}% flash-slim`;
const peerKey = (percent: number, kb: number): string => `${percent}% llama.cpp mmap, readahead ${kb} KB`;

export const limitBytesOf = (setting: Setting, percent: number): number =>
  Math.floor((setting.models[model].bytes * percent) / 100 / 4096) * 4096;

export const underLimitsSection: Section<Row[]> = {
  name: 'under-limits',
  title: 'Under memory limits',
  steps: (setting) => {
    const { noCgroup, noLlamaBench, noReadahead, noDrop } = setting.why;
    if (noCgroup !== null) return { steps: null, skipped: [noCgroup] };
    return {
      steps: limits.flatMap(({ percent }) => limitSteps(setting, percent)),
      skipped: present(noLlamaBench, noReadahead, noDrop),
    };
  },
  summarize: (setting, outcomes) => limits.map(({ percent }) => summarizeLimit(setting, outcomes, percent)),
  document: (rows) => [
    `${models[model].title}, each program alone in a memory cgroup of the limit (a share of the model file's size), which ` +
      'counts everything it holds, page cache included. Cold: the page cache is dropped before every run. Tokens per ' +
      `second over ${decodeTokens} tokens, ${peerDecodeTokens} of llama.cpp's (after one for warm-up).`,
    '',
    ...table(
      [
        'limit',
        'flash-slim',
        'resident MB',
        'peak MB',
        ...peerReadaheadKb.map((kb) => `llama.cpp mmap, readahead ${kb} KB`),
        'ratio to the better',
      ],
      rows.map(documentRow),
    ),
    ...rows.flatMap((row) =>
      present(row.decode.failure, ...row.peer.map((peer) => peer.decode.failure)).map(
        (failure) => `\nat ${row.percent}%: ${failure}`,
      ),
    ),
  ],
};

function limitSteps(setting: Setting, percent: number): Step[] {
  const { llamaBench } = setting;
  const conditions = { limitBytes: limitBytesOf(setting, percent), dropPageCache: setting.why.noDrop === null };
  const generation = ['--prompt', 'The', '--max-decode-steps', String(decodeTokens)];
  const budget = ['--memory-budget', `${conditions.limitBytes}`, '--context-length', String(contextLength)];
  const steps = [
    generateStep(setting, model, { key: ownKey(percent), args: [...budget, ...generation], ...conditions }),
  ];
  if (llamaBench !== null && setting.readahead !== null && conditions.dropPageCache)
    for (const readaheadKb of peerReadaheadKb)
      steps.push(
        llamaBenchStep({ ...setting, llamaBench }, model, {
          key: peerKey(percent, readaheadKb),
          promptTokens: 0,
          decodeTokens: peerDecodeTokens,
          repack: false,
          readaheadKb,
          ...conditions,
        }),
      );
  return steps;
}

function summarizeLimit(setting: Setting, outcomes: Outcome[], percent: number): Row {
  const own = outcomes.filter((outcome) => outcome.key === ownKey(percent) && outcome.failure === null);
  const peaks = own.map((outcome) => outcome.peakBytes).filter((bytes) => bytes !== null);
  return {
    percent,
    limit_bytes: limitBytesOf(setting, percent),
    decode: measured(outcomes, ownKey(percent), (outcome) => generateFigures(outcome).decode_tokens_per_second),
    resident_bytes: own[0] === undefined ? null : generateFigures(own[0]).resident_bytes,
    peak_bytes: peaks.length === 0 ? null : Math.max(...peaks),
    peer: peerReadaheadKb.map((kb) => ({
      readahead_kb: kb,
      decode: measured(outcomes, peerKey(percent, kb), (outcome) => llamaBenchFigures(outcome).decode),
    })),
  };
}

function documentRow(row: Row): string[] {
  const wanted = limits.find(({ percent }) => percent === row.percent)?.ratio ?? 1;
  const peers = row.peer.map((peer) => peer.decode.median).filter((value) => value !== null);
  const better = peers.length === 0 ? null : Math.max(...peers);
  const megabytes = (bytes: number | null) => number(bytes === null ? null : bytes / 1e6, 0);
  return [
    `${row.percent}% (${megabytes(row.limit_bytes)} MB)`,
    number(row.decode.median),
    megabytes(row.resident_bytes),
    megabytes(row.peak_bytes),
    ...row.peer.map((peer) => number(peer.decode.median)),
    verdict(ratio(row.decode.median, better), wanted, 'at least'),
  ];
}
