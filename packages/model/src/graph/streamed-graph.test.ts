import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { planChunks } from '../architecture/chunks.ts';
import { readOutline } from '../architecture/outline.ts';
import type { Rotary } from '../architecture/rotary.ts';
import { type Changes, llamaHeader } from '../architecture/testing.ts';
import type { GgufTensor } from '../gguf/header.ts';
import { type GraphProto, ModelProto, type NodeProto } from '../onnx/generated/onnx.ts';
import { buildStreamedGraph } from './streamed-graph.ts';

function build(changes: Changes): { model: ModelProto; graph: GraphProto } {
  const header = llamaHeader(changes);
  const outline = readOutline(header);
  const norms = outline.layers.flatMap((layer) => [layer.attentionNorm, layer.feedForwardNorm]);
  const values = new Map(
    [...norms, outline.outputNorm].map((norm, index) => [norm as GgufTensor, new Float32Array(64).fill(index + 1)]),
  );
  const short = Float32Array.of(1, 0.5, 0.25, 0.125, 0.0625, 0.03125, 0.015625, 0.0078125);
  const rotary = outline.attention.layers[0]?.rotary as Rotary;
  const bytes = buildStreamedGraph(outline, planChunks(header, outline), {
    values,
    inverseFrequencies: new Map([[rotary, { short, long: null }]]),
  });
  const model = ModelProto.decode(bytes);
  assert.ok(model.graph);
  return { model, graph: model.graph };
}

const attributes = (node: NodeProto | undefined) =>
  Object.fromEntries(
    (node?.attribute ?? []).map(({ name, type, f, i, s, floats, ints }) => [
      name,
      { 1: f, 2: i, 3: s && new TextDecoder().decode(s), 6: floats, 7: ints }[type as number],
    ]),
  );

/** Every name is made once and before it is used. */
function assertWhole(graph: GraphProto): void {
  const made = new Set([...graph.input, ...graph.initializer].map(({ name }) => name));
  for (const node of graph.node) {
    for (const input of node.input) assert.ok(made.has(input), `${node.name} uses ${input}, which nothing has made`);
    for (const output of node.output.filter((name) => name !== '')) {
      assert.ok(!made.has(output), `${output} is made twice`);
      made.add(output);
    }
  }
  for (const { name } of graph.output) assert.ok(made.has(name));
}

describe('the streamed graph', () => {
  test('is a chain of few operators that name their chunks', () => {
    const { model, graph } = build({});
    assertWhole(graph);
    assert.deepEqual(
      model.opsetImport.map(({ domain, version }) => `${domain} ${version}`),
      [' 17', 'flash_slim 3'],
    );
    const layer = [
      'StreamMatMul',
      'RaggedAttention',
      'StreamMatMul',
      'RmsNorm',
      'StreamMatMul',
      'StreamMatMul',
      'RmsNorm',
    ];
    assert.deepEqual(
      graph.node.map(({ opType }) => opType),
      ['GatherRows', 'RmsNorm', ...layer, ...layer, 'Gather', 'StreamMatMul'],
    );
    const products = graph.node.filter(({ opType }) => opType === 'StreamMatMul').map(attributes);
    assert.deepEqual(
      products.map(({ weights_ids }) => weights_ids),
      [[0], [1], [2], [3], [4], [5], [6], [7], [8]],
    );
    assert.deepEqual(
      products.map(({ activation }) => activation),
      ['none', 'none', 'silu_mul', 'none', 'none', 'none', 'silu_mul', 'none', 'none'],
    );
    assert.deepEqual(attributes(graph.node[0]), { weights_id: 9 });
    assert.deepEqual(
      graph.input.map(({ name, type }) => [name, type?.tensorType?.elemType, type?.tensorType?.shape?.dim]),
      [
        ['token_ids', 7, [{ dimParam: 'T' }]],
        ['logit_rows', 7, [{ dimParam: 'R' }]],
      ],
    );
    assert.deepEqual(graph.output[0]?.type?.tensorType?.shape?.dim, [{ dimParam: 'R' }, { dimValue: 40 }]);
  });

  test('tells attention its sizes and turns', () => {
    const attention = build({}).graph.node.filter(({ opType }) => opType === 'RaggedAttention');
    assert.deepEqual(
      attention.map(attributes),
      [0, 1].map((layer) => ({
        layer,
        num_heads: 4,
        kv_num_heads: 2,
        head_size: 16,
        rotary_dim: 16,
        rotary_interleaved: 1,
        rotary_inverse_frequencies: [1, 0.5, 0.25, 0.125, 0.0625, 0.03125, 0.015625, 0.0078125],
        scale: 0.25,
      })),
    );
  });

  test('norms each branch with the weights that follow it, and adds to the residual', () => {
    const { graph } = build({});
    const first = (name: string) => {
      const raw = graph.initializer.find((tensor) => tensor.name === name)?.rawData;
      return raw && new DataView(raw.buffer, raw.byteOffset).getFloat32(0, true);
    };
    const norms = graph.node.filter(({ opType }) => opType === 'RmsNorm');
    assert.deepEqual(
      norms.map(({ input }) => first(input[1] as string)),
      [1, 2, 3, 4, 5],
    );
    assert.ok(norms.every((node) => attributes(node).epsilon === 0.5 ** 17));
    const skips = norms.slice(1);
    assert.deepEqual(
      skips.map(({ input }) => input[0]),
      ['embedded', ...skips.slice(0, -1).map(({ output }) => output[1])],
    );
  });

  test('with a tied head gathers rows of the head', () => {
    const { graph } = build({ tensors: { 'output.weight': undefined } });
    assertWhole(graph);
    assert.deepEqual(attributes(graph.node[0]), { weights_id: 8 });
    assert.deepEqual(attributes(graph.node.at(-1)).weights_ids, [8]);
  });

  test('with mixed kinds lists q, k and v, and gates in an operator of its own', () => {
    const { graph } = build({
      tensors: { 'blk.0.attn_v.weight': { kind: 'Q8_0' }, 'blk.0.ffn_up.weight': { kind: 'Q8_0' } },
    });
    assertWhole(graph);
    assert.deepEqual(attributes(graph.node[2]).weights_ids, [0, 1, 2]);
    assert.deepEqual(
      graph.node.slice(6, 10).map(({ opType }) => opType),
      ['StreamMatMul', 'StreamMatMul', 'GatedProduct', 'StreamMatMul'],
    );
    assert.deepEqual(
      [6, 7].map((at) => attributes(graph.node[at]).weights_ids),
      [[4], [5]],
    );
    const factors = graph.node.slice(6, 8).map(({ output }) => output[0]);
    assert.deepEqual(graph.node[8]?.input, factors);
    assert.deepEqual(attributes(graph.node[8]), { activation: 'silu_mul' });
    assert.deepEqual(graph.node[9]?.input, graph.node[8]?.output);
  });
});
