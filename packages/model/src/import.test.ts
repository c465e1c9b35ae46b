import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readGgufHeader } from './gguf/header.ts';
import { importModel, importTokenizer, inspectModel } from './import.ts';
import { ModelProto } from './onnx/generated/onnx.ts';
import { writeRandomGguf } from './testing/random-gguf.ts';
import { Tokenizer } from './tokenizer/index.ts';

const directory = mkdtempSync(join(tmpdir(), 'flash-slim-import-'));
after(() => rmSync(directory, { recursive: true }));
const path = join(directory, 'model.gguf');

test('an imported model has its graph, weights, tokenizer and chat template', async () => {
  const { fileBytes } = writeRandomGguf(path, { tiedHead: false });
  const model = await importModel(path);
  assert.equal(model.fileBytes, fileBytes);
  assert.equal(model.config.vocabularySize, 288);
  assert.match(model.chatTemplate ?? '', /im_start/);
  const tokenizer = Tokenizer.fromBytes(model.tokenizer);
  assert.equal(tokenizer.decode(tokenizer.encode('on the other hand')), 'on the other hand');
  assert.deepEqual(await importTokenizer(path), model.tokenizer);

  const { chunks, headerDigest } = inspectModel(path);
  assert.deepEqual(chunks, model.chunks);
  assert.match(headerDigest, /^sha256:/);
  const asked = ModelProto.decode(model.graph).graph?.node.flatMap(({ attribute }) =>
    attribute.flatMap(({ name, i, ints }) => (name === 'weights_id' ? [i] : name === 'weights_ids' ? ints : [])),
  );
  assert.deepEqual(
    asked?.toSorted((a, b) => Number(a) - Number(b)),
    chunks.map(({ weightsId }) => weightsId),
  );
});

test("norms are the file's own", async () => {
  writeRandomGguf(path, {});
  const bytes = readFileSync(path);
  const { tensors } = readGgufHeader(path);
  const initializers = ModelProto.decode((await importModel(path)).graph).graph?.initializer ?? [];
  assert.equal(initializers.length, 2 * 3 + 1);
  for (const { name, rawData } of initializers) {
    const tensor = tensors.get(`${name.replace(/^layer (\d+) /, 'blk.$1.')}.weight`);
    assert.ok(tensor && rawData, name);
    assert.deepEqual(Buffer.from(rawData), bytes.subarray(tensor.offset, tensor.offset + tensor.bytes), name);
  }
});

test('a file without a tokenizer is refused by its code', async () => {
  writeRandomGguf(path, {});
  const bytes = readFileSync(path);
  bytes.write('x', bytes.indexOf('tokenizer.ggml.model'));
  writeFileSync(path, bytes);
  await assert.rejects(importModel(path), { name: 'TokenizerError', code: 'INVALID_TOKENIZER' });
});

const real = process.env.FLASH_SLIM_TEST_MODEL;
const skip = real ? false : 'FLASH_SLIM_TEST_MODEL names no model';
test('SmolLM2-135M-Instruct', { skip }, async (t) => {
  const sha256 = createHash('sha256')
    .update(readFileSync(real as string))
    .digest('hex');
  if (sha256 !== 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53') {
    t.skip(`${real} is another model than the one whose facts this test knows`);
    return;
  }
  const model = await importModel(real as string);
  const { name, ...config } = model.config;
  assert.deepEqual(config, {
    architecture: 'llama',
    layers: 30,
    hiddenSize: 576,
    feedForwardSize: 1536,
    heads: 9,
    kvHeads: 3,
    headSize: 64,
    vocabularySize: 49152,
    maxContextLength: 8192,
    tiedHead: true,
  });
  assert.match(name, /smollm2/i);
  assert.equal(model.chunks.length, 30 * 4 + 1);
  const streamed = model.chunks.flatMap(({ tensors }) => tensors).reduce((sum, { bytes }) => sum + bytes, 0);
  // All of the file but its header (1,785,664 bytes) and 61 norms of 576 floats.
  assert.equal(streamed, 98362432 - 1785664 - 61 * 576 * 4);
  assert.equal(Tokenizer.fromBytes(model.tokenizer).vocabularySize, 49152);
});
