// How fast a weight cache is built, beside what the disk takes when nothing but zeros is written to it in order.
import { join } from 'node:path';
import { type Measured, measured } from '../harness/programs.ts';
import { repository, type Setting } from '../harness/setting.ts';
import type { Outcome, Step } from '../harness/step.ts';
import { models } from '../scenarios.ts';
import { number, type Section, table, verdict } from './section.ts';

interface Result {
  model_bytes: number;
  disk_seconds: Measured;
  known_seconds: Measured;
  unknown_seconds: Measured;
  added_memory_bytes: Measured;
}

const model = 'llama-3.2-1b';
const blockBytes = 2 << 20;
const wantedShare = 0.5;
/** Of a file that `pull` has checked; any will do, since it is only noted. */
const someDigest = `sha256:${'0'.repeat(64)}`;

function steps({ models: prepared, directory }: Setting): Step[] {
  const { path, bytes } = prepared[model];
  const out = join(directory, 'cache-build.fsw');
  const blocks = String(Math.ceil(bytes / blockBytes));
  const script = join(repository, 'bench/cache-build.ts');
  const build = (key: string, more: string[]): Step => ({
    key,
    program: process.execPath,
    args: [script, path, out, ...more],
    timeoutMs: 120_000,
  });
  return [
    {
      key: 'dd',
      program: 'dd',
      args: ['if=/dev/zero', `of=${out}.zeros`, `bs=${blockBytes}`, `count=${blocks}`, 'oflag=direct', 'status=none'],
      timeoutMs: 120_000,
    },
    build('build, digest known', [someDigest]),
    build('build, digest to be found', []),
  ];
}

interface Figures {
  seconds: number;
  bytes: number;
  added_memory_bytes: number;
}

const figures = (outcome: Outcome) => JSON.parse(outcome.stdout) as Figures;

export const cacheBuildSection: Section<Result> = {
  name: 'cache-build',
  title: 'Building the weight cache',
  steps: (setting) => ({ steps: steps(setting), skipped: [] }),
  summarize: (setting, outcomes) => ({
    model_bytes: setting.models[model].bytes,
    disk_seconds: measured(outcomes, 'dd', ({ wallMs }) => wallMs / 1000),
    known_seconds: measured(outcomes, 'build, digest known', (outcome) => figures(outcome).seconds),
    unknown_seconds: measured(outcomes, 'build, digest to be found', (outcome) => figures(outcome).seconds),
    added_memory_bytes: measured(
      outcomes,
      'build, digest to be found',
      (outcome) => figures(outcome).added_memory_bytes,
    ),
  }),
  document: (result) => {
    const rate = ({ median }: Measured) => (median === null ? null : result.model_bytes / 1e6 / median);
    const share = (build: Measured) =>
      build.median === null || result.disk_seconds.median === null ? null : result.disk_seconds.median / build.median;
    const row = (name: string, build: Measured) => [
      name,
      number(build.median, 2),
      number(rate(build), 0),
      verdict(share(build), wantedShare, 'at least'),
    ];
    return [
      `${models[model].title}. A model that \`pull\` has checked is read once; of any other the SHA-256 is found while it is ` +
        'laid out, which reads it twice. Beside it the same number of zeros, written in order past the page cache ' +
        `(dd, ${blockBytes >> 20} MB at a time). Memory added by a build: ` +
        `${number(result.added_memory_bytes.median === null ? null : result.added_memory_bytes.median / 1e6)} MB.`,
      '',
      ...table(
        ['', 'seconds', 'MB/s', "share of the disk's rate"],
        [
          ['disk', number(result.disk_seconds.median, 2), number(rate(result.disk_seconds), 0), '1'],
          row('build, digest known', result.known_seconds),
          row('build, digest to be found', result.unknown_seconds),
        ],
      ),
    ];
  },
};
