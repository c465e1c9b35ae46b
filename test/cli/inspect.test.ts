// `inspect` on everything this project reads or writes, whole and damaged.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { writeRandomGguf } from '@flash-slim/model/testing';
import { flashSlim } from './run-cli.ts';

const directory = mkdtempSync(join(tmpdir(), 'flash-slim-inspect-'));
after(() => rmSync(directory, { recursive: true }));
const at = (name: string) => join(directory, name);
const env = { FLASH_SLIM_HOME: at('home') };
const model = at('tiny.gguf');
const profiled = at('profiled');
const plan = join(profiled, 'prefetch_plan.json');
const cmt = join(profiled, 'weight_chunks_metadata_table.json');

const cli = (args: string[]) => flashSlim(args, { env });
async function succeed(args: string[]): Promise<string> {
  const { code, stdout, stderr } = await cli(args);
  assert.equal(code, 0, stderr);
  return stdout;
}

async function inspect(path: string) {
  const text = await succeed(['inspect', path]);
  assert.match(text, /^sound +yes: /m);
  const value = JSON.parse(await succeed(['inspect', path, '--json']));
  assert.equal(value.sound, true);
  return { text, value };
}

async function refused(path: string, code: RegExp) {
  const { stdout, code: exit } = await cli(['inspect', path, '--json', '--quiet']);
  assert.ok(exit === 1 || exit === 2, `${exit}`);
  assert.match(JSON.parse(stdout).error.code, code);
}

before(async () => {
  writeRandomGguf(model);
  await succeed(['profile', '--model', model, '--out', profiled, '--quiet']);
  const device = at('device_profile.json');
  await succeed(['probe', '--quick', '--path', directory, '--output', device, '--quiet']);
  const budget = ['--memory-budget', '180MB', '--context-length', '64', '--device', device];
  await succeed(['plan', '--cmt', cmt, ...budget, '--output', plan, '--quiet']);
});

/** A copy with one change. */
function changed(path: string, name: string, change: (bytes: Buffer) => Buffer | undefined): string {
  const bytes = readFileSync(path);
  writeFileSync(at(name), change(bytes) ?? bytes);
  return at(name);
}

test('a GGUF: its tensors by type, and whether it can be run', async () => {
  const { text, value } = await inspect(model);
  assert.match(text, /^GGUF model: .*tiny\.gguf$/m);
  assert.match(text, /^ {2}Q4_0 +\d+ +[\d.]+ kB$/m);
  assert.match(text, /^runs here +yes$/m);
  assert.equal(value.kind, 'gguf');
  assert.equal(value.config.architecture, 'llama');
  assert.ok(value.tensors.some(({ name }: { name: string }) => name === 'blk.0.attn_q.weight'));
  const other = changed(model, 'other.gguf', (bytes) => void bytes.write('zzama', bytes.indexOf('llama')));
  const strange = await inspect(other);
  assert.equal(strange.value.runs, false);
  assert.match(strange.value.reason, /zzama/);
  await refused(
    changed(model, 'cut.gguf', (bytes) => bytes.subarray(0, bytes.length >> 1)),
    /MODEL_TRUNCATED/,
  );
});

test('a weight cache, by its file and by its folder', async () => {
  const { text, value } = await inspect(profiled);
  assert.match(text, /^weight cache: .*weights\.fsw$/m);
  assert.equal(value.chunks.length, (await inspect(join(profiled, 'weights.fsw'))).value.chunks.length);
  const cache = join(profiled, 'weights.fsw');
  await refused(
    changed(cache, 'header.fsw', (bytes) => void bytes.writeUInt8(bytes.readUInt8(100) ^ 1, 100)),
    /CACHE_CORRUPT/,
  );
  await refused(
    changed(cache, 'cut.fsw', (bytes) => bytes.subarray(0, bytes.length - 4096)),
    /CACHE_TRUNCATED/,
  );
});

test('a CMT and a plan, held against the cache and the table beside them', async () => {
  assert.match((await inspect(cmt)).text, /^sound +yes: .*the cache beside it is the one meant$/m);
  const { text, value } = await inspect(plan);
  assert.match(text, /^sound +yes: .*the table beside it has the same chunks$/m);
  assert.match(text, /resident weights/);
  assert.ok(value.groups.length > 0);
  const text0 = readFileSync(plan, 'utf8');
  writeFileSync(at('plan.json'), text0.replace(/"slot_count": ?\d+/, '"slot_count": -1'));
  await refused(at('plan.json'), /PLAN_INVALID/);
  writeFileSync(at('cmt.json'), readFileSync(cmt, 'utf8').replace(/"rows": ?\d+/, '"rows": 3'));
  await refused(at('cmt.json'), /CMT_INVALID/);
});

test('safetensors, an adapter', async () => {
  const tensors = { 'l.q_proj.lora_A.weight': [4, 16], 'l.q_proj.lora_B.weight': [32, 4] };
  writeAdapter('adapter', tensors);
  const { text, value } = await inspect(at('adapter'));
  assert.match(text, /^rank +4$/m);
  assert.deepEqual(value.pairs, [{ name: 'l.q_proj', rank: 4, columns: 16, rows: 32 }]);
  assert.equal((await inspect(join(at('adapter'), 'adapter_model.safetensors'))).value.tensors.length, 2);
  writeAdapter('half', { 'l.q_proj.lora_A.weight': [4, 16] });
  await refused(at('half'), /MODEL_INVALID/);
});

function writeAdapter(name: string, shapes: Record<string, number[]>): void {
  let end = 0;
  const header: Record<string, object> = {};
  for (const [tensor, shape] of Object.entries(shapes)) {
    const bytes = 4 * shape.reduce((a, b) => a * b);
    header[tensor] = { dtype: 'F32', shape, data_offsets: [end, end + bytes] };
    end += bytes;
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  mkdirSync(at(name));
  writeFileSync(join(at(name), 'adapter_model.safetensors'), Buffer.concat([length, json, Buffer.alloc(end)]));
  writeFileSync(join(at(name), 'adapter_config.json'), '{"peft_type": "LORA", "r": 4, "lora_alpha": 8}');
}

test('an ONNX model with its weights beside it', async () => {
  await succeed(['export-onnx', '--model', model, '--out', at('onnx')]);
  const { text, value } = await inspect(at('onnx'));
  assert.match(text, /^ONNX model: /m);
  assert.ok(value.operators.some(([name]: [string]) => name === 'MatMul'));
  assert.ok(value.externalFiles[0].bytes > 0);
  const data = join(at('onnx'), 'model.onnx.data');
  writeFileSync(data, readFileSync(data).subarray(0, 1000));
  await refused(at('onnx'), /MODEL_TRUNCATED/);
  rmSync(data);
  await refused(at('onnx'), /MODEL_TRUNCATED/);
  writeFileSync(at('text.onnx'), 'no model');
  await refused(at('text.onnx'), /MODEL_INVALID/);
});

test('what is nothing of this', async () => {
  writeFileSync(at('note.txt'), 'hello');
  await refused(at('note.txt'), /NOT_A_MODEL/);
  await refused(at('absent'), /FILE_UNREADABLE/);
  await refused('/dev/null', /FILE_UNREADABLE/);
});
