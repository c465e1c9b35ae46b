// What is fuzzed: a file to begin with, what reads it, and which errors it may end in. A target that protects itself with a
// checksum has it put right after a mutation, most of the time, or nothing behind the checksum would ever be reached.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { crc32 } from 'node:zlib';
import { checkCmt, loadCmt } from '@flash-slim/cmt';
import { evenTimes } from '@flash-slim/cmt/testing';
import { profilingPlan } from '@flash-slim/engine';
import { importModel, inspectModel, readSafetensorsHeader } from '@flash-slim/model';
import { inspectOnnx } from '@flash-slim/model/onnx';
import { writeFolderFromGguf } from '@flash-slim/model/testing';
import { Tokenizer } from '@flash-slim/model/tokenizer';
import { compileTokenizerFile } from '@flash-slim/model/tokenizer/compile';
import { crc32c } from '@flash-slim/native';
import { JsonPrefetchPlanLoader, savePlan } from '@flash-slim/plan';
import { buildWeightCache, openWeightCache } from '@flash-slim/weight-cache';

export interface Target {
  name: string;
  /** Files to mutate. */
  corpus: string[];
  /** Where the mutated file lies. */
  fileName: string;
  /** Puts checksums right, in place. */
  repair?(bytes: Buffer): void;
  read(path: string): unknown;
}

const here = dirname(fileURLToPath(import.meta.url));
const fixtures = join(here, '../../packages/model/src/tokenizer/fixtures');
const committed = (name: string) =>
  readdirSync(join(here, 'corpus')).flatMap((file) => (file.startsWith(name) ? [join(here, 'corpus', file)] : []));

/** An error is expected if it is one of this project's: it has a code of its own form, and is no system's or V8's. */
export const isTyped = (error: unknown): boolean =>
  error instanceof Error &&
  !(error instanceof RangeError || error instanceof TypeError || error instanceof SyntaxError) &&
  typeof (error as { code?: unknown }).code === 'string' &&
  /^[A-Z][A-Z0-9_]+$/.test((error as unknown as { code: string }).code) &&
  !/^(ERR_|INTERNAL)/.test((error as unknown as { code: string }).code);

const uses = (tokenizer: Tokenizer): void => {
  const ids = tokenizer.encode('Hello, wörld! <|im_end|> 123', { parseSpecial: true });
  tokenizer.decode(ids);
};

/** Makes what this project itself writes, into `directory`. */
export async function makeTargets(directory: string): Promise<Target[]> {
  const made = (name: string) => join(directory, name);
  const gguf = join(here, 'corpus', 'gguf-tiny.gguf');
  const model = await importModel(gguf);
  await buildWeightCache(model, made('weights.fsw'));
  writeFileSync(made('tokenizer.fstk'), model.tokenizer);
  writeFileSync(made('graph.onnx'), model.graph);
  const cache = await openWeightCache(made('weights.fsw'));
  const plan = profilingPlan(cache, 8, 1);
  await savePlan(plan, made('prefetch_plan.json'));
  await evenTimes(cache, { computeMs: 0.1, prefillTokens: 8 }).writeMetadata(made('cmt.json'));
  const cmt = await loadCmt(made('cmt.json'));
  await writeFolderFromGguf(gguf, made('original'));
  await writeFolderFromGguf(gguf, made('folder'));
  return [
    { name: 'gguf', corpus: committed('gguf-'), fileName: 'm.gguf', read: (path) => importModel(path) },
    {
      name: 'safetensors',
      corpus: [made('original/model.safetensors'), ...committed('safetensors-')],
      fileName: 'm.safetensors',
      read: (path) => readSafetensorsHeader(path),
    },
    {
      name: 'folder',
      corpus: [made('original/config.json'), ...committed('folder-')],
      fileName: 'folder/config.json',
      read: (path) => inspectModel(dirname(path)),
    },
    {
      name: 'onnx',
      corpus: [made('graph.onnx'), ...committed('onnx-')],
      fileName: 'm.onnx',
      read: (path) => inspectOnnx(path),
    },
    {
      name: 'cmt',
      corpus: [made('cmt.json'), ...committed('cmt-')],
      fileName: 'mutated-cmt.json',
      read: async (path) => checkCmt(await loadCmt(path)),
    },
    {
      name: 'plan',
      corpus: [made('prefetch_plan.json'), ...committed('plan-')],
      fileName: 'mutated-plan.json',
      read: (path) => new JsonPrefetchPlanLoader().loadFromFile(path, cmt),
    },
    {
      name: 'weight-cache',
      corpus: [made('weights.fsw'), ...committed('weight-cache-')],
      fileName: 'mutated.fsw',
      repair: repairWeightCache,
      read: async (path) => {
        const opened = await openWeightCache(path);
        uses(Tokenizer.fromBytes(await opened.readTokenizer()));
        await opened.readGraph();
      },
    },
    {
      name: 'compiled-tokenizer',
      corpus: [made('tokenizer.fstk'), ...committed('compiled-tokenizer-')],
      fileName: 'mutated.fstk',
      repair: repairTokenizer,
      read: (path) => uses(Tokenizer.fromBytes(new Uint8Array(readFileSync(path)))),
    },
    {
      name: 'tokenizer-json',
      corpus: [
        ...['llama-2.json', 't5.json', 'llama-3.json'].map((file) => join(fixtures, file)),
        ...committed('tokenizer-json-'),
      ],
      fileName: 'tokenizer.json',
      read: (path) => uses(Tokenizer.fromBytes(compileTokenizerFile(path))),
    },
    {
      name: 'sentencepiece',
      corpus: [
        ...['bpe.model', 'unigram.model', 'unigram-bytes.model'].map((file) => join(fixtures, file)),
        ...committed('sentencepiece-'),
      ],
      fileName: 'tokenizer.model',
      read: (path) => uses(Tokenizer.fromBytes(compileTokenizerFile(path))),
    },
  ];
}

/** docs/formats/weight-cache.md: the manifest's digest at 40, the header's crc32c in its last 4 bytes. */
function repairWeightCache(bytes: Buffer): void {
  if (bytes.length < 4096) return;
  const [offset, length] = [Number(bytes.readBigUInt64LE(24)), Number(bytes.readBigUInt64LE(32))];
  bytes.writeBigUInt64LE(BigInt(bytes.length), 16);
  if (offset + length <= bytes.length)
    createHash('sha256')
      .update(bytes.subarray(offset, offset + length))
      .digest()
      .copy(bytes, 40);
  bytes.writeUInt32LE(crc32c(bytes.subarray(0, 4092)), 4092);
}

/** docs/formats/tokenizer.md: the blob's length in word 2, the crc32 of all that follows in word 3. */
function repairTokenizer(bytes: Buffer): void {
  if (bytes.length < 16) return;
  bytes.writeUInt32LE(bytes.length, 8);
  bytes.writeUInt32LE(crc32(bytes.subarray(16)), 12);
}
