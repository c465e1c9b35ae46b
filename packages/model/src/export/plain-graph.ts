// The whole model as one graph of ONNX's own operators, weights as float32: what any ONNX runtime computes, and so the
// independent reference that the engine is held against. Nothing is shared with the streamed graph but the outline.
// One sequence from position 0, no KV cache: input_ids [1, T] -> logits [1, T, V].
//
// Matrices keep the file's order, [rows][columns], so that they can be written as they are read: Gemm transposes.
import type { LayerAttention } from '../architecture/attention.ts';
import type { LayerTensors } from '../architecture/layer-tensors.ts';
import type { ModelOutline } from '../architecture/outline.ts';
import type { InverseFrequencies, Rotary } from '../architecture/rotary.ts';
import type { GgufTensor } from '../gguf/header.ts';
import type { NodeProto, TensorProto } from '../onnx/generated/onnx.ts';
import { type Attribute, constant, node, serializeModel, valueInfo } from '../onnx/model.ts';
import type { ExpertConfig, ModelConfig } from '../types.ts';

const opset = 17;
/** Added to the scores of positions to come: softmax makes it exactly 0. */
const masked = -1e9;

class GraphBuilder {
  readonly nodes: NodeProto[] = [];
  readonly constants: TensorProto[] = [];
  #names = 0;

  op(
    opType: string,
    inputs: string[],
    attributes: Record<string, Attribute> = {},
    output = this.#fresh(opType),
    outputs = 1,
  ): string {
    const more = Array.from({ length: outputs - 1 }, () => this.#fresh(opType));
    this.nodes.push(node(opType, inputs, [output, ...more], { name: output, attributes }));
    return output;
  }

  integers(values: number[]): string {
    return this.#constant([values.length], BigInt64Array.from(values, BigInt));
  }

  integer(value: number): string {
    return this.#constant([], BigInt64Array.of(BigInt(value)));
  }

  float(value: number): string {
    return this.#constant([], Float32Array.of(value));
  }

  floats(values: Float32Array, dims = [values.length]): string {
    return this.#constant(dims, values);
  }

  reshape(input: string, shape: number[]): string {
    return this.op('Reshape', [input, this.integers(shape)]);
  }

  transpose(input: string, order: number[]): string {
    return this.op('Transpose', [input], { perm: { integers: order } });
  }

  /** x [T, columns] times the transpose of a matrix [rows][columns]. */
  product(x: string, matrix: string): string {
    return this.op('Gemm', [x, matrix], { transB: { integer: 1 } });
  }

  #constant(dims: number[], values: Float32Array | BigInt64Array): string {
    const name = this.#fresh('constant');
    this.constants.push(constant(name, dims, values));
    return name;
  }

  #fresh(prefix: string): string {
    return `${prefix}_${this.#names++}`;
  }
}

