import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { TensorReader } from '../gguf/tensor-data.ts';
import { importModel, importTokenizer, inspectModel } from '../import.ts';
import { readModelHeader } from '../model-header.ts';
import { ModelProto } from '../onnx/generated/onnx.ts';
import { type FolderOptions, writeFolderFromGguf } from '../testing/folder-from-gguf.ts';
import { type RandomGgufOptions, writeRandomGguf } from '../testing/random-gguf.ts';
import { Tokenizer } from '../tokenizer/index.ts';
import type { Quantize } from './header.ts';

const directory = mkdtempSync(join(tmpdir(), 'flash-slim-folder-'));
after(() => rmSync(directory, { recursive: true }));
let count = 0;

async function makeFolder(options: FolderOptions & RandomGgufOptions = {}) {
  const name = join(directory, `m${count++}`);
  writeRandomGguf(`${name}.gguf`, { kind: 'F32', ...options });
  await writeFolderFromGguf(`${name}.gguf`, name, options);
  return { gguf: `${name}.gguf`, folder: name };
}

/** Rewrites one of the folder's JSON files. */
function edit(folder: string, name: string, changes: object): void {
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), ...changes }));
}

const idsOf = (tokenizer: Uint8Array) => {
  const compiled = Tokenizer.fromBytes(tokenizer);
  const text = '<|im_start|>user\nOn the other hand: 1234 \u00e9t\u00e9s<|im_end|>\n';
  return [compiled.encode(text, { parseSpecial: true }), compiled.encode(text), compiled.bosId, compiled.eosId];
};

