// A short round of every target: enough to keep the runner whole and to meet again what was found before. Long rounds are
// `npm run fuzz`.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzz, targetNames } from './fuzz.ts';

for (const target of targetNames) {
  test(`two seconds of ${target}`, { timeout: 120_000 }, async () => {
    const { runs, findings } = await fuzz(target, 2, 20);
    assert.deepEqual(
      findings.map(({ kind, detail }) => `${kind}: ${detail}`),
      [],
    );
    assert.ok(runs > 10, `${runs} inputs`);
  });
}