/** `weights` are the initializers, named as the file's tensors. */
export function buildPlainGraph(
  outline: ModelOutline,
  inverseFrequencies: ReadonlyMap<Rotary, InverseFrequencies>,
  weights: TensorProto[],
): Uint8Array {
  const { config, normEpsilon } = outline;
  const graph = new GraphBuilder();
  const positions = sequencePositions(graph);
  const turns = new Map(
    [...inverseFrequencies].map(([rotary, of]) => [rotary, rotaryTurns(graph, positions, rotary, of)]),
  );
  const temperature = temperatures(graph, positions, outline);
  const norm = (x: string, weights: GgufTensor | null) => (weights ? rmsNorm(graph, x, weights.name, normEpsilon) : x);

  const ids = graph.reshape('input_ids', [-1]);
  const rows = graph.op('Gather', [outline.embedding.name, ids]);
  let residual = outline.embeddingScale === 1 ? rows : graph.op('Mul', [rows, graph.float(outline.embeddingScale)]);
  outline.layers.forEach((layer, index) => {
    const attention = outline.attention.layers[index] as LayerAttention;
    const x = norm(residual, layer.attentionNorm);
    const [q, k, v] = projections(graph, x, layer, config);
    const tempered = (value: string) => (temperature ? graph.op('Mul', [value, temperature]) : value);
    const rotated = (value: string, heads: number, weights: GgufTensor | null) =>
      rotate(graph, headsOf(graph, value, heads, weights, outline), heads, outline, attention.rotary, turns);
    const attended = attend(
      graph,
      {
        q: tempered(rotated(q, config.heads, layer.queryNorm)),
        k: rotated(k, config.kvHeads, layer.keyNorm),
        v: graph.reshape(v, [-1, config.kvHeads, config.headSize]),
        mask: causalMask(graph, positions, attention.window),
      },
      outline,
    );
    const branch = graph.product(attended, layer.attentionOutput.name);
    residual = graph.op('Add', [residual, norm(branch, layer.attentionPostNorm)]);

    const y = norm(residual, layer.feedForwardNorm);
    const down = layer.router
      ? mixture(graph, y, layer, layer.router, outline)
      : feedForward(graph, y, layer.gate.name, layer.up.name, layer.down.name, outline);
    residual = graph.op('Add', [residual, norm(down, layer.feedForwardPostNorm)]);
  });
  const logits = softcapped(
    graph,
    graph.product(norm(residual, outline.outputNorm), outline.head.name),
    outline.logitSoftcap,
  );
  graph.op('Unsqueeze', [logits, graph.integers([0])], {}, 'logits');

  return serializeModel(
    config.name || config.architecture,
    {
      nodes: graph.nodes,
      initializers: [...graph.constants, ...weights],
      inputs: [valueInfo('input_ids', 'int64', [1, 'T'])],
      outputs: [valueInfo('logits', 'float', [1, 'T', config.vocabularySize])],
    },
    { '': opset },
  );
}

/** q, k and v, biases added. */
function projections(
  graph: GraphBuilder,
  x: string,
  layer: LayerTensors,
  config: ModelConfig,
): [string, string, string] {
  const products = [layer.q, layer.k, layer.v].map((matrix) => graph.product(x, matrix.name));
  if (layer.biases.length === 0) return products as [string, string, string];
  const bias = graph.op(
    'Concat',
    layer.biases.map((part) => part.name),
    { axis: { integer: 0 } },
  );
  const sum = graph.op('Add', [graph.op('Concat', products, { axis: { integer: 1 } }), bias]);
  const [q, kv] = [config.heads * config.headSize, config.kvHeads * config.headSize];
  const part = (begin: number, end: number) =>
    graph.op('Slice', [sum, graph.integers([begin]), graph.integers([end]), graph.integers([1])]);
  return [part(0, q), part(q, q + kv), part(q + kv, q + 2 * kv)];
}

/** [T, heads * headSize] -> [T, heads, headSize], normed by `weights`: of one head, or of all as one vector. */
function headsOf(
  graph: GraphBuilder,
  x: string,
  heads: number,
  weights: GgufTensor | null,
  { config, normEpsilon }: ModelOutline,
): string {
  const perHead = weights?.dimensions[0] === config.headSize;
  const normed = weights && !perHead ? rmsNorm(graph, x, weights.name, normEpsilon) : x;
  const split = graph.reshape(normed, [-1, heads, config.headSize]);
  return weights && perHead ? rmsNorm(graph, split, weights.name, normEpsilon) : split;
}

/** x / sqrt(mean(x^2) + epsilon) * weights, over the last axis. */
function rmsNorm(graph: GraphBuilder, x: string, weights: string, epsilon: number): string {
  const mean = graph.op('ReduceMean', [graph.op('Mul', [x, x])], {
    axes: { integers: [-1] },
    keepdims: { integer: 1 },
  });
  const root = graph.op('Sqrt', [graph.op('Add', [mean, graph.float(epsilon)])]);
  return graph.op('Mul', [graph.op('Div', [x, root]), weights]);
}

function feedForward(
  graph: GraphBuilder,
  x: string,
  gate: string,
  up: string,
  down: string,
  { activation }: ModelOutline,
): string {
  const gated = activated(graph, graph.product(x, gate), activation);
  return graph.product(graph.op('Mul', [gated, graph.product(x, up)]), down);
}

