import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

test('the generated validator is what the schema gives', async () => {
  const { compileSchema } = await import(new URL('../scripts/compile-schema.mjs', import.meta.url).href);
  const schema = fileURLToPath(new URL('../schema/cmt.schema.json', import.meta.url));
  const committed = readFileSync(new URL('generated/validate-cmt.ts', import.meta.url), 'utf8');
  assert.ok(compileSchema(schema, []) === committed, 'run `npm run generate -w @flash-slim/cmt`');
});

test('every object of the schema refuses unknown fields', () => {
  const schema = JSON.parse(readFileSync(new URL('../schema/cmt.schema.json', import.meta.url), 'utf8'));
  let objects = 0;
  const visit = (node: unknown, at: string): void => {
    if (typeof node !== 'object' || node === null) return;
    const { type, additionalProperties } = node as Record<string, unknown>;
    if (type === 'object') {
      objects++;
      assert.equal(additionalProperties, false, at);
    }
    for (const [name, child] of Object.entries(node)) visit(child, `${at}/${name}`);
  };
  visit(schema, '');
  assert.ok(objects >= 8);
});
