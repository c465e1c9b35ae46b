// How well reading and computing overlap: a pass against the longer of the two alone.
import { join } from 'node:path';
import type { DeviceProfile } from '@flash-slim/plan';
import { median } from '../harness/programs.ts';
import { deviceProfilePath, flashSlim, repository, type Setting } from '../harness/setting.ts';
import type { Step } from '../harness/step.ts';
import type { PassTimesReport, PassTimesRequest } from '../pass-times.ts';
import { models, passTimes } from '../scenarios.ts';
import { number, present, type Section, table, verdict } from './section.ts';

interface Row {
  tokens: number;
  /** Of one repetition each. */
  pass_ms: number[];
  compute_ms: number[];
  read_ms: number[];
  bytes_read: number;
}

interface Result {
  bandwidths_bytes_per_second: number[];
  resident_bytes: number | null;
  weights_bytes: number | null;
  rows: Row[];
  failures: string[];
}

export const passTimeSection: Section<Result> = {
  name: 'pass-times',
  title: 'Pass times',
  repetitions: 7,
  steps: (setting) => ({
    // The storage's rate right before and right after: a shared disk's changes from minute to minute.
    steps: [
      probeFileStep(setting, 'before'),
      passesStep(setting, false),
      probeFileStep(setting, 'after'),
      passesStep(setting, true),
    ],
    skipped: [],
  }),
  summarize: (_setting, outcomes) => {
    const reports = <T>(key: string): T[] =>
      outcomes.filter((o) => o.key === key && o.failure === null).map((o) => JSON.parse(o.stdout) as T);
    const rates = (key: string): number[] =>
      reports<DeviceProfile>(key).map((device) => device.storage.bandwidth_bytes_per_second);
    const after = rates('probe after');
    const bandwidths = rates('probe before').map((rate, i) => (rate + (after[i] ?? rate)) / 2);
    const streamed = reports<PassTimesReport>('streamed');
    const resident = reports<PassTimesReport>('resident');
    return {
      bandwidths_bytes_per_second: bandwidths,
      resident_bytes: streamed[0]?.resident_bytes ?? null,
      weights_bytes: streamed[0]?.weights_bytes ?? null,
      rows: passTimes.tokensPerPass.map((tokens) => {
        const passes = passesOf(streamed, tokens);
        return {
          tokens,
          pass_ms: passes.map((pass) => pass.wall_ms),
          compute_ms: passesOf(resident, tokens).map((pass) => pass.wall_ms),
          read_ms: passes.map((pass, i) => (pass.bytes_read / (bandwidths[i] ?? Number.NaN)) * 1000),
          bytes_read: passes[0]?.bytes_read ?? 0,
        };
      }),
      failures: present(...outcomes.map((outcome) => outcome.failure)),
    };
  },
  document: (result) => [
    `${models[passTimes.model].title}, ${share(result)} of the weights resident. Computing alone: the same plan with every ` +
      'group in memory. Reading alone: the bytes read by the rate that `flash-slim probe --file` reached on the weight cache ' +
      `right before and after (${result.bandwidths_bytes_per_second.map((rate) => number(rate / 1e9, 2)).join(', ')} GB/s). ` +
      `The ratio is taken in each repetition; wanted: at most ${passTimes.far} times the longer of the two, ${passTimes.near} ` +
      `where they are within ${passTimes.crossing * 100}% of each other. Milliseconds, medians.`,
    '',
    ...table(
      ['tokens a pass', 'pass', 'computing alone', 'reading alone', 'MB read', 'ratio to the longer'],
      result.rows.map(documentRow),
    ),
    ...result.failures.map((failure) => `\n${failure}`),
  ],
};

function probeFileStep(setting: Setting, when: 'before' | 'after'): Step {
  const output = join(setting.directory, 'probe-of-weight-cache.json');
  const args = [
    'probe',
    '--quick',
    '--json',
    '--output',
    output,
    '--file',
    setting.models[passTimes.model].weightCache,
  ];
  return { key: `probe ${when}`, program: flashSlim, args, timeoutMs: 60_000 };
}

function passesStep(setting: Setting, resident: boolean): Step {
  const { tokensPerPass, residentShare, contextLength, passes, model } = passTimes;
  const request: PassTimesRequest = {
    model: setting.models[model].path,
    store: setting.env.FLASH_SLIM_HOME as string,
    deviceProfile: deviceProfilePath(setting.directory),
    threads: setting.threads,
    tokensPerPass,
    residentShare,
    contextLength,
    passes: setting.quick ? passes.quick : passes.full,
    resident,
  };
  return {
    key: resident ? 'resident' : 'streamed',
    program: process.execPath,
    args: [join(repository, 'bench/pass-times.ts'), JSON.stringify(request)],
    timeoutMs: 180_000,
  };
}

const passesOf = (reports: PassTimesReport[], tokens: number) =>
  reports.flatMap((report) => report.passes.filter((pass) => pass.tokens === tokens));

function documentRow(row: Row): string[] {
  const [pass, compute, read] = [row.pass_ms, row.compute_ms, row.read_ms].map(median) as [
    number | null,
    number | null,
    number | null,
  ];
  const ratios = row.pass_ms.map(
    (ms, i) => ms / Math.max(row.compute_ms[i] ?? Number.NaN, row.read_ms[i] ?? Number.NaN),
  );
  const nearCrossing =
    compute !== null && read !== null && Math.abs(compute - read) <= passTimes.crossing * Math.max(compute, read);
  return [
    String(row.tokens),
    number(pass),
    number(compute),
    number(read),
    number(row.bytes_read / 1e6, 0),
    verdict(median(ratios), nearCrossing ? passTimes.near : passTimes.far, 'at most'),
  ];
}

const share = ({ resident_bytes: resident, weights_bytes: weights }: Result): string =>
  resident === null || weights === null ? 'a share' : `${((100 * resident) / weights).toFixed(0)}%`;
