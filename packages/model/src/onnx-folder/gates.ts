// Gate and up of a feed-forward layer, act(gate) * up, found by what computes it: a product of an activated product and
// another product of the same input. Both become one chunk, activated while both are at hand; small models are bound by
// the cost of each operator.
import type { NodeProto } from '../onnx/generated/onnx.ts';
import { float, type GraphView, isContrib, isStandard } from './graph-view.ts';
import type { StreamedWeight, WeightUse } from './weights.ts';

export interface GateUse {
  input: string;
  /** Gate, up. */
  weights: [StreamedWeight, StreamedWeight];
  activation: 'silu_mul' | 'gelu_mul';
  elementType: number;
}

const rowsPerBlock = 8;

/** By the node that multiplies both. */
export function gateUses(view: GraphView, products: ReadonlyMap<NodeProto, WeightUse>): Map<NodeProto, GateUse> {
  const uses = new Map<NodeProto, GateUse>();
  for (const node of view.nodes) {
    if (!isStandard(node) || node.opType !== 'Mul') continue;
    const [left = '', right = ''] = node.input;
    const use = gateUse(view, products, left, right) ?? gateUse(view, products, right, left);
    if (use) uses.set(node, use);
  }
  return uses;
}

function gateUse(
  view: GraphView,
  products: ReadonlyMap<NodeProto, WeightUse>,
  activated: string,
  upValue: string,
): GateUse | null {
  const upNode = view.onlyConsumer(upValue) && view.producer(upValue);
  const up = upNode && products.get(upNode);
  const activation = view.onlyConsumer(activated) && activationOf(view, activated);
  const gateNode = activation && view.producer(activation.gate);
  const gate = gateNode && products.get(gateNode);
  if (!up || !gate || !activation || up.input !== gate.input || up.bias !== null || gate.bias !== null) return null;
  const [a, b] = [gate.weight, up.weight];
  if (a.kind !== b.kind || a.columns !== b.columns || a.rows !== b.rows || a.rows % rowsPerBlock !== 0) return null;
  return { input: up.input, weights: [a, b], activation: activation.name, elementType: up.elementType };
}

/** The value whose activation this is, where it has no other use. */
function activationOf(view: GraphView, value: string): { gate: string; name: GateUse['activation'] } | null {
  const node = view.producer(value);
  if (node === undefined) return null;
  const [first = '', second = ''] = node.input;
  const sole = (gate: string) => (view.onlyConsumer(gate) ? gate : null);
  if (isStandard(node) && node.opType === 'Mul') {
    for (const [gate, other] of [
      [first, second],
      [second, first],
    ] as const) {
      const sigmoid = view.producer(other);
      const isSilu =
        sigmoid !== undefined && isStandard(sigmoid) && sigmoid.opType === 'Sigmoid' && sigmoid.input[0] === gate;
      if (isSilu && view.consumers(gate).length === 2 && view.onlyConsumer(other)) return { gate, name: 'silu_mul' };
    }
    return null;
  }
  const isSilu = (isStandard(node) && node.opType === 'Swish') || isContrib(node, 'QuickGelu');
  const isTanhGelu =
    (isContrib(node, 'FastGelu') && second === '') ||
    (isStandard(node) &&
      node.opType === 'Gelu' &&
      node.attribute.some(({ name, s }) => name === 'approximate' && s?.toString() === 'tanh'));
  if (isSilu && (float(node, 'alpha') ?? (isContrib(node, 'QuickGelu') ? 1.702 : 1)) !== 1) return null;
  const gate = isSilu || isTanhGelu ? sole(first) : null;
  return gate === null ? null : { gate, name: isSilu ? 'silu_mul' : 'gelu_mul' };
}