describe('a Hugging Face folder', () => {
  for (const options of [
    { dtype: 'F32', tiedHead: false },
    { dtype: 'F32', shards: 3, tiedHead: true },
  ] as const) {
    test(`is the model that its GGUF is (${JSON.stringify(options)})`, async () => {
      const { gguf, folder } = await makeFolder(options);
      const [left, right] = [await importModel(gguf), await importModel(folder, { quantize: 'none' })];
      assert.deepEqual(
        { ...right.config, name: '', maxContextLength: 0 },
        { ...left.config, name: '', maxContextLength: 0 },
      );
      assert.equal(right.config.maxContextLength, left.config.maxContextLength);
      assert.equal(right.files.length, 'shards' in options ? 3 : 1);
      assert.deepEqual(idsOf(right.tokenizer), idsOf(left.tokenizer));
      assert.equal(right.chatTemplate, left.chatTemplate);
      const shape = ({ name, kind, rows, columns, op, head, gathered }: (typeof left.chunks)[0]) => ({
        ...{ name, kind, rows, columns, op, head, gathered },
      });
      assert.deepEqual(right.chunks.map(shape), left.chunks.map(shape));
    });
  }

  test('has q and k as their authors have them: halves of a head rotate, not neighbours', async () => {
    const { gguf, folder } = await makeFolder({ dtype: 'F32' });
    const interleaved = async (path: string) => {
      const { graph } = ModelProto.decode((await importModel(path, { quantize: 'none' })).graph);
      const nodes = graph?.node.filter((node) => node.opType === 'RaggedAttention') ?? [];
      return new Set(nodes.map((node) => node.attribute.find(({ name }) => name === 'rotary_interleaved')?.i));
    };
    assert.deepEqual([await interleaved(gguf), await interleaved(folder)], [new Set([1]), new Set([0])]);
    // Row 2j + i of a head there is row i * n/2 + j here.
    const rows = async (path: string) => {
      const { files, tensors } = readModelHeader(path, { quantize: 'none' });
      const reader = await TensorReader.open(files);
      const tensor = tensors.get('blk.0.attn_k.weight');
      assert.ok(tensor);
      const values = await reader.floats(tensor);
      await reader.close();
      const columns = tensor.dimensions[0] as number;
      return (row: number) => values.subarray(row * columns, (row + 1) * columns);
    };
    const [theirs, ours] = [await rows(folder), await rows(gguf)];
    const { headSize, kvHeads } = inspectModel(gguf).config;
    for (let head = 0; head < kvHeads; head++) {
      for (let j = 0; j < headSize / 2; j++) {
        for (const i of [0, 1]) {
          assert.deepEqual(theirs(head * headSize + (i * headSize) / 2 + j), ours(head * headSize + 2 * j + i));
        }
      }
    }
  });

  test('is quantized as asked; embedding and head keep 8 bits, norms all of them', async () => {
    const { folder } = await makeFolder({ dtype: 'BF16', tiedHead: false });
    const kinds = (quantize?: Quantize) =>
      new Set(
        inspectModel(folder, { quantize }).chunks.map(
          ({ name, kind }) => `${name.replace(/^layer \d/, 'layer')} ${kind}`,
        ),
      );
    const all = (layer: string, rest: string) =>
      new Set([
        ...['qkv', 'attn_output', 'gate_up', 'down'].map((part) => `layer ${part} ${layer}`),
        ...['output head', 'embedding'].map((part) => `${part} ${rest}`),
      ]);
    assert.deepEqual(kinds(), all('Q8_0', 'Q8_0'));
    assert.deepEqual(kinds('q4_0'), all('Q4_0', 'Q8_0'));
    assert.deepEqual(kinds('q4_1'), all('Q4_1', 'Q8_0'));
    const { tensors } = inspectModel(folder, { quantize: 'q4_0' }).chunks[0] ?? { tensors: [] };
    assert.deepEqual(
      tensors.map(({ form, bytes, rows }) => [form, bytes / rows]),
      tensors.map(() => ['BF16', 2 * (inspectModel(folder).config.hiddenSize ?? 0)]),
    );
    const f16 = await makeFolder({ dtype: 'F16' });
    const chunk = inspectModel(f16.folder, { quantize: 'none' }).chunks[0];
    assert.deepEqual([chunk?.kind, chunk?.tensors[0]?.form], ['F16', undefined]);
  });

  test('can be named by its weights, and gives its tokenizer alone', async () => {
    const { gguf, folder } = await makeFolder({ dtype: 'F32' });
    assert.deepEqual(inspectModel(join(folder, 'model.safetensors')).chunks, inspectModel(folder).chunks);
    assert.deepEqual(idsOf(await importTokenizer(folder)), idsOf(await importTokenizer(gguf)));
  });

  test('that computes what is not known is refused', async () => {
    const refuses = async (file: string, changes: object, code: string, message: RegExp) => {
      const { folder } = await makeFolder({ dtype: 'F32' });
      edit(folder, file, changes);
      await assert.rejects(importModel(folder), { code, message });
    };
    const config = (changes: object, code: string, message: RegExp) => refuses('config.json', changes, code, message);
    await config({ model_type: 'mamba' }, 'UNSUPPORTED_ARCHITECTURE', /model_type "mamba".*llama/);
    await config({ hidden_act: 'relu' }, 'UNSUPPORTED_ARCHITECTURE', /"relu"/);
    await config({ quantization_config: { quant_method: 'gptq' } }, 'UNSUPPORTED_ARCHITECTURE', /quantized already/);
    await config({ num_local_experts: 8 }, 'UNSUPPORTED_ARCHITECTURE', /mixture/);
    await config({ rope_scaling: { rope_type: 'dynamic', factor: 2 } }, 'UNSUPPORTED_ARCHITECTURE', /"dynamic"/);
    await config({ hidden_size: undefined }, 'MODEL_INVALID', /lacks hidden_size/);
    await config({ model_type: 'qwen2', rope_theta: undefined }, 'MODEL_INVALID', /lacks rope_theta/);
    await config({ model_type: 'mistral' }, 'MODEL_INVALID', /lacks sliding_window/);
    await config({ tie_word_embeddings: false }, 'MODEL_INVALID', /lm_head.weight is missing/);
    await config({ hidden_size: -1 }, 'MODEL_INVALID', /hidden_size is -1/);
    await config({ num_hidden_layers: 1e9 }, 'MODEL_INVALID', /missing/);
    await config({ intermediate_size: 64 }, 'MODEL_INVALID', /shape/);
    await config({ num_hidden_layers: 1 }, 'UNSUPPORTED_ARCHITECTURE', /no part/);
    await refuses('tokenizer.json', { model: { type: 'WordPiece' } }, 'UNSUPPORTED_TOKENIZER', /WordPiece/);
    const { folder } = await makeFolder({ dtype: 'F32' });
    writeFileSync(join(folder, 'config.json'), '{');
    await assert.rejects(importModel(folder), { code: 'MODEL_INVALID', message: /not JSON/ });
    rmSync(join(folder, 'config.json'));
    await assert.rejects(importModel(folder), { code: 'MODEL_UNREADABLE' });
  });
});
