// What is left of the graph for ONNX Runtime's own kernels. A pass lays the tokens of several sequences end to end, cut
// anywhere, so each of these operators must treat every token by itself: what mixes tokens (a convolution along them, a
// running sum, an attention of another kind) is refused.
import type { NodeProto } from '../onnx/generated/onnx.ts';
import { type GraphView, integer, ints, isStandard } from './graph-view.ts';

/** One value in, one out, or two of shapes that broadcast. */
export const elementWise = new Set([
  ...[
    'Abs',
    'Add',
    'Cast',
    'CastLike',
    'Ceil',
    'Clip',
    'Cos',
    'Div',
    'Elu',
    'Equal',
    'Erf',
    'Exp',
    'Floor',
    'Gelu',
    'Greater',
  ],
  ...[
    'GreaterOrEqual',
    'HardSigmoid',
    'HardSwish',
    'Identity',
    'LeakyRelu',
    'Less',
    'LessOrEqual',
    'Log',
    'Max',
    'Min',
    'Mish',
  ],
  ...[
    'Mul',
    'Neg',
    'Not',
    'Pow',
    'Reciprocal',
    'Relu',
    'Round',
    'Sigmoid',
    'Sign',
    'Sin',
    'Softplus',
    'Sqrt',
    'Sub',
    'Swish',
  ],
  ...['Tanh', 'Where'],
]);
const contribElementWise = new Set(['BiasGelu', 'FastGelu', 'Gelu', 'QuickGelu', 'BiasAdd']);

/** Only names, orders or constants: values keep their order, tokens come first in it. */
const shaping = new Set([
  'Constant',
  'Reshape',
  'Unsqueeze',
  'Squeeze',
  'Transpose',
  'Flatten',
  'Shape',
  'ConstantOfShape',
]);

/** Of the last dimension, by the axis that stands there where the attribute is missing. */
const alongLast: Record<string, number> = {
  SimplifiedLayerNormalization: -1,
  LayerNormalization: -1,
  RMSNormalization: -1,
  LpNormalization: -1,
  Softmax: -1,
  LogSoftmax: -1,
  Concat: Number.NaN,
  Split: 0,
};
const reductions = new Set(['ReduceMean', 'ReduceSum', 'ReduceMax', 'ReduceL2', 'ReduceSumSquare']);
const contribNorms = new Set([
  'SkipSimplifiedLayerNormalization',
  'SkipLayerNormalization',
  'SimplifiedLayerNormalization',
]);

/** Throws UNSUPPORTED_GRAPH for a node that may mix tokens. */
export function requireTokenWise(view: GraphView, node: NodeProto): void {
  const { opType } = node;
  if (node.attribute.some(({ g }) => g !== undefined)) throw view.refuse(node, 'it holds a graph of its own');
  if (!isStandard(node)) {
    if (node.domain === 'com.microsoft' && (contribElementWise.has(opType) || contribNorms.has(opType))) return;
    throw view.refuse(node, 'the operator is not known to treat tokens one by one');
  }
  if (elementWise.has(opType) || shaping.has(opType)) return;
  const standing = alongLast[opType];
  if (standing !== undefined) {
    const axis = integer(node, 'axis') ?? standing;
    // Activations are [1, tokens, width].
    if (axis === -1 || axis === 2) return;
    throw view.refuse(node, `it works along axis ${axis}, where only the last is a token's own`);
  }
  if (reductions.has(opType)) {
    const axes = ints(node, 'axes') ?? view.integers(node.input[1] ?? '');
    if (axes?.length === 1 && (axes[0] === -1 || axes[0] === 2)) return;
    throw view.refuse(
      node,
      `it reduces along ${axes === null ? 'all axes' : `the axes ${axes}`}, where only the last is a token's own`,
    );
  }
  if (opType === 'Slice') {
    const axes = view.integers(node.input[3] ?? '');
    if (axes?.every((axis) => axis === -1 || axis === 2)) return;
    throw view.refuse(node, 'it cuts along another axis than the last');
  }
  // A product too small to be streamed.
  if ((opType === 'MatMul' || opType === 'Gemm') && view.constant(node.input[1] ?? '')?.dims.length === 2) return;
  throw view.refuse(node, 'the operator is not known to treat tokens one by one');
}
