// Which tensors of a file play which part in a layer. Where a file keeps several parts in one tensor, each part is a run
// of its rows.
import type { GgufTensor } from '../gguf/header.ts';
import type { ModelConfig } from '../types.ts';
import type { Architecture } from './architectures.ts';
import type { TensorsByPart } from './tensors.ts';

/** Matrices are [rows][columns] and multiply a vector of `columns`; norms and biases are vectors. null: there is none. */
export interface LayerTensors {
  attentionNorm: GgufTensor | null;
  q: GgufTensor;
  k: GgufTensor;
  v: GgufTensor;
  /** Of q, k and v: all three or none; or one for the three, end to end. */
  biases: GgufTensor[];
  queryNorm: GgufTensor | null;
  keyNorm: GgufTensor | null;
  attentionOutput: GgufTensor;
  /** Of the branch, before it is added to the residual. */
  attentionPostNorm: GgufTensor | null;
  feedForwardNorm: GgufTensor | null;
  /** [experts][hidden]; null where there are no experts. Otherwise gate, up and down are those of all experts, end to end. */
  router: GgufTensor | null;
  gate: GgufTensor;
  up: GgufTensor;
  down: GgufTensor;
  /** Of the expert that every token goes through, and the vector that scores it; null: there is none. */
  sharedGate: GgufTensor | null;
  sharedUp: GgufTensor | null;
  sharedDown: GgufTensor | null;
  sharedScore: GgufTensor | null;
  feedForwardPostNorm: GgufTensor | null;
}

/** All of them, in one list. */
export const everyTensor = (layer: LayerTensors): GgufTensor[] =>
  Object.values(layer)
    .flat()
    .filter((tensor) => tensor !== null);

export function layerTensors(
  tensors: TensorsByPart,
  layer: number,
  config: ModelConfig,
  { norms, queryKeyNorm, gateInUp }: Architecture,
): LayerTensors {
  const { hiddenSize, feedForwardSize, headSize } = config;
  const name = (part: string) => `blk.${layer}.${part}`;
  const matrix = (part: string, rows: number, columns: number) => tensors.matrix(name(`${part}.weight`), rows, columns);
  const norm = (part: string, size = hiddenSize) => tensors.vector(name(`${part}.weight`), size);
  const [before, after] = [norms !== 'after', norms !== 'before'];

  const widths = { q: config.heads * headSize, k: config.kvHeads * headSize, v: config.kvHeads * headSize };
  const parts = ['q', 'k', 'v'] as const;
  const together = widths.q + widths.k + widths.v;
  const fused = tensors.find(name('attn_qkv.weight')) ? matrix('attn_qkv', together, hiddenSize) : null;
  const [q, k, v] = fused
    ? [rows(fused, 0, widths.q), rows(fused, widths.q, widths.k), rows(fused, widths.q + widths.k, widths.v)]
    : [
        matrix('attn_q', widths.q, hiddenSize),
        matrix('attn_k', widths.k, hiddenSize),
        matrix('attn_v', widths.v, hiddenSize),
      ];
  const biases = parts.some((part) => tensors.find(name(`attn_${part}.bias`)))
    ? parts.map((part) => tensors.vector(name(`attn_${part}.bias`), widths[part]))
    : tensors.find(name('attn_qkv.bias'))
      ? [tensors.vector(name('attn_qkv.bias'), together)]
      : [];

  const { experts } = config;
  const ofExperts = (part: string, rows: number, columns: number) =>
    experts && tensors.matrices(name(`${part}_exps.weight`), experts.count, rows, columns);
  const width = experts?.feedForwardSize ?? 0;
  const shared = experts?.sharedFeedForwardSize ?? 0;
  const gateUp = gateInUp ? matrix('ffn_up', 2 * feedForwardSize, hiddenSize) : null;
  return {
    attentionNorm: before ? norm('attn_norm') : null,
    q: q as GgufTensor,
    k: k as GgufTensor,
    v: v as GgufTensor,
    biases,
    queryNorm: queryKeyNorm === 'none' ? null : norm('attn_q_norm', queryKeyNorm === 'head' ? headSize : widths.q),
    keyNorm: queryKeyNorm === 'none' ? null : norm('attn_k_norm', queryKeyNorm === 'head' ? headSize : widths.k),
    attentionOutput: matrix('attn_output', hiddenSize, widths.q),
    attentionPostNorm: after ? norm('post_attention_norm') : null,
    feedForwardNorm: before ? norm('ffn_norm') : null,
    router: experts ? matrix('ffn_gate_inp', experts.count, hiddenSize) : null,
    gate:
      ofExperts('ffn_gate', width, hiddenSize) ??
      (gateUp ? rows(gateUp, 0, feedForwardSize) : matrix('ffn_gate', feedForwardSize, hiddenSize)),
    up:
      ofExperts('ffn_up', width, hiddenSize) ??
      (gateUp ? rows(gateUp, feedForwardSize, feedForwardSize) : matrix('ffn_up', feedForwardSize, hiddenSize)),
    down: ofExperts('ffn_down', hiddenSize, width) ?? matrix('ffn_down', hiddenSize, feedForwardSize),
    sharedGate: shared > 0 ? matrix('ffn_gate_shexp', shared, hiddenSize) : null,
    sharedUp: shared > 0 ? matrix('ffn_up_shexp', shared, hiddenSize) : null,
    sharedDown: shared > 0 ? matrix('ffn_down_shexp', hiddenSize, shared) : null,
    sharedScore: shared > 0 ? tensors.vector(name('ffn_gate_inp_shexp.weight'), hiddenSize) : null,
    feedForwardPostNorm: after ? norm('post_ffw_norm') : null,
  };
}

/** `count` rows of a matrix from `first` on, named for them. */
function rows(matrix: GgufTensor, first: number, count: number): GgufTensor {
  const [columns, all] = matrix.dimensions as [number, number];
  const rowBytes = matrix.bytes / all;
  return {
    ...matrix,
    name: `${matrix.name}[${first}:${first + count}]`,
    dimensions: [columns, count],
    offset: matrix.offset + first * rowBytes,
    bytes: count * rowBytes,
  };
}
