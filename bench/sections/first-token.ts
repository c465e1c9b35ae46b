// How soon text appears when everything is prepared: from the start of the process to the first byte on stdout.
import { generateFigures, generateStep, type Measured, measured } from '../harness/programs.ts';
import type { Setting } from '../harness/setting.ts';
import type { Step } from '../harness/step.ts';
import { firstToken, models } from '../scenarios.ts';
import { number, present, type Section, table, verdict } from './section.ts';
import { limitBytesOf } from './under-limits.ts';

interface Row {
  percent: number;
  budget_bytes: number;
  first_byte_ms: Measured;
  pass_ms: Measured;
}

const { model, percents, contextLength, decodeTokens, passes, extraMs } = firstToken;

export const firstTokenSection: Section<Row[]> = {
  name: 'first-token',
  title: 'First token of a warm start',
  steps: (setting) => ({ steps: percents.flatMap((percent) => percentSteps(setting, percent)), skipped: [] }),
  summarize: (setting, outcomes) =>
    percents.map((percent) => ({
      percent,
      budget_bytes: limitBytesOf(setting, percent),
      first_byte_ms: measured(outcomes, `${percent}% first byte`, (outcome) => outcome.firstByteMs),
      pass_ms: measured(outcomes, `${percent}% pass`, (outcome) => generateFigures(outcome).plan.measured_pass_ms),
    })),
  document: (rows) => [
    `${models[model].title}; weight cache, CMT and device profile exist. From the start of the process, Node.js included, to ` +
      `the first text on stdout, for budgets that are a share of the model file's size. Wanted: ${passes} decode passes and ` +
      `${extraMs / 1000} s at most. Milliseconds, medians.`,
    '',
    ...table(
      ['budget', 'first text', 'decode pass', `${passes} passes + ${extraMs / 1000} s`, 'share of it'],
      rows.map((row) => {
        const most = row.pass_ms.median === null ? null : passes * row.pass_ms.median + extraMs;
        return [
          `${row.percent}% (${number(row.budget_bytes / 1e6, 0)} MB)`,
          number(row.first_byte_ms.median, 0),
          number(row.pass_ms.median),
          number(most, 0),
          verdict(
            row.first_byte_ms.median === null || most === null ? null : row.first_byte_ms.median / most,
            1,
            'at most',
          ),
        ];
      }),
    ),
    ...rows.flatMap((row) =>
      present(row.first_byte_ms.failure, row.pass_ms.failure).map((failure) => `\nat ${row.percent}%: ${failure}`),
    ),
  ],
};

function percentSteps(setting: Setting, percent: number): Step[] {
  const budget = ['--memory-budget', `${limitBytesOf(setting, percent)}`, '--context-length', String(contextLength)];
  const generation = (steps: number) => [...budget, '--prompt', 'The', '--max-decode-steps', String(steps)];
  return [
    // One token, so that the end of the text (a new line) follows at once where the token is no text of its own.
    generateStep(setting, model, { key: `${percent}% first byte`, args: generation(1), json: false }),
    generateStep(setting, model, { key: `${percent}% pass`, args: generation(decodeTokens) }),
  ];
}
