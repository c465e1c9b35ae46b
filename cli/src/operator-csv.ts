// ONNX Runtime's operator timings (a trace in Chrome's event format) as CSV: one row per node of the graph.
import { createReadStream } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Engine } from '@flash-slim/engine';
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

/** Events that ONNX Runtime may hold in memory: it writes them only when profiling ends. */
const mostEvents = 16_384;
/** Of one event there, measured (0.45 kB), and a margin. */
const eventBytes = 600;
/** Nodes of the graph for each streamed weight: 2 in a llama's layer, 3 where each product has a norm of its own. */
const nodesPerChunk = 3;

/** Times the operators of as many passes as its memory allows; a generation goes on when that is reached. */
export class OperatorProfile {
  /**
   * What the ledger counts for it: the events, what writing and reading them back takes, and readahead windows of the code
   * that does so, which nothing else runs.
   */
  static readonly memoryBytes = mostEvents * eventBytes + 24_000_000;
  readonly #engine: Engine;
  readonly #mostPasses: number;
  #trace: Promise<string> | null = null;

  constructor(engine: Engine, chunks: number) {
    this.#engine = engine;
    this.#mostPasses = Math.max(1, Math.floor(mostEvents / (nodesPerChunk * chunks)));
  }

  /** To be called between passes. */
  afterPass(): void {
    const { PREFILL, DECODE } = this.#engine.totals;
    if (PREFILL.passes + DECODE.passes >= this.#mostPasses) this.#end();
  }

  /** Writes the CSV; `passes` is the number that it covers. */
  async write(csvPath: string): Promise<{ rows: OperatorTime[]; passes: number }> {
    const { PREFILL, DECODE } = this.#engine.totals;
    const passes = Math.min(PREFILL.passes + DECODE.passes, this.#mostPasses);
    return { rows: await writeOperatorCsv(await this.#end(), csvPath), passes };
  }

  #end(): Promise<string> {
    this.#trace ??= this.#engine.endProfiling();
    this.#trace.catch(() => {}); // thrown by write()
    return this.#trace;
  }
}

/** Reads the trace, writes the CSV, removes the trace. */
async function writeOperatorCsv(tracePath: string, csvPath: string): Promise<OperatorTime[]> {
  const byNode = new Map<string, OperatorTime>();
  // One event a line. Parsed as a whole, the trace would take several times its size.
  for await (const line of createInterface({ input: createReadStream(tracePath, { highWaterMark: 16 << 10 }) })) {
    if (!line.includes('_kernel_time')) continue;
    const { cat, name, dur, args } = JSON.parse(line.replace(/,\s*$/, '')) as TraceEvent;
    if (cat !== 'Node' || !name.endsWith('_kernel_time')) continue;
    const node = name.slice(0, -'_kernel_time'.length);
    const entry = byNode.get(node) ?? { node, operator: args?.op_name ?? '', calls: 0, totalMs: 0 };
    entry.calls++;
    entry.totalMs += dur / 1000;
    byNode.set(node, entry);
  }
  await rm(tracePath, { force: true });
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
