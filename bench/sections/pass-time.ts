// How well reading and computing overlap: a pass against the longer of the two alone.
import { join } from 'node:path';
import type { DeviceProfile } from '@flash-slim/plan';
import { median } from '../harness/programs.ts';
import { deviceProfilePath, repository, type Setting } from '../harness/setting.ts';
import type { Step } from '../harness/step.ts';
import type { PassTimesReport, PassTimesRequest } from '../pass-times.ts';
import { models, passTimes } from '../scenarios.ts';
import { probeStep } from './machine.ts';
import { number, present, type Section, table, verdict } from './section.ts';

interface Result {
  bandwidth_bytes_per_second: number | null;
  resident_bytes: number | null;
  weights_bytes: number | null;
  rows: {
    tokens: number;
    pass_ms: number | null;
    compute_ms: number | null;
    read_ms: number | null;
    bytes_read: number;
  }[];
  failures: string[];
}

export const passTimeSection: Section<Result> = {
  name: 'pass-times',
  title: 'Pass times',
  steps: (setting) => ({
    // The storage's rate of these very minutes: a shared disk's changes from hour to hour.
    steps: [probeStep(setting), passesStep(setting, false), passesStep(setting, true)],
    skipped: [],
  }),
  summarize: (_setting, outcomes) => {
    const reports = <T>(key: string): T[] =>
      outcomes.filter((o) => o.key === key && o.failure === null).map((o) => JSON.parse(o.stdout) as T);
    const rates = reports<DeviceProfile>('probe').map((device) => device.storage.bandwidth_bytes_per_second);
    const bandwidth = median(rates);
    const streamed = reports<PassTimesReport>('streamed');
    const resident = reports<PassTimesReport>('resident');
    return {
      bandwidth_bytes_per_second: bandwidth,
      resident_bytes: streamed[0]?.resident_bytes ?? null,
      weights_bytes: streamed[0]?.weights_bytes ?? null,
      rows: passTimes.tokensPerPass.map((tokens) => {
        const bytesRead = passesOf(streamed, tokens)[0]?.bytes_read ?? 0;
        return {
          tokens,
          pass_ms: median(passesOf(streamed, tokens).map((pass) => pass.wall_ms)),
          compute_ms: median(passesOf(resident, tokens).map((pass) => pass.wall_ms)),
          read_ms: bandwidth === null ? null : (bytesRead / bandwidth) * 1000,
          bytes_read: bytesRead,
        };
      }),
      failures: present(...outcomes.map((outcome) => outcome.failure)),
    };
  },
  document: (result) => [
    `${models[passTimes.model].title}, ${share(result)} of the weights resident. Computing alone: the same plan with every ` +
      `group in memory. Reading alone: the bytes read by the rate that \`flash-slim probe\` reached in the same minutes ` +
      `(${number((result.bandwidth_bytes_per_second ?? 0) / 1e9, 2)} GB/s). Wanted: at most ${passTimes.far} times the longer ` +
      `of the two, ${passTimes.near} where they are within ${passTimes.crossing * 100}% of each other. Milliseconds, medians.`,
    '',
    ...table(
      ['tokens a pass', 'pass', 'computing alone', 'reading alone', 'MB read', 'ratio to the longer'],
      result.rows.map(documentRow),
    ),
    ...result.failures.map((failure) => `\n${failure}`),
  ],
};

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

function documentRow(row: Result['rows'][number]): string[] {
  const { compute_ms: compute, read_ms: read } = row;
  const longer = compute === null || read === null ? null : Math.max(compute, read);
  const nearCrossing =
    compute !== null && read !== null && Math.abs(compute - read) <= passTimes.crossing * Math.max(compute, read);
  return [
    String(row.tokens),
    number(row.pass_ms),
    number(compute),
    number(read),
    number(row.bytes_read / 1e6, 0),
    verdict(
      row.pass_ms === null || longer === null ? null : row.pass_ms / longer,
      nearCrossing ? passTimes.near : passTimes.far,
      'at most',
    ),
  ];
}

const share = ({ resident_bytes: resident, weights_bytes: weights }: Result): string =>
  resident === null || weights === null ? 'a share' : `${((100 * resident) / weights).toFixed(0)}%`;
