// What this project writes itself: weight cache, CMT, plan, device profile, compiled tokenizer.
import { readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { loadCmt } from '@flash-slim/cmt';
import { Tokenizer } from '@flash-slim/model/tokenizer';
import { compileTokenizerFile } from '@flash-slim/model/tokenizer/compile';
import { checkPlan, checkPlanAgainst, explainPlan, formatBytes, loadDeviceProfile } from '@flash-slim/plan';
import { openWeightCache } from '@flash-slim/weight-cache';
import { describeDevice } from '../device/describe-device.ts';
import { CliError } from '../errors.ts';
import { cmtFileName } from '../prepare.ts';
import { type Inspection, sumBy } from './inspection.ts';
import { configFacts } from './models.ts';

export async function inspectWeightCache(path: string): Promise<Inspection> {
  const cache = await openWeightCache(path);
  const { manifest } = cache;
  const tokenizer = Tokenizer.fromBytes(await cache.readTokenizer());
  const graph = await cache.readGraph();
  return {
    kind: 'weight cache',
    facts: [
      ['size', formatBytes(cache.fileBytes)],
      ['layout', `version ${manifest.layout_version}`],
      ...configFacts(manifest.model.config),
      ['made from', `${manifest.model.digest}, ${formatBytes(manifest.model.file_bytes)}`],
      ['chat template', manifest.chat_template === null ? 'no' : 'yes'],
      ['tokenizer', `${tokenizer.vocabularySize} tokens, ${formatBytes(manifest.tokenizer.bytes)}`],
      ['graph', formatBytes(graph.length)],
      ['checksums', manifest.chunks.reduce((sum, chunk) => sum + chunk.unit_crc32c.length, 0)],
    ],
    tables: [
      {
        title: `${manifest.chunks.length} chunks in order of use`,
        head: ['type', 'chunks', 'bytes'],
        rows: sumBy(
          manifest.chunks,
          ({ kind }) => kind,
          ({ bytes }) => bytes,
        ),
      },
    ],
    checked:
      'header, manifest, tokenizer and graph agree with their digests (`flash-slim cache verify` checks every weight)',
    value: {
      bytes: cache.fileBytes,
      digest: cache.manifestDigest,
      model: manifest.model,
      chunks: manifest.chunks.map(({ unit_crc32c, ...chunk }) => ({ ...chunk, units: unit_crc32c.length })),
    },
  };
}

export async function inspectCmt(path: string): Promise<Inspection> {
  const cmt = await loadCmt(path);
  const { metadata, weight_chunks: rows } = cmt;
  const computeMs = (mode: 'PREFILL' | 'DECODE') =>
    rows[mode].reduce((sum, row) => sum + row.avg_compute_time, 0).toFixed(1);
  const slowest = rows.DECODE.toSorted((a, b) => b.avg_compute_time - a.avg_compute_time).slice(0, 10);
  return {
    kind: 'chunk metadata table',
    facts: [
      ['version', metadata.version],
      ...configFacts(metadata.model_config),
      ['of the cache', `${metadata.weight_cache}, ${metadata.weight_cache_digest}`],
      ['decode', `${rows.DECODE.length} chunks, ${computeMs('DECODE')} ms of products`],
      ['prefill', `${rows.PREFILL.length} chunks, ${computeMs('PREFILL')} ms of products`],
    ],
    tables: [
      {
        title: 'the slowest chunks in decode',
        head: ['chunk', 'type', 'rows', 'columns', 'bytes', 'ms'],
        rows: slowest.map((row) => [
          row.tensors.join(' + '),
          row.kind,
          `${row.rows}`,
          `${row.columns}`,
          formatBytes(row.origin_size),
          row.avg_compute_time.toFixed(3),
        ]),
      },
    ],
    checked: await againstCache(path, metadata.weight_cache, metadata.weight_cache_digest),
    value: { metadata, chunks: rows },
  };
}

/** A table and its cache must belong together; the cache may be elsewhere. */
async function againstCache(path: string, file: string, digest: string): Promise<string> {
  const fields = 'every field agrees with the schema and the others';
  const cachePath = join(dirname(path), file);
  if (statSync(cachePath, { throwIfNoEntry: false }) === undefined) return `${fields}; its cache is not beside it`;
  const cache = await openWeightCache(cachePath);
  if (cache.manifestDigest === digest) return `${fields}, and the cache beside it is the one meant`;
  throw new CliError(
    'CMT_INVALID',
    `${path} is of the cache ${digest}, and ${cachePath} is ${cache.manifestDigest}: run \`flash-slim profile\` again`,
  );
}

const maxPlanBytes = 64 << 20;

export async function inspectPlan(path: string): Promise<Inspection> {
  if (statSync(path).size > maxPlanBytes) throw new CliError('PLAN_INVALID', `${path} is larger than any plan`);
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new CliError('PLAN_INVALID', `${path} is no JSON: ${(cause as Error).message}`, { cause });
  }
  const beside = join(dirname(path), cmtFileName);
  const cmt = statSync(beside, { throwIfNoEntry: false }) === undefined ? null : await loadCmt(beside);
  const plan = checkPlan(value);
  const same = cmt?.metadata.weight_cache_digest === plan.metadata.weight_cache_digest;
  if (same && cmt !== null) checkPlanAgainst(plan, cmt);
  return {
    kind: 'prefetch plan',
    facts: [
      ['strategy', plan.metadata.strategy],
      ['of the cache', plan.metadata.weight_cache_digest],
      ['groups', plan.groups.length],
    ],
    tables: [],
    text: explainPlan(plan),
    checked: same
      ? 'every field, and the table beside it has the same chunks'
      : 'every field agrees with the schema and the others',
    value: { metadata: plan.metadata, groups: plan.groups },
  };
}

export async function inspectDeviceProfile(path: string): Promise<Inspection> {
  const profile = await loadDeviceProfile(path);
  return {
    kind: 'device profile',
    facts: [],
    tables: [],
    text: describeDevice(profile),
    checked: 'every field agrees with the schema',
    value: profile,
  };
}

/** A compiled one as it is, another is compiled first: what does not compile cannot be used. */
export function inspectTokenizer(path: string, compiled: boolean): Inspection {
  const bytes = compiled ? new Uint8Array(readFileSync(path)) : compileTokenizerFile(path);
  const tokenizer = Tokenizer.fromBytes(bytes);
  const name = (id: number | null) =>
    id === null ? 'none' : `${id} ${JSON.stringify(tokenizer.decode([id], { skipSpecial: false }))}`;
  const ends = [...tokenizer.endOfGenerationIds];
  return {
    kind: compiled ? 'compiled tokenizer' : 'tokenizer',
    facts: [
      ['vocabulary', `${tokenizer.vocabularySize} tokens`],
      ['compiled', formatBytes(bytes.length)],
      ['beginning of text', `${name(tokenizer.bosId)}${tokenizer.addBos ? ', added' : ''}`],
      ['end of text', name(tokenizer.eosId)],
      ['ends a generation', ends.map((id) => name(id)).join(', ')],
      ['"Hello world"', `tokens ${[...tokenizer.encode('Hello world')].join(', ')}`],
    ],
    tables: [],
    checked: compiled ? 'checksum, offsets and ids' : 'it compiles, and the compiled form passes its checks',
    value: {
      vocabulary_size: tokenizer.vocabularySize,
      compiled_bytes: bytes.length,
      bos: tokenizer.bosId,
      eos: tokenizer.eosId,
      end_of_generation: ends,
    },
  };
}
