// A node:test reporter that writes the run's totals as one line of JSON.
export default async function* counts(source) {
  const totals = { passed: 0, failed: 0, skipped: 0 };
  for await (const { type, data } of source) {
    // The summary without a file is that of the whole run.
    if (type !== 'test:summary' || data.file !== undefined) continue;
    totals.passed = data.counts.passed;
    totals.failed = data.counts.failed + data.counts.cancelled;
    totals.skipped = data.counts.skipped + data.counts.todo;
  }
  yield `${JSON.stringify(totals)}\n`;
}
