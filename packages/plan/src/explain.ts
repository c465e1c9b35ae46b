// A plan for people: where the budget goes, and how long a pass is expected to take.
import { formatBytes } from './bytes.ts';
import type { PrefetchPlan } from './types.ts';

export function explainPlan(plan: PrefetchPlan): string {
  const { metadata: m, groups } = plan;
  const { ledger } = m;
  const share = (bytes: number): string => `${((100 * bytes) / ledger.budget_bytes).toFixed(1)}%`;
  const row = (what: string, bytes: number, note = ''): string[] => [what, formatBytes(bytes), share(bytes), note];
  const residents = groups.filter((group) => group.resident);
  const residentWeights = residents.reduce((sum, group) => sum + group.size, 0);
  const sequences = m.max_sequences === 1 ? '' : ` x ${m.max_sequences} sequences`;
  const budget = table([
    ['memory', 'bytes', 'share', ''],
    row('process', ledger.baseline_bytes),
    row('tokenizer', ledger.tokenizer_bytes),
    row('KV cache', ledger.kv_bytes, `${m.context_length} positions${sequences}, ${m.kv_type}`),
    row(
      'activations',
      ledger.activation_bytes,
      `${m.max_tokens_per_pass} tokens a pass, ${m.max_logit_rows} rows of logits`,
    ),
    ...(ledger.adapter_bytes === undefined ? [] : [row('adapters', ledger.adapter_bytes)]),
    row('slots', ledger.slot_bytes, m.slot_count === 0 ? 'none' : `${m.slot_count} of ${formatBytes(m.slot_size)}`),
    row('resident weights', ledger.resident_bytes, `${residents.length} of ${groups.length} groups`),
    row('reserve', ledger.reserve_bytes, 'allocator, kernel'),
    row('unused', ledger.unused_bytes),
    row('budget', ledger.budget_bytes),
  ]);

  const rate = m.device.storage.bandwidth_bytes_per_second;
  const bodyBytes = groups
    .filter((group) => !group.resident && group.weights_id !== m.head_weights_id)
    .reduce((sum, group) => sum + group.aligned_size, 0);
  const pass = (what: string, ms: number, tokens: number, bytes: number): string[] => [
    what,
    String(tokens),
    `${ms.toFixed(1)} ms`,
    formatBytes(bytes),
    `${((bytes / rate) * 1000).toFixed(1)} ms`,
    ms > 0 ? ((tokens / ms) * 1000).toFixed(1) : '-',
  ];
  const times = table([
    ['pass', 'tokens', 'predicted', 'reads', 'reading alone', 'tokens/s'],
    pass('prefill', m.predicted_pass_ms_by_mode.PREFILL, m.max_tokens_per_pass, bodyBytes),
    pass('decode', m.predicted_pass_ms_by_mode.DECODE, 1, m.streamed_bytes_per_pass),
  ]);

  const limit = m.device.memory_limit_bytes;
  const warning =
    limit !== null && limit < ledger.budget_bytes
      ? [`Warning: the device's memory limit was ${formatBytes(limit)}, below this budget.`, '']
      : [];
  const kept = m.weights_bytes === 0 ? 0 : Math.round((100 * residentWeights) / m.weights_bytes);
  return [
    `${m.model}: strategy ${m.strategy}, ${formatBytes(m.weights_bytes)} of weights, ${kept}% resident`,
    '',
    ...budget,
    '',
    ...times,
    `Flash: ${formatBytes(rate)}/s, measured at ${m.device.storage.path}`,
    '',
    ...warning,
  ]
    .join('\n')
    .trimEnd();
}

/** Columns side by side; numbers, which start with a digit or '-', to the right. */
function table(rows: string[][]): string[] {
  const columns = rows[0]?.length ?? 0;
  const widths = Array.from({ length: columns }, (_, c) => Math.max(...rows.map((row) => (row[c] as string).length)));
  return rows.map((row) =>
    row
      .map((cell, c) =>
        c > 0 && c < columns && isNumeric(rows, c)
          ? cell.padStart(widths[c] as number)
          : cell.padEnd(widths[c] as number),
      )
      .join('  ')
      .trimEnd(),
  );
}

function isNumeric(rows: string[][], column: number): boolean {
  return rows.slice(1).every((row) => /^(\d|-)/.test(row[column] as string));
}
