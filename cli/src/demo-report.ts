// The demo's last word: a table that says in plain terms what happened.
import { formatBytes } from '@flash-slim/plan';
import type { GenerateResult } from './commands/generate.ts';

export function demoReport(result: GenerateResult): string {
  const { ledger } = result.plan;
  const room = ledger.resident_bytes + ledger.slot_bytes + ledger.unused_bytes;
  const hidden = result.io_busy_ms > 0 ? Math.max(0, 1 - result.stall_ms / result.io_busy_ms) : 1;
  const perToken = (bytes: number) => `${formatBytes(bytes)} for every token`;
  // The kernel evicts exactly what a cyclic scan needs next: a file that does not fit is read whole again for each token.
  const fits = room >= result.weights_bytes;
  const rows: [string, string][] = [
    ['weights', formatBytes(result.weights_bytes)],
    ['room for weights under the budget', formatBytes(room)],
    ['memory budget', formatBytes(result.budget_bytes)],
    ['peak memory', `${formatBytes(result.peak_memory_bytes)} (${result.peak_memory_source})`],
    ['weights kept in memory', formatBytes(result.resident_bytes)],
    ['weights streamed from flash', perToken(result.streamed_bytes_per_pass)],
    ['reading hidden behind compute', `${(100 * hidden).toFixed(0)}%`],
    ['speed', `${result.decode_tokens_per_second.toFixed(1)} tokens/s`],
    ['first token after', `${result.time_to_first_token_ms.toFixed(0)} ms`],
    ['kernel', result.kernel],
    ['reader', `${result.reader}${result.direct_io ? ', O_DIRECT' : ', buffered'}`],
    ['demand paging would have read', fits ? 'nothing: the weights fit' : perToken(result.weights_bytes)],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n');
}
