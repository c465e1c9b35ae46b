// What `inspect` says about a file: facts and tables for people, the same as a value for scripts.
import { formatBytes } from '@flash-slim/plan';

export interface Table {
  title: string;
  head: string[];
  rows: string[][];
}

export interface Inspection {
  /** What it is: "GGUF model". */
  kind: string;
  facts: [name: string, value: string | number | null | undefined][];
  tables: Table[];
  /** Shown after the tables, as it is. */
  text?: string;
  /** What was held against what: a person should know what "sound" covers. */
  checked: string;
  /** For --json, beside kind and path. */
  value: object;
}

const mostRows = 40;

export function describe(path: string, { kind, facts, tables, text, checked }: Inspection): string {
  const shown = facts.filter(([, value]) => value !== null && value !== undefined && value !== '');
  const width = Math.max(...shown.map(([name]) => name.length), 'sound'.length);
  const line = ([name, value]: (typeof facts)[number]) => `${name.padEnd(width)}  ${value}`;
  return [
    `${kind}: ${path}`,
    ...shown.map(line),
    ...tables.filter(({ rows }) => rows.length > 0).flatMap((table) => ['', ...layOut(table)]),
    ...(text === undefined ? [] : ['', text]),
    '',
    line(['sound', `yes: ${checked}`]),
  ].join('\n');
}

function layOut({ title, head, rows }: Table): string[] {
  const shown = rows.slice(0, mostRows);
  const widths = head.map((name, column) => Math.max(name.length, ...shown.map((row) => (row[column] ?? '').length)));
  const numeric = head.map((_, column) => shown.every((row) => /^[\d.]/.test(row[column] ?? '')));
  const line = (cells: string[]) =>
    `  ${cells.map((cell, i) => (numeric[i] ? cell.padStart(widths[i] as number) : cell.padEnd(widths[i] as number))).join('  ')}`.trimEnd();
  const more = rows.length - shown.length;
  return [title, line(head), ...shown.map(line), ...(more > 0 ? [`  ... and ${more} more (--json has all)`] : [])];
}

/** Sums of bytes and values by a key, largest first. */
export function sumBy<T>(items: Iterable<T>, key: (item: T) => string, bytes: (item: T) => number): string[][] {
  const sums = new Map<string, { count: number; bytes: number }>();
  for (const item of items) {
    const sum = sums.get(key(item)) ?? { count: 0, bytes: 0 };
    sum.count++;
    sum.bytes += bytes(item);
    sums.set(key(item), sum);
  }
  return [...sums]
    .sort((a, b) => b[1].bytes - a[1].bytes)
    .map(([name, sum]) => [name, String(sum.count), formatBytes(sum.bytes)]);
}
