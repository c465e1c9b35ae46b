import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { testDirectory } from './testing.ts';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

test('the committed validator is what the schema compiles to', (t) => {
  const out = join(testDirectory(t), 'validate.ts');
  const compile = at('../../cmt/scripts/compile-schema.mjs');
  const result = spawnSync(process.execPath, [compile, out, at('../schema/manifest.schema.json')], {
    encoding: 'utf8',
  });
  assert.equal(result.status, 0, result.stderr);
  const committed = readFileSync(at('generated/validate-manifest.ts'), 'utf8');
  assert.ok(readFileSync(out, 'utf8') === committed, 'run `npm run generate -w packages/weight-cache`');
});
