// Compiles a JSON Schema into a validator without dependencies (ajv costs memory that a node needs for weights).
//   node packages/cmt/scripts/compile-schema.mjs OUT.ts SCHEMA.json [REFERENCED.json...]
import { readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import standalone from 'ajv/dist/standalone/index.js';

/** The validator's source: the same input gives the same bytes. */
export function compileSchema(schemaPath, referencedPaths) {
  const read = (path) => JSON.parse(readFileSync(path, 'utf8'));
  const schemas = referencedPaths.map(read);
  const ajv = new Ajv2020({ schemas, allowUnionTypes: true, code: { source: true, esm: true, lines: true } });
  const code = standalone.default(ajv, ajv.compile(read(schemaPath)));
  if (/\brequire\(|^import /m.test(code)) {
    throw new Error(
      `${schemaPath} uses a keyword whose validator needs ajv at run time (minLength and maxLength do: use pattern)`,
    );
  }
  return `// Generated from schema/${basename(schemaPath)} by \`npm run generate\`; do not edit.
// biome-ignore-all lint: generated
// biome-ignore-all format: generated
// biome-ignore-all assist: generated
// @ts-nocheck
${code}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [out, schema, ...referenced] = process.argv.slice(2);
  if (!schema) {
    console.error('usage: compile-schema.mjs OUT.ts SCHEMA.json [REFERENCED.json...]');
    process.exit(2);
  }
  writeFileSync(out, compileSchema(schema, referenced));
}
