import type { Setting } from '../harness/setting.ts';
import type { Outcome, Step } from '../harness/step.ts';

export interface Section<Result> {
  name: string;
  title: string;
  /** null and the reasons where nothing of it can be measured here; reasons beside steps say what is left out. */
  steps(setting: Setting): { steps: Step[] | null; skipped: string[] };
  /** Repetitions of all steps; a section whose child repeats by itself says once. */
  once?: boolean;
  /** Instead of the usual number, where one disk's mood decides too much. */
  repetitions?: number;
  summarize(setting: Setting, outcomes: Outcome[]): Result;
  /** Markdown lines. */
  document(result: Result): string[];
}

/** One section's part of results.json. */
export interface SectionRecord {
  measured_at: string;
  quick: boolean;
  repetitions: number;
  commit: string;
  skipped: string[];
  result: unknown;
}

export const present = (...reasons: (string | null)[]): string[] => reasons.filter((reason) => reason !== null);

export function table(head: string[], rows: string[][]): string[] {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}

export const number = (value: number | null, digits = 1): string => (value === null ? '-' : value.toFixed(digits));

/** "1.25 (wanted 1.2: yes)". */
export function verdict(value: number | null, wanted: number, kind: 'at least' | 'at most'): string {
  if (value === null) return `- (wanted ${kind} ${wanted})`;
  const met = kind === 'at least' ? value >= wanted : value <= wanted;
  return `${value.toFixed(2)} (wanted ${kind} ${wanted}: ${met ? 'yes' : '**no**'})`;
}
