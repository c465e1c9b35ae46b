import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { importModel, inspectModel } from '../import.ts';
import { ModelError } from '../model-error.ts';
import { ModelProto } from '../onnx/generated/onnx.ts';
import { type OnnxFolderOptions, onnxShape, writeOnnxFolder } from '../testing/onnx-folder.ts';
import { Random } from '../testing/random.ts';
import { skimModel } from './skim.ts';

const directory = mkdtempSync(join(tmpdir(), 'flash-slim-onnx-'));
after(() => rmSync(directory, { recursive: true }));
let count = 0;

function makeFolder(options: OnnxFolderOptions = {}): string {
  const folder = join(directory, `m${count++}`);
  writeOnnxFolder(folder, options);
  return folder;
}

const operators = (graph: Uint8Array) => ModelProto.decode(graph).graph?.node.map(({ opType }) => opType) ?? [];

describe('the graph of an ONNX folder', () => {
  test('becomes one of streamed operators, few of them, without mask and caches', async () => {
    const model = await importModel(makeFolder());
    const layer = ['StreamMatMul', 'RaggedAttention', 'StreamMatMul', 'SkipSimplifiedLayerNormalization'];
    const feedForward = ['StreamMatMul', 'StreamMatMul', 'SkipSimplifiedLayerNormalization'];
    assert.deepEqual(operators(model.graph), [
      ...['Reshape', 'GatherRows', 'SimplifiedLayerNormalization'],
      ...[...layer, ...feedForward, ...layer, ...feedForward],
      ...['Gather', 'StreamMatMul', 'Reshape'],
    ]);
    const { hidden, layers, heads, kvHeads, headSize, vocabulary, positions } = onnxShape;
    const widest = (heads + 2 * kvHeads) * headSize;
    assert.deepEqual(model.config, {
      ...{
        architecture: 'llama',
        name: 'm0',
        layers,
        hiddenSize: hidden,
        feedForwardSize: widest,
        heads,
        kvHeads,
        headSize,
      },
      ...{ vocabularySize: vocabulary, maxContextLength: positions, tiedHead: true },
    });
    assert.deepEqual(model.chunks.map(({ kind, rows, arrangement }) => `${kind} ${rows} ${arrangement}`).slice(0, 4), [
      'Q4_N 256 concatenated',
      'Q4_N 128 concatenated',
      'Q4_N 384 row-blocks-alternating',
      'Q4_N 128 concatenated',
    ]);
    assert.deepEqual(
      model.files.map(({ path }) => path.endsWith('model.onnx.data')),
      [true],
    );
  });

  test('fuses q, k and v where nothing stands between, and joins them where something does', async () => {
    const fused = await importModel(makeFolder({ separate: true }));
    assert.equal(fused.chunks[0]?.tensors.length, 3);
    assert.ok(!operators(fused.graph).includes('Concat'));
    const joined = await importModel(makeFolder({ separate: true, bias: true }));
    assert.equal(joined.chunks[0]?.tensors.length, 1);
    assert.equal(operators(joined.graph).filter((one) => one === 'Concat').length, onnxShape.layers);
  });

  test('keeps weights where they lie, also inside model.onnx', async () => {
    const folder = makeFolder({ embedded: true });
    const { files, chunks } = await importModel(folder);
    assert.deepEqual(
      files.map(({ path }) => path),
      [join(folder, 'model.onnx')],
    );
    const bytes = readFileSync(join(folder, 'model.onnx'));
    const { graph } = ModelProto.decode(bytes);
    for (const { name, offset, bytes: size } of chunks.flatMap(({ tensors }) => tensors)) {
      const raw = graph?.initializer.find((tensor) => tensor.name === name)?.rawData;
      assert.deepEqual(Buffer.from(raw ?? []), bytes.subarray(offset, offset + size));
    }
  });

  test('is found by folder, by file, and below the folder that says what it is', () => {
    const folder = makeFolder({ embedded: true });
    const { chunks } = inspectModel(folder);
    assert.deepEqual(inspectModel(join(folder, 'model.onnx')).chunks, chunks);
    const above = join(directory, 'above');
    mkdirSync(join(above, 'onnx'), { recursive: true });
    writeFileSync(join(above, 'onnx', 'model.onnx'), readFileSync(join(folder, 'model.onnx')));
    writeFileSync(join(above, 'config.json'), JSON.stringify({ model_type: 'qwen2', max_position_embeddings: 77 }));
    for (const path of [above, join(above, 'onnx', 'model.onnx')]) {
      const { architecture, maxContextLength } = inspectModel(path).config;
      assert.deepEqual([architecture, maxContextLength], ['qwen2', 77]);
    }
  });

  test('is refused with the node that stands in the way', () => {
    const refuses = (options: OnnxFolderOptions, message: RegExp) =>
      assert.throws(() => inspectModel(makeFolder(options)), { code: 'UNSUPPORTED_GRAPH', message });
    const node = (strange: OnnxFolderOptions['strange'], message: RegExp) =>
      refuses({ strange: strange as object as never }, message);
    node({ opType: 'CumSum', inputs: ['embedded', 'one'] }, /"node strange" \(CumSum\).*one by one/);
    node({ opType: 'Conv' }, /\(Conv\)/);
    node({ opType: 'Softmax', attributes: { axis: { integer: 1 } } }, /along axis 1/);
    node({ opType: 'ReduceMean', inputs: ['embedded', 'one'] }, /along the axes 1/);
    node({ opType: 'MultiHeadAttention', domain: 'com.microsoft' }, /com.microsoft.MultiHeadAttention/);
    node({ opType: 'Add', inputs: ['embedded', 'attention_mask'] }, /needs the model's input attention_mask/);
    node({ opType: 'StreamMatMul', domain: 'flash_slim' }, /flash_slim.StreamMatMul.*streamed graphs/);
    node({ opType: 'Mul', inputs: ['embedded', 'nowhere'] }, /nothing makes its input nowhere/);
    const circle: OnnxFolderOptions = { strange: { opType: 'Add', inputs: ['embedded', 'l0.in'] } };
    assert.throws(() => inspectModel(makeFolder(circle)), { code: 'MODEL_INVALID', message: /before its input l0.in/ });
    refuses({ floats: true }, /MatMul.*column by column/);
    refuses({ blockSize: 16 }, /blocks have 16 values/);
  });
});

test('a model.onnx that was damaged anyhow gives a ModelError or a model', () => {
  const sound = readFileSync(join(makeFolder({ embedded: true }), 'model.onnx'));
  const folder = makeFolder({ embedded: true });
  const path = join(folder, 'model.onnx');
  const random = new Random(11);
  const pick = (n: number) => random.u32() % n;
  // Where structure is: names, shapes and lengths, not the noise that weights are.
  const { model } = skimModel(path);
  const structure = Math.min(sound.length, 60_000);
  assert.ok(model.graph);
  let refused = 0;
  for (let round = 0; round < 400; round++) {
    let bytes = Buffer.from(sound);
    for (let change = 0; change <= pick(4); change++) {
      const at = pick(2) === 0 ? pick(structure) : pick(bytes.length);
      const how = pick(8);
      if (how === 0) bytes = bytes.subarray(0, at + 1);
      else if (how === 1) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.max(0, at - pick(60)))]);
      else if (how === 2) bytes.fill(0xff, Math.min(at, bytes.length), Math.min(at + 1 + pick(9), bytes.length));
      else bytes[at] = pick(256);
    }
    writeFileSync(path, bytes);
    try {
      inspectModel(folder);
    } catch (error) {
      assert.ok(error instanceof ModelError, `round ${round}: ${(error as Error).stack}`);
      refused++;
    }
  }
  assert.ok(refused > 50, `${refused} were refused`);
});
