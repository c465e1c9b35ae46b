// Which weights are streamed, in order of use, and the numbers that the graph's operators carry. As for other models: the
// head comes last, an embedding of its own after it, and a tied one shares the head's chunk.
import type { NodeProto } from '../onnx/generated/onnx.ts';
import type { Attribute } from '../onnx/model.ts';
import { attribute } from '../onnx/model.ts';
import type { ChunkSpec } from '../types.ts';
import type { StreamedWeight } from './weights.ts';

export interface ChunkUse {
  /** Gets its numbers here. */
  node: NodeProto;
  name: string;
  weights: StreamedWeight[];
  /** Two weights whose row blocks take turns. */
  alternating: boolean;
  role: 'layer' | 'head' | 'embedding';
}

const order = { layer: 0, head: 1, embedding: 2 };

export function planChunks(uses: ChunkUse[]): { chunks: ChunkSpec[]; tiedHead: boolean } {
  const chunks: ChunkSpec[] = [];
  const add = (name: string, weights: StreamedWeight[], options: Partial<ChunkSpec>): number => {
    const [first] = weights as [StreamedWeight];
    chunks.push({
      weightsId: chunks.length,
      name,
      op: 'StreamMatMul',
      gathered: false,
      head: false,
      kind: first.kind,
      rows: weights.reduce((sum, { rows }) => sum + rows, 0),
      columns: first.columns,
      tensors: weights.map(({ tensor }) => tensor),
      arrangement: 'concatenated',
      ...options,
    });
    return chunks.length - 1;
  };
  const embedding = uses.find(({ role }) => role === 'embedding');
  const head = uses.find(({ role }) => role === 'head');
  const tied = embedding !== undefined && head !== undefined && sameBytes(embedding.weights[0], head.weights[0]);
  let headId = 0;
  for (const use of uses.toSorted((a, b) => order[a.role] - order[b.role])) {
    const { node, name, weights, alternating, role } = use;
    if (role === 'embedding') {
      const id = tied ? headId : add(name, weights, { op: 'GatherRows', gathered: true });
      setAttribute(node, 'weights_id', { integer: id });
    } else {
      // Weights of several kinds cannot share a chunk.
      const together = weights.every(({ kind }) => kind === weights[0]?.kind);
      const ids =
        role === 'head'
          ? [add(name, weights, { head: true, gathered: tied })]
          : together
            ? [add(name, weights, alternating ? { arrangement: 'row-blocks-alternating' } : {})]
            : weights.map((weight, index) => add(`${name} ${index}`, [weight], {}));
      if (role === 'head') headId = ids[0] as number;
      setAttribute(node, 'weights_ids', { integers: ids });
    }
  }
  return { chunks, tiedHead: tied };
}

function sameBytes(a: StreamedWeight | undefined, b: StreamedWeight | undefined): boolean {
  return (
    JSON.stringify(a && { ...a, tensor: { ...a.tensor, name: '' } }) ===
    JSON.stringify(b && { ...b, tensor: { ...b.tensor, name: '' } })
  );
}

function setAttribute(node: NodeProto, name: string, value: Attribute): void {
  node.attribute = [...node.attribute.filter((one) => one.name !== name), attribute(name, value)];
}
