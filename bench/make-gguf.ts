// Writes a GGUF of random weights at a published shape, to benchmark models that cannot be had here.
//   node bench/make-gguf.ts --shape llama-3.2-1b --type Q4_0 --tokenizer-from model.gguf --out 1b.gguf
import { parseArgs } from 'node:util';
import type { GgufKind } from '@flash-slim/model';
import { type ShapeName, shapes, writeRandomGguf } from '@flash-slim/model/testing';

const kinds = [
  'Q4_0',
  'Q4_1',
  'Q5_0',
  'Q5_1',
  'Q8_0',
  'Q4_K',
  'Q5_K',
  'Q6_K',
  'F16',
  'BF16',
  'F32',
] as const satisfies GgufKind[];
const usage = `usage: node bench/make-gguf.ts --out FILE [options]
  --shape NAME            ${Object.keys(shapes).join(', ')} (default llama-3.2-1b)
  --type KIND             of all matrices: ${kinds.join(', ')} (default Q4_0)
  --embedding-type KIND   of the embedding (default Q8_0 with Q4 and Q5 types, Q6_K with their K types, else as --type)
  --head-type KIND        of an untied head (default as the embedding)
  --tied | --untied       head (default as published)
  --tokenizer-from FILE   a GGUF whose tokenizer is copied (default a tiny one)
  --seed N                (default 1)
  --peaky                 greedy continuations that rounding cannot change`;

function fail(message: string): never {
  console.error(`${message}\n${usage}`);
  process.exit(2);
}

function kind(flag: string, value: string | undefined): GgufKind | undefined {
  const found = kinds.find((known) => known === value);
  if (value !== undefined && !found) fail(`${flag} ${value} is not known`);
  return found;
}

function parse() {
  try {
    return parseArgs({
      options: {
        out: { type: 'string' },
        shape: { type: 'string', default: 'llama-3.2-1b' },
        type: { type: 'string', default: 'Q4_0' },
        'embedding-type': { type: 'string' },
        'head-type': { type: 'string' },
        tied: { type: 'boolean' },
        untied: { type: 'boolean' },
        'tokenizer-from': { type: 'string' },
        seed: { type: 'string', default: '1' },
        peaky: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    return fail((error as Error).message);
  }
}

const flags = parse();
if (!flags.out) fail('--out is missing');
if (!Object.hasOwn(shapes, flags.shape)) fail(`--shape ${flags.shape} is not known`);
if (flags.tied && flags.untied) fail('--tied and --untied exclude each other');
if (!/^\d+$/.test(flags.seed)) fail(`--seed ${flags.seed} is no number`);

const begin = performance.now();
const written = writeRandomGguf(flags.out, {
  shape: flags.shape as ShapeName,
  kind: kind('--type', flags.type),
  embeddingKind: kind('--embedding-type', flags['embedding-type']),
  headKind: kind('--head-type', flags['head-type']),
  tiedHead: flags.tied ? true : flags.untied ? false : undefined,
  tokenizerFrom: flags['tokenizer-from'],
  seed: Number(flags.seed),
  peaky: flags.peaky,
});
const seconds = (performance.now() - begin) / 1000;
console.log(
  `${written.path}: ${(written.fileBytes / 1e6).toFixed(1)} MB, ${(written.weightBytes / 1e6).toFixed(1)} MB of weights, ` +
    `vocabulary ${written.vocabularySize}, ${seconds.toFixed(1)} s`,
);
