// GroupQueryAttention, packed or with q, k and v apart, as RaggedAttention. Where RotaryEmbedding turns q and k before it,
// that moves inside too. Everything about positions and lengths (attention mask, sequence lengths, past and present) goes
// away: the engine keeps it with its KV cache.
import type { NodeProto } from '../onnx/generated/onnx.ts';
import { float, type GraphView, integer, isContrib } from './graph-view.ts';
import { type CachedRotation, readRotation } from './rotation.ts';

export interface AttentionUse {
  heads: number;
  kvHeads: number;
  headSize: number;
  /** One value that holds q, k and v, or three. Not rotated. */
  inputs: string[];
  scale: number;
  softcap: number;
  /** Positions that a token sees, itself included; 0: all before it. */
  window: number;
  rotation: (CachedRotation & { interleaved: boolean }) | null;
  /** TensorProto_DataType's number. */
  elementType: number;
}

/** @param width of a value's last dimension, null where it is not known */
export function readAttention(
  view: GraphView,
  node: NodeProto,
  width: (value: string) => number | null,
): AttentionUse | null {
  if (!isContrib(node, 'GroupQueryAttention')) return null;
  const [query = '', key = '', value = '', pastKey = '', pastValue = '', , , cosines = '', sines = ''] = node.input;
  const heads = integer(node, 'num_heads') ?? 0;
  const kvHeads = integer(node, 'kv_num_heads') ?? 0;
  if (heads < 1 || kvHeads < 1 || heads % kvHeads !== 0)
    throw view.refuse(node, `it has ${heads} heads and ${kvHeads} KV heads`);
  refuseVariants(view, node);
  const past = view.inputs.get(pastKey);
  if (past === undefined || !view.inputs.has(pastValue) || !view.outputs.includes(node.output[1] ?? '')) {
    throw view.refuse(node, 'its past keys and values are no inputs of the model, or its present ones no outputs');
  }
  const packed = key === '' && value === '';
  if (!packed && (key === '' || value === '')) throw view.refuse(node, 'it has a key or a value, not both');
  // Of the values, which nothing norms: queries and keys may come out of nodes whose widths are not followed.
  const [total, parts] = packed ? [width(query), heads + 2 * kvHeads] : [width(value), kvHeads];
  const headSize = total === null ? past.dims[3] : total / parts;
  if (headSize === null || headSize === undefined || !Number.isSafeInteger(headSize) || headSize < 2) {
    throw view.refuse(node, `the size of its heads does not follow from the model (${headSize})`);
  }
  const rotated = packed ? null : foldRotations(view, node, query, key);
  if (rotated !== null && integer(node, 'do_rotary') === 1) throw view.refuse(node, 'q and k rotate twice');
  const rotation =
    integer(node, 'do_rotary') === 1
      ? {
          ...readRotation(view, node, cosines, sines),
          interleaved: integer(node, 'rotary_interleaved') === 1,
        }
      : (rotated?.rotation ?? null);
  if (rotation !== null && rotation.dim > headSize) {
    throw view.refuse(node, `${rotation.dim} values of heads of ${headSize} rotate`);
  }
  const window = integer(node, 'local_window_size') ?? -1;
  return {
    heads,
    kvHeads,
    headSize,
    inputs: packed ? [query] : [rotated?.query ?? query, rotated?.key ?? key, value],
    scale: float(node, 'scale') || 1 / Math.sqrt(headSize),
    softcap: float(node, 'softcap') ?? 0,
    window: Math.max(window, 0),
    rotation,
    elementType: past.elementType,
  };
}

function refuseVariants(view: GraphView, node: NodeProto): void {
  // 9: position_ids, which are those that follow the past; 10: attention_bias; 11: head_sink; then what newer ones have.
  for (const [index, input] of node.input.entries()) {
    if (index >= 10 && input !== '')
      throw view.refuse(node, `its input ${index} (${input.slice(0, 80)}) is not supported`);
  }
  for (const [index, output] of node.output.entries()) {
    if (index >= 3 && output !== '') throw view.refuse(node, `its output ${index} is not supported`);
  }
  for (const { name, i = 0, s } of node.attribute) {
    const known = [
      'num_heads',
      'kv_num_heads',
      'scale',
      'softcap',
      'local_window_size',
      'do_rotary',
      'rotary_interleaved',
      // How the past is kept, which the engine does itself.
      'sliding_window_cache',
    ];
    if (known.includes(name)) continue;
    const off = s === undefined ? i <= 0 : ['', 'NONE'].includes(new TextDecoder().decode(s).toUpperCase());
    if (!off) throw view.refuse(node, `its attribute ${name.slice(0, 80)} is not supported`);
  }
}

interface FoldedRotations {
  query: string;
  key: string;
  rotation: CachedRotation & { interleaved: boolean };
}

/** What q and k were before two RotaryEmbedding nodes of the same kind; null where there are none. */
function foldRotations(view: GraphView, node: NodeProto, query: string, key: string): FoldedRotations | null {
  const nodes = [view.producer(query), view.producer(key)].filter(
    (producer): producer is NodeProto => producer !== undefined && isContrib(producer, 'RotaryEmbedding'),
  );
  const [first, second] = nodes;
  if (first === undefined) return null;
  if (second === undefined) throw view.refuse(node, 'only one of q and k rotates');
  const [left, right] = nodes.map((rotary) => {
    const { input } = rotary;
    for (const { name, i = 0, f } of rotary.attribute) {
      if (name === 'scale' && f !== undefined && f !== 1) throw view.refuse(rotary, `its attribute scale is ${f}`);
      if (name === 'is_packed_batching' && i !== 0) throw view.refuse(rotary, 'it takes packed batches');
    }
    const rotation = readRotation(view, rotary, input[2] ?? '', input[3] ?? '');
    const dim = integer(rotary, 'rotary_embedding_dim') || rotation.dim;
    if (dim !== rotation.dim) throw view.refuse(rotary, `it rotates ${dim} values by cosines for ${rotation.dim}`);
    return { input: input[0] as string, rotation: { ...rotation, interleaved: integer(rotary, 'interleaved') === 1 } };
  });
  if (left === undefined || right === undefined) return null;
  const same =
    JSON.stringify(Object.values(left.rotation.inverseFrequencies)) ===
    JSON.stringify(Object.values(right.rotation.inverseFrequencies));
  if (
    !same ||
    left.rotation.interleaved !== right.rotation.interleaved ||
    left.rotation.magnitude !== right.rotation.magnitude
  ) {
    throw view.refuse(node, 'q and k rotate differently');
  }
  return { query: left.input, key: right.input, rotation: left.rotation };
}
