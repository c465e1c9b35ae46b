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

test('tensors that are stored in an unknown way, or past the end', async () => {
  const whole = readFileSync(model);
  const name = Buffer.from('blk.0.attn_q.weight');
  const dimensions = whole.indexOf(name) + name.length;
  assert.equal(whole.readUInt32LE(dimensions), 2);
  const type = dimensions + 4 + 2 * 8;
  const changed = (file: string, change: (bytes: Buffer) => void) => {
    const bytes = Buffer.from(whole);
    change(bytes);
    writeFileSync(join(directory, file), bytes);
    return swapModel(join(directory, file));
  };
  const stored = whole.readUInt32LE(type);
  assert.equal(stored, 2, 'the tensor is Q4_0');
  // IQ4_NL has Q4_0's sizes: nothing but the type is wrong.
  const known = await refused(
    changed('known.gguf', (bytes) => bytes.writeUInt32LE(20, type)),
    2,
    /attn_q.*IQ4_NL/,
  );
  assert.equal(known.code, 'UNSUPPORTED_TYPE');
  const unknown = await refused(
    changed('type.gguf', (bytes) => bytes.writeUInt32LE(99, type)),
    2,
    /attn_q.*99/,
  );
  assert.equal(unknown.code, 'UNSUPPORTED_TYPE');
  for (const offset of [whole.length, 2 ** 40, 2n ** 63n]) {
    const args = changed('offset.gguf', (bytes) => bytes.writeBigUInt64LE(BigInt(offset) & ~31n, type + 4));
    assert.equal((await refused(args, 2, /offset\.gguf.*attn_q/)).code, 'MODEL_TRUNCATED');
  }
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
  const floor = await refused([...good, '--memory-budget', '20MB'], 2, /20(\.0)? MB.*needs at least/i);
  const least = Number(/needs at least (\d+) MB/.exec(floor.message)?.[1]);
  const parts = ['process', 'tokenizer', 'KV for 64 positions', 'activations', 'room for weights', 'reserve'].map(
    (part) => {
      const [, value, unit] = new RegExp(`([\\d.]+) (B|kB|MB) ${part}`).exec(floor.message) ?? [];
      assert.ok(value, `${part} in: ${floor.message}`);
      return Number(value) * ({ B: 1e-6, kB: 1e-3 }[unit as string] ?? 1);
    },
  );
  const sum = parts.reduce((total, megabytes) => total + megabytes, 0);
  // The whole is rounded up to 1 MB, the parts to three digits.
  assert.ok(Math.abs(least - sum) < 1.5, `${sum} MB of parts make ${least} MB`);
  // What the sentence says is enough is enough, give or take what one process has more than another.
  assert.equal((await flashSlim([...good, '--memory-budget', `${least + 3}MB`], { env })).code, 0);
  await refused(good.with(good.indexOf('abc'), 'abc '.repeat(200)), 2, /64/);
  const larger = join(directory, 'larger.gguf');
  writeRandomGguf(larger, { vocabularySize: 512 });
  await refused([...good, '--tokenizer', larger], 2, /512/);
  // A file where the store should be: unwritable for root too.
  await refused(good, 2, /cannot/, { FLASH_SLIM_HOME: join(model, 'store') });
  // File systems that make no directories; mkdir's own `recursive` would never return in /proc.
  await refused(good, 2, /cannot use \/proc\/.*FLASH_SLIM_HOME/, { FLASH_SLIM_HOME: '/proc/store/deep' });
  await refused(['pull', model], 2, /cannot use \/sys\/.*FLASH_SLIM_HOME/, { FLASH_SLIM_HOME: '/sys/store' });
  await refused(['profile', '--model', model, '--out', '/proc/out/deep'], 2, /cannot use \/proc\//);
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
