// ONNX Runtime's operator timings (a trace in Chrome's event format) as CSV: one row per node of the graph.
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { CliError } from './errors.ts';

interface TraceEvent {
  cat: string;
  name: string;
  dur: number;
  args?: { op_name?: string };
}

export interface OperatorTime {
  node: string;
  operator: string;
  calls: number;
  totalMs: number;
}

/** Reads the trace, writes the CSV, removes the trace. */
export async function writeOperatorCsv(tracePath: string, csvPath: string): Promise<OperatorTime[]> {
  const events = JSON.parse(await readFile(tracePath, 'utf8')) as TraceEvent[];
  await rm(tracePath, { force: true });
  const byNode = new Map<string, OperatorTime>();
  for (const { cat, name, dur, args } of events) {
    if (cat !== 'Node' || !name.endsWith('_kernel_time')) continue;
    const node = name.slice(0, -'_kernel_time'.length);
    const entry = byNode.get(node) ?? { node, operator: args?.op_name ?? '', calls: 0, totalMs: 0 };
    entry.calls++;
    entry.totalMs += dur / 1000;
    byNode.set(node, entry);
  }
  const rows = [...byNode.values()];
  const total = rows.reduce((sum, row) => sum + row.totalMs, 0);
  const lines = rows.map(
    ({ node, operator, calls, totalMs }) =>
      `"${node.replaceAll('"', '""')}",${operator},${calls},${totalMs.toFixed(3)},${(totalMs / calls).toFixed(4)},${((100 * totalMs) / total).toFixed(2)}`,
  );
  const partial = `${csvPath}.partial`;
  try {
    await writeFile(partial, `node,operator,calls,total_ms,avg_ms,percent\n${lines.join('\n')}\n`);
    await rename(partial, csvPath);
  } catch (cause) {
    await rm(partial, { force: true });
    throw new CliError('DIRECTORY_UNWRITABLE', `cannot write ${csvPath}: ${(cause as Error).message}`, { cause });
  }
  return rows;
}

/** One line per kind of operator, slowest first. */
export function summarizeOperators(rows: OperatorTime[]): string {
  const byOperator = new Map<string, number>();
  for (const { operator, totalMs } of rows) byOperator.set(operator, (byOperator.get(operator) ?? 0) + totalMs);
  const total = [...byOperator.values()].reduce((sum, ms) => sum + ms, 0);
  return [...byOperator]
    .toSorted((a, b) => b[1] - a[1])
    .map(
      ([operator, ms]) =>
        `  ${operator.padEnd(34)} ${ms.toFixed(1).padStart(9)} ms ${((100 * ms) / total).toFixed(1).padStart(5)}%`,
    )
    .join('\n');
}
