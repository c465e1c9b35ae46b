// The whole model as one graph of ONNX's own operators, weights as float32: what any ONNX runtime computes, and so the
// independent reference that the engine is held against. Nothing is shared with the streamed graph but the outline.
// One sequence from position 0, no KV cache: input_ids [1, T] -> logits [1, T, V].
//
// Matrices keep the file's order, [rows][columns], so that they can be written as they are read: Gemm transposes.
import type { ModelOutline } from '../architecture/outline.ts';
import type { NodeProto, TensorProto } from '../onnx/generated/onnx.ts';
import { type Attribute, constant, node, serializeModel, valueInfo } from '../onnx/model.ts';

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
  ): string {
    this.nodes.push(node(opType, inputs, [output], { name: output, attributes }));
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

/** `weights` are the initializers, named as the file's tensors; `inverseFrequencies` is [rotary.dim / 2]. */
export function buildPlainGraph(
  outline: ModelOutline,
  inverseFrequencies: Float32Array,
  weights: TensorProto[],
): Uint8Array {
  const { config } = outline;
  const graph = new GraphBuilder();
  const positions = sequencePositions(graph);
  const turns = rotaryTurns(graph, positions, inverseFrequencies);
  const mask = causalMask(graph, positions);

  const ids = graph.reshape('input_ids', [-1]);
  let residual = graph.op('Gather', [outline.embedding.name, ids]);
  for (const layer of outline.layers) {
    const x = rmsNorm(graph, residual, layer.attentionNorm.name, outline.normEpsilon);
    const q = rotate(graph, graph.product(x, layer.q.name), config.heads, outline, turns);
    const k = rotate(graph, graph.product(x, layer.k.name), config.kvHeads, outline, turns);
    const v = graph.reshape(graph.product(x, layer.v.name), [-1, config.kvHeads, config.headSize]);
    const attended = attention(graph, { q, k, v, mask }, outline);
    residual = graph.op('Add', [residual, graph.product(attended, layer.attentionOutput.name)]);

    const y = rmsNorm(graph, residual, layer.feedForwardNorm.name, outline.normEpsilon);
    const gate = graph.product(y, layer.gate.name);
    const silu = graph.op('Mul', [gate, graph.op('Sigmoid', [gate])]);
    const gated = graph.op('Mul', [silu, graph.product(y, layer.up.name)]);
    residual = graph.op('Add', [residual, graph.product(gated, layer.down.name)]);
  }
  const normed = rmsNorm(graph, residual, outline.outputNorm.name, outline.normEpsilon);
  graph.op('Unsqueeze', [graph.product(normed, outline.head.name), graph.integers([0])], {}, 'logits');

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

/** x / sqrt(mean(x^2) + epsilon) * weights, over the last axis. */
function rmsNorm(graph: GraphBuilder, x: string, weights: string, epsilon: number): string {
  const mean = graph.op('ReduceMean', [graph.op('Mul', [x, x])], {
    axes: { integers: [-1] },
    keepdims: { integer: 1 },
  });
  const root = graph.op('Sqrt', [graph.op('Add', [mean, graph.float(epsilon)])]);
  return graph.op('Mul', [graph.op('Div', [x, root]), weights]);
}

/** 0 to T - 1, int64. */
function sequencePositions(graph: GraphBuilder): string {
  const length = graph.op('Squeeze', [graph.op('Shape', ['input_ids'], { start: { integer: 1 } })]);
  return graph.op('Range', [graph.integer(0), length, graph.integer(1)]);
}

/** 0 where a row's position sees a column's, else `masked`: [T, T]. */
function causalMask(graph: GraphBuilder, positions: string): string {
  const rows = graph.op('Unsqueeze', [positions, graph.integers([1])]);
  const columns = graph.op('Unsqueeze', [positions, graph.integers([0])]);
  return graph.op('Where', [graph.op('Greater', [columns, rows]), graph.float(masked), graph.float(0)]);
}

interface Turns {
  cos: string;
  sin: string;
}

/** Of each position and pair: [T, 1, dim / 2]. */
function rotaryTurns(graph: GraphBuilder, positions: string, inverseFrequencies: Float32Array): Turns {
  const float = graph.op('Cast', [positions], { to: { integer: 1 } });
  const column = graph.reshape(float, [-1, 1, 1]);
  const angles = graph.op('Mul', [column, graph.floats(inverseFrequencies, [1, 1, inverseFrequencies.length])]);
  return { cos: graph.op('Cos', [angles]), sin: graph.op('Sin', [angles]) };
}

/** [T, heads * headSize] -> [T, heads, headSize], each head's values turned by pairs. */
function rotate(graph: GraphBuilder, x: string, heads: number, outline: ModelOutline, { cos, sin }: Turns): string {
  const { dim, interleaved } = outline.rotary;
  const axis = interleaved ? 3 : 2;
  const pairs = graph.reshape(x, interleaved ? [-1, heads, dim / 2, 2] : [-1, heads, 2, dim / 2]);
  const half = (index: number) => graph.op('Gather', [pairs, graph.integer(index)], { axis: { integer: axis } });
  const [a, b] = [half(0), half(1)];
  const times = (value: string, by: string) => graph.op('Mul', [value, by]);
  const turned = [graph.op('Sub', [times(a, cos), times(b, sin)]), graph.op('Add', [times(a, sin), times(b, cos)])].map(
    (value) => graph.op('Unsqueeze', [value, graph.integers([axis])]),
  );
  return graph.reshape(graph.op('Concat', turned, { axis: { integer: axis } }), [-1, heads, dim]);
}

/** Query heads in groups share a key and value head: [T, heads * headSize]. */
function attention(
  graph: GraphBuilder,
  { q, k, v, mask }: { q: string; k: string; v: string; mask: string },
  outline: ModelOutline,
): string {
  const { heads, kvHeads, headSize } = outline.config;
  const group = heads / kvHeads;
  const queries = graph.transpose(graph.reshape(q, [-1, kvHeads, group, headSize]), [1, 2, 0, 3]);
  const keys = graph.op('Unsqueeze', [graph.transpose(k, [1, 2, 0]), graph.integers([1])]);
  const values = graph.op('Unsqueeze', [graph.transpose(v, [1, 0, 2]), graph.integers([1])]);
  const scores = graph.op('Mul', [graph.op('MatMul', [queries, keys]), graph.float(outline.attentionScale)]);
  const shares = graph.op('Softmax', [graph.op('Add', [scores, mask])], { axis: { integer: -1 } });
  const mixed = graph.op('MatMul', [shares, values]);
  return graph.reshape(graph.transpose(mixed, [2, 0, 1, 3]), [-1, heads * headSize]);
}
