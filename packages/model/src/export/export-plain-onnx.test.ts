import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readGgufHeader } from '../gguf/header.ts';
import { TensorReader } from '../gguf/tensor-data.ts';
import { ModelProto } from '../onnx/generated/onnx.ts';
import { type RandomGgufOptions, writeRandomGguf } from '../testing/random-gguf.ts';
import type { GgufKind } from '../types.ts';
import { exportPlainOnnx } from './export-plain-onnx.ts';
import { plainLogits } from './testing.ts';

const directory = mkdtempSync(join(tmpdir(), 'flash-slim-export-'));
after(() => rmSync(directory, { recursive: true }));
const path = (name: string) => join(directory, name);
const runner = fileURLToPath(new URL('../../../../test/reference/run-plain-onnx.mjs', import.meta.url));

/** Logits [tokens][vocabulary] by onnxruntime-node, in a process of its own. */
function runPlainOnnx(model: string, tokens: number[]): { vocabulary: number; logits: Float32Array } {
  const out = path('logits.f32');
  const printed = execFileSync(process.execPath, [runner, model, '--out', out], { input: JSON.stringify(tokens) });
  const bytes = readFileSync(out);
  const { vocabulary } = JSON.parse(printed.toString()) as { vocabulary: number };
  return { vocabulary, logits: new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4) };
}

describe('the exported graph computes what plain loops do', () => {
  const scaling = { factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContext: 32 };
  const kinds: Record<string, GgufKind> = { 'blk.0.attn_v.weight': 'Q8_0', 'blk.1.ffn_up.weight': 'F16' };
  const models: Record<string, RandomGgufOptions> = {
    'Q4_0, tied head': { kind: 'Q4_0', seed: 3 },
    'Q4_1, untied head': { kind: 'Q4_1', tiedHead: false, seed: 4 },
    'kinds mixed, RoPE scaled': { kind: 'Q4_1', kinds, shape: { llama3Scaling: scaling, ropeBase: 500 }, seed: 5 },
    'K types mixed': {
      kind: 'Q4_K',
      kinds: { 'blk.0.attn_v.weight': 'Q6_K', 'blk.1.ffn_up.weight': 'Q5_K', 'blk.0.ffn_gate.weight': 'BF16' },
      shape: { hiddenSize: 256, feedForwardSize: 256, headSize: 64 },
      seed: 7,
    },
    'F32, one KV head': { kind: 'F32', shape: { kvHeads: 1, headSize: 32 }, seed: 6 },
  };
  for (const [name, options] of Object.entries(models)) {
    test(name, async () => {
      const gguf = path('model.gguf');
      writeRandomGguf(gguf, options);
      const exported = await exportPlainOnnx(gguf, path('plain'));
      const tokens = Array.from({ length: 40 }, (_, i) => (i * 37 + 11) % 280);
      const expected = await plainLogits(gguf, tokens);
      const { vocabulary, logits } = runPlainOnnx(exported.model, tokens);
      assert.equal(logits.length, tokens.length * vocabulary);
      const range = Math.max(...logits) - Math.min(...logits);
      expected.forEach((row, t) => {
        row.forEach((value, j) => {
          const error = Math.abs((logits[t * vocabulary + j] as number) - value);
          assert.ok(error < 1e-5 * range, `token ${t}, logit ${j}: off by ${error} in a range of ${range}`);
        });
      });
    });
  }
});

test('weights are exported exactly, each once', async () => {
  const gguf = path('model.gguf');
  writeRandomGguf(gguf, { kind: 'Q4_1' });
  const { model, data, data_bytes } = await exportPlainOnnx(gguf, path('plain'));
  const bytes = readFileSync(data);
  assert.equal(bytes.length, data_bytes);
  const graph = ModelProto.decode(readFileSync(model)).graph;
  const reader = await TensorReader.open(gguf);
  for (const tensor of readGgufHeader(gguf).tensors.values()) {
    const found = graph?.initializer.filter(({ name }) => name === tensor.name) ?? [];
    assert.equal(found.length, 1, tensor.name);
    const place = Object.fromEntries(found[0]?.externalData.map(({ key, value }) => [key, value]) ?? []);
    assert.equal(place.location, 'model.onnx.data');
    const floats = await reader.floats(tensor);
    const at = Number(place.offset);
    assert.deepEqual(bytes.subarray(at, at + Number(place.length)), Buffer.from(floats.buffer));
  }
  await reader.close();
});

describe('an export that fails leaves nothing', () => {
  const gguf = path('failing.gguf');
  writeRandomGguf(gguf, { shape: { layers: 2 } });

  test('when it is stopped, and says how far it came', async () => {
    const stop = new AbortController();
    const steps: number[] = [];
    const onProgress = (done: number, total: number) => {
      steps.push(done / total);
      if (done > total / 2) stop.abort(new Error('enough'));
    };
    await assert.rejects(exportPlainOnnx(gguf, path('made/for/it'), { onProgress, signal: stop.signal }), /enough/);
    assert.ok(steps.length > 3 && steps.every((share, i) => share > (steps[i - 1] ?? 0) && share <= 1));
    assert.ok(!existsSync(path('made')), 'directories made for it go too');
  });

  test('nor takes what was there', async () => {
    const out = path('used');
    mkdirSync(out);
    writeFileSync(join(out, 'model.onnx'), 'of before');
    const signal = AbortSignal.abort(new Error('enough'));
    await assert.rejects(exportPlainOnnx(gguf, out, { signal }), /enough/);
    assert.deepEqual(readdirSync(out), ['model.onnx']);
    assert.equal(readFileSync(join(out, 'model.onnx'), 'utf8'), 'of before');
  });

  test('when the directory cannot be written', async () => {
    writeFileSync(path('a-file'), '');
    for (const out of [path('a-file'), path('a-file/below'), '/proc/flash-slim']) {
      await assert.rejects(exportPlainOnnx(gguf, out), { name: 'ModelError', code: 'OUTPUT_UNWRITABLE' });
    }
  });

  test('when the disk is full', () => {
    // A limit on the size of files stands for the disk's: 64 blocks of 512 or 1024 bytes.
    const module = new URL('./export-plain-onnx.ts', import.meta.url).href;
    const script = `import { exportPlainOnnx } from ${JSON.stringify(module)};
      await exportPlainOnnx(${JSON.stringify(gguf)}, ${JSON.stringify(path('full'))}).catch((error) => console.log(error.code));`;
    const run = spawnSync('sh', [
      '-c',
      'ulimit -f 64; exec "$0" --input-type=module-typescript -e "$1"',
      process.execPath,
      script,
    ]);
    assert.equal(run.stdout.toString().trim(), 'DISK_FULL', run.stderr.toString());
    assert.ok(!existsSync(path('full')));
  });
});