/** Every expert on every token, times its share, which is 0 where the router did not choose it. */
function mixture(
  graph: GraphBuilder,
  x: string,
  layer: LayerTensors,
  router: GgufTensor,
  outline: ModelOutline,
): string {
  const { count, used, feedForwardSize } = outline.config.experts as ExpertConfig;
  const { hiddenSize } = outline.config;
  const scores = graph.op('Softmax', [graph.product(x, router.name)], { axis: { integer: -1 } });
  const best = graph.op('TopK', [scores, graph.integers([used])], { axis: { integer: -1 } }, undefined, 2);
  const least = graph.op('ReduceMin', [best], { axes: { integers: [-1] }, keepdims: { integer: 1 } });
  const chosen = graph.op('Where', [graph.op('Less', [scores, least]), graph.float(0), scores]);
  const sum = graph.op('ReduceSum', [chosen, graph.integers([-1])], { keepdims: { integer: 1 } });
  const shares = outline.expertSharesAddUp ? graph.op('Div', [chosen, sum]) : chosen;
  const slice = (value: string, axis: number, begin: number, size: number) =>
    graph.op('Slice', [value, ...[begin, begin + size, axis].map((at) => graph.integers([at]))]);
  const weighed: string[] = [];
  const add = (branch: string, share: string) => weighed.push(graph.op('Mul', [branch, share]));
  const { sharedGate, sharedUp, sharedDown, sharedScore } = layer;
  if (sharedGate && sharedUp && sharedDown && sharedScore) {
    const score = graph.op('MatMul', [x, graph.reshape(sharedScore.name, [-1, 1])]);
    const branch = feedForward(graph, x, sharedGate.name, sharedUp.name, sharedDown.name, outline);
    add(branch, graph.op('Sigmoid', [score]));
  }
  for (let expert = 0; expert < count; expert++) {
    const rows = (matrix: GgufTensor, size: number) => slice(matrix.name, 0, expert * size, size);
    const [gate, up] = [rows(layer.gate, feedForwardSize), rows(layer.up, feedForwardSize)];
    add(feedForward(graph, x, gate, up, rows(layer.down, hiddenSize), outline), slice(shares, 1, expert, 1));
  }
  return weighed.reduce((sum, branch) => graph.op('Add', [sum, branch]));
}

/** GELU in its approximation by tanh (arXiv 1606.08415), as the models were trained with. */
function activated(graph: GraphBuilder, x: string, activation: ModelOutline['activation']): string {
  if (activation === 'silu') return graph.op('Mul', [x, graph.op('Sigmoid', [x])]);
  const times = (value: string, by: number) => graph.op('Mul', [value, graph.float(by)]);
  const cube = times(graph.op('Mul', [x, graph.op('Mul', [x, x])]), 0.044715);
  const tanh = graph.op('Tanh', [times(graph.op('Add', [x, cube]), Math.sqrt(2 / Math.PI))]);
  return graph.op('Mul', [times(x, 0.5), graph.op('Add', [tanh, graph.float(1)])]);
}

/** cap * tanh(x / cap). */
function softcapped(graph: GraphBuilder, x: string, cap: number): string {
  if (cap === 0) return x;
  return graph.op('Mul', [graph.op('Tanh', [graph.op('Div', [x, graph.float(cap)])]), graph.float(cap)]);
}

/** 0 to T - 1, int64. */
function sequencePositions(graph: GraphBuilder): string {
  const length = graph.op('Squeeze', [graph.op('Shape', ['input_ids'], { start: { integer: 1 } })]);
  return graph.op('Range', [graph.integer(0), length, graph.integer(1)]);
}

/** 0 where a row's position sees a column's, else `masked`: [T, T]. window 0: it sees all before it. */
function causalMask(graph: GraphBuilder, positions: string, window: number): string {
  const rows = graph.op('Unsqueeze', [positions, graph.integers([1])]);
  const columns = graph.op('Unsqueeze', [positions, graph.integers([0])]);
  const ahead = graph.op('Greater', [columns, rows]);
  const behind = graph.op('GreaterOrEqual', [graph.op('Sub', [rows, columns]), graph.integer(window)]);
  const unseen = window > 0 ? graph.op('Or', [ahead, behind]) : ahead;
  return graph.op('Where', [unseen, graph.float(masked), graph.float(0)]);
}

