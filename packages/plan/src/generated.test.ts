import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

test('the generated validators are what the schemas give', async () => {
  const { compileSchema } = await import(here('../../cmt/scripts/compile-schema.mjs'));
  const profile = here('../schema/device-profile.schema.json');
  const validators: [string, string, string[]][] = [
    ['generated/validate-plan.ts', here('../schema/plan.schema.json'), [profile]],
    ['generated/validate-device-profile.ts', profile, []],
  ];
  for (const [file, schema, referenced] of validators) {
    const same = compileSchema(schema, referenced) === readFileSync(here(file), 'utf8');
    assert.ok(same, `${file}: run \`npm run generate -w @flash-slim/plan\``);
  }
});

test('every object of the schemas refuses unknown fields', () => {
  for (const name of ['plan', 'device-profile']) {
    const visit = (node: unknown, at: string): void => {
      if (typeof node !== 'object' || node === null) return;
      const { type, additionalProperties } = node as Record<string, unknown>;
      if (type === 'object') assert.equal(additionalProperties, false, at);
      for (const [key, child] of Object.entries(node)) visit(child, `${at}/${key}`);
    };
    visit(JSON.parse(readFileSync(here(`../schema/${name}.schema.json`), 'utf8')), name);
  }
});
