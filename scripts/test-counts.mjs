// A node:test reporter that writes the run's totals as one line of JSON.
export default async function* counts(source) {
  const totals = { passed: 0, failed: 0, skipped: 0 };
  let brokenSuites = 0;
  let success = true;
  for await (const { type, data } of source) {
    // A suite whose own code throws has no failed test in it, and the summary's counts know tests alone.
    if (type === 'test:fail' && data.details.type === 'suite' && data.details.error?.failureType !== 'subtestsFailed') {
      brokenSuites++;
    }
    // The summary without a file is that of the whole run.
    if (type !== 'test:summary' || data.file !== undefined) continue;
    success = data.success;
    totals.passed = data.counts.passed;
    totals.failed = data.counts.failed + data.counts.cancelled;
    totals.skipped = data.counts.skipped + data.counts.todo;
  }
  totals.failed += brokenSuites;
  if (!success && totals.failed === 0) totals.failed = 1;
  yield `${JSON.stringify(totals)}\n`;
}