/** What each position's queries are multiplied by, [T, 1, 1]; null: by nothing. */
function temperatures(graph: GraphBuilder, positions: string, { attention }: ModelOutline): string | null {
  if (attention.temperature === null) return null;
  const { scale, originalContext } = attention.temperature;
  const contexts = graph.op('Cast', [graph.op('Div', [positions, graph.integer(originalContext)])], {
    to: { integer: 1 },
  });
  const growth = graph.op('Log', [graph.op('Add', [contexts, graph.float(1)])]);
  const factor = graph.op('Add', [graph.op('Mul', [growth, graph.float(scale)]), graph.float(1)]);
  return graph.reshape(factor, [-1, 1, 1]);
}

interface Turns {
  cos: string;
  sin: string;
}

/** Of each position and pair: [T, 1, dim / 2]. */
function rotaryTurns(
  graph: GraphBuilder,
  positions: string,
  rotary: Rotary,
  { short, long }: InverseFrequencies,
): Turns {
  const float = graph.op('Cast', [positions], { to: { integer: 1 } });
  const column = graph.reshape(float, [-1, 1, 1]);
  const dims = [1, 1, short.length];
  let frequencies = graph.floats(short, dims);
  if (long && rotary.factors) {
    const length = graph.op('Squeeze', [graph.op('Shape', ['input_ids'], { start: { integer: 1 } })]);
    const isLong = graph.op('Greater', [length, graph.integer(rotary.factors.shortContext)]);
    frequencies = graph.op('Where', [isLong, graph.floats(long, dims), frequencies]);
  }
  const angles = graph.op('Mul', [column, frequencies]);
  const grown = (value: string) => graph.op('Mul', [value, graph.float(rotary.magnitude)]);
  return { cos: grown(graph.op('Cos', [angles])), sin: grown(graph.op('Sin', [angles])) };
}

/** [T, heads, headSize]: the first values of each head turned by pairs. */
function rotate(
  graph: GraphBuilder,
  x: string,
  heads: number,
  { config }: ModelOutline,
  rotary: Rotary | null,
  turns: ReadonlyMap<Rotary, Turns>,
): string {
  if (rotary === null) return x;
  const { dim, interleaved } = rotary;
  const { cos, sin } = turns.get(rotary) as Turns;
  const slice = (begin: number, end: number) =>
    graph.op('Slice', [x, graph.integers([begin]), graph.integers([end]), graph.integers([2])]);
  const axis = interleaved ? 3 : 2;
  const pairs = graph.reshape(slice(0, dim), interleaved ? [-1, heads, dim / 2, 2] : [-1, heads, 2, dim / 2]);
  const half = (index: number) => graph.op('Gather', [pairs, graph.integer(index)], { axis: { integer: axis } });
  const [a, b] = [half(0), half(1)];
  const times = (value: string, by: string) => graph.op('Mul', [value, by]);
  const turned = [graph.op('Sub', [times(a, cos), times(b, sin)]), graph.op('Add', [times(a, sin), times(b, cos)])].map(
    (value) => graph.op('Unsqueeze', [value, graph.integers([axis])]),
  );
  const together = graph.reshape(graph.op('Concat', turned, { axis: { integer: axis } }), [-1, heads, dim]);
  if (dim === config.headSize) return together;
  return graph.op('Concat', [together, slice(dim, config.headSize)], { axis: { integer: 2 } });
}

/** Query heads in groups share a key and value head: [T, heads * headSize]. */
function attend(
  graph: GraphBuilder,
  { q, k, v, mask }: { q: string; k: string; v: string; mask: string },
  { config, attention }: ModelOutline,
): string {
  const { heads, kvHeads, headSize } = config;
  const group = heads / kvHeads;
  const queries = graph.transpose(graph.reshape(q, [-1, kvHeads, group, headSize]), [1, 2, 0, 3]);
  const keys = graph.op('Unsqueeze', [graph.transpose(k, [1, 2, 0]), graph.integers([1])]);
  const values = graph.op('Unsqueeze', [graph.transpose(v, [1, 0, 2]), graph.integers([1])]);
  const scaled = graph.op('Mul', [graph.op('MatMul', [queries, keys]), graph.float(attention.scale)]);
  const scores = softcapped(graph, scaled, attention.softcap);
  const shares = graph.op('Softmax', [graph.op('Add', [scores, mask])], { axis: { integer: -1 } });
  const mixed = graph.op('MatMul', [shares, values]);
  return graph.reshape(graph.transpose(mixed, [2, 0, 1, 3]), [-1, heads * headSize]);
}
