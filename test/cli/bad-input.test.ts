// What the caller can mend: exit code 2, one sentence on stderr, {"error"} with --json, and nothing half-made.
import assert from 'node:assert/strict';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { writeRandomGguf } from '@flash-slim/model/testing';
import { flashSlim } from './run-cli.ts';

const directory = mkdtempSync(join(tmpdir(), 'flash-slim-bad-'));
after(() => rmSync(directory, { recursive: true }));
const home = join(directory, 'home');
const env = { FLASH_SLIM_HOME: home };
const model = join(directory, 'tiny.gguf');
const good = ['generate', '--model', model, '--prompt', 'abc', '--max-decode-steps', '2', '--context-length', '64'];

/** Ends with `code` and one sentence that matches; the same as JSON on stdout; nothing unfinished in the store. */
async function refused(args: string[], code: number, message: RegExp, environment: Record<string, string> = env) {
  const outcome = await flashSlim([...args, '--json', '--quiet'], { env: environment });
  const said = `${outcome.stdout}${outcome.stderr}`;
  assert.equal(outcome.code, code, said);
  assert.match(outcome.stderr, /^flash-slim: [^\n]+\n$/);
  assert.match(outcome.stderr, message);
  const { error } = JSON.parse(outcome.stdout);
  assert.equal(`flash-slim: ${error.message}\n`, outcome.stderr);
  assert.match(error.code, /^[A-Z][A-Z0-9_]+$/);
  assert.notEqual(error.code, 'INTERNAL');
  if (existsSync(home)) {
    const left = readdirSync(home, { recursive: true }).filter((name) => /\.(partial|lock)$/.test(String(name)));
    assert.deepEqual(left, []);
  }
  return error as { code: string; message: string };
}

const swapModel = (path: string) => good.map((word) => (word === model ? path : word));

before(async () => {
  writeRandomGguf(model);
  const { code, stderr } = await flashSlim([...good, '--json'], { env });
  assert.equal(code, 0, stderr);
});

test('files that are no model', async () => {
  const file = (name: string, bytes: Uint8Array) => {
    writeFileSync(join(directory, name), bytes);
    return swapModel(join(directory, name));
  };
  const whole = readFileSync(model);
  await refused(file('text.gguf', Buffer.from('no model at all'.repeat(100))), 2, /GGUF/);
  await refused(
    file('m.tflite', Buffer.concat([Buffer.alloc(4), Buffer.from('TFL3'), Buffer.alloc(100)])),
    2,
    /tflite/i,
  );
  await refused(file('cut.gguf', whole.subarray(0, whole.length >> 1)), 2, /cut\.gguf/);
  const absurd = Buffer.from(whole);
  absurd.writeBigUInt64LE(2n ** 60n, 8); // the number of tensors
  await refused(file('absurd.gguf', absurd), 2, /absurd\.gguf/);
  const other = Buffer.from(whole);
  other.write('zzama', other.indexOf('llama'));
  await refused(file('other.gguf', other), 2, /zzama/);
  await refused(swapModel(join(directory, 'absent.gguf')), 2, /absent\.gguf/);
});

test('flags', async () => {
  const without = (flag: string) => good.toSpliced(good.indexOf(flag), 2);
  await refused([...good, '--no-such-flag'], 2, /--no-such-flag/);
  await refused(without('--prompt'), 2, /--prompt/);
  await refused(without('--model'), 2, /--model/);
  await refused([...good, '--top-k', 'many'], 2, /--top-k/);
  await refused([...good, '--temperature=-1'], 2, /--temperature/);
  await refused([...good, '--memory-budget', 'lots'], 2, /lots/);
  await refused([...good, '--kernel', process.arch === 'x64' ? 'neon' : 'avx2'], 2, /kernel/);
});

test('what the model or the budget does not allow', async () => {
  await refused([...good, '--memory-budget', '20MB'], 2, /20(\.0)? MB.*(floor|least|needs)/i);
  await refused(good.with(good.indexOf('abc'), 'abc '.repeat(200)), 2, /64/);
  const larger = join(directory, 'larger.gguf');
  writeRandomGguf(larger, { vocabularySize: 512 });
  await refused([...good, '--tokenizer', larger], 2, /512/);
  // A file where the store should be: unwritable for root too.
  await refused(good, 2, /cannot/, { FLASH_SLIM_HOME: join(model, 'store') });
});

test('a damaged cache never yields a token', async () => {
  const caches = readdirSync(home, { recursive: true }).filter((name) => String(name).endsWith('weights.fsw'));
  assert.equal(caches.length, 1); // the refused models left none
  const cache = join(home, String(caches[0]));
  copyFileSync(cache, `${cache}.whole`);
  const bytes = readFileSync(cache);
  const middle = bytes.length >> 2;
  bytes[middle] = (bytes[middle] as number) ^ 1;
  writeFileSync(cache, bytes);
  await refused(good, 1, /checksum|digest|rebuil/i);
  copyFileSync(`${cache}.whole`, cache);
  truncateSync(cache, bytes.length >> 1);
  await refused(good, 1, /flash-slim profile|rebuil/i);
  copyFileSync(`${cache}.whole`, cache);
  assert.equal((await flashSlim([...good, '--json'], { env })).code, 0);
});

test('underscores do as well', async () => {
  const args = ['--tflite_model', model, '--prompt', 'abc', '--max_decode_steps', '2', '--top_k', '5'];
  const { code, stdout, stderr } = await flashSlim(['generate', ...args, '--context_length', '64', '--json'], { env });
  assert.equal(code, 0, stderr);
  assert.ok(JSON.parse(stdout).generated_tokens <= 2);
});
