// The graph that the engine runs: one Run per pass, large weights streamed in by operators of our own, the rest stock
// kernels of ONNX Runtime. Small models are bound by the cost of each operator, so there are few: 7 a layer.
// docs/formats/graph.md describes it. T: tokens in the pass, R: rows whose logits are wanted.
//
//   token_ids [T] -> GatherRows -> norm -> (qkv -> attention -> output -> add + norm -> gate_up -> down -> add + norm)*
//             -> rows wanted -> head -> logits [R, V]
import type { ModelChunks } from '../architecture/chunks.ts';
import type { ModelOutline } from '../architecture/outline.ts';
import type { NodeProto, TensorProto } from '../onnx/generated/onnx.ts';
import { constant, node, serializeModel, valueInfo } from '../onnx/model.ts';
import type { ChunkSpec } from '../types.ts';

const ours = { domain: 'flash_slim' };
const domains = { '': 17, 'com.microsoft': 1, flash_slim: 1 };

/** Vectors of the model that are part of the graph. */
export interface GraphVectors {
  /** Per layer; each [hiddenSize]. */
  attentionNorms: Float32Array[];
  feedForwardNorms: Float32Array[];
  outputNorm: Float32Array;
  /** [rotary.dim / 2]. */
  inverseFrequencies: Float32Array;
}

export function buildStreamedGraph(outline: ModelOutline, chunks: ModelChunks, vectors: GraphVectors): Uint8Array {
  const { config } = outline;
  const nodes: NodeProto[] = [];
  const initializers: TensorProto[] = [];
  const normWeights = (name: string, values: Float32Array) => {
    initializers.push(constant(name, [values.length], values));
    return name;
  };

  nodes.push(
    node('GatherRows', ['token_ids'], ['embedded'], {
      ...ours,
      name: 'embedding',
      attributes: { weights_id: { integer: chunks.embedding.weightsId } },
    }),
  );
  nodes.push(
    node(
      'SimplifiedLayerNormalization',
      ['embedded', normWeights('layer 0 attn_norm', vectors.attentionNorms[0] as Float32Array)],
      ['layer 0 normed'],
      {
        name: 'layer 0 attn_norm',
        attributes: { epsilon: outline.normEpsilon, axis: { integer: -1 }, stash_type: { integer: 1 } },
      },
    ),
  );

  let residual = 'embedded';
  /** residual += branch; returns the name of its norm. */
  const addAndNorm = (branch: string, name: string, weights: Float32Array, last = false): string => {
    const normed = `${name} normed`;
    const sum = `${name} sum`;
    nodes.push(
      node(
        'SkipSimplifiedLayerNormalization',
        [residual, branch, normWeights(name, weights)],
        last ? [normed] : [normed, '', '', sum],
        {
          name,
          domain: 'com.microsoft',
          attributes: { epsilon: outline.normEpsilon },
        },
      ),
    );
    residual = sum;
    return normed;
  };

  let normed = 'layer 0 normed';
  chunks.layers.forEach((layer, index) => {
    const qkv = `layer ${index} qkv`;
    const attended = `layer ${index} attention`;
    nodes.push(streamMatMul(layer.qkv, normed, qkv, qkv));
    nodes.push(
      node('RaggedAttention', [qkv], [attended], {
        ...ours,
        name: attended,
        attributes: {
          layer: { integer: index },
          num_heads: { integer: config.heads },
          kv_num_heads: { integer: config.kvHeads },
          head_size: { integer: config.headSize },
          rotary_dim: { integer: outline.rotary.dim },
          rotary_interleaved: { integer: outline.rotary.interleaved ? 1 : 0 },
          rotary_inverse_frequencies: { floats: vectors.inverseFrequencies },
          scale: outline.attentionScale,
        },
      }),
    );
    nodes.push(streamMatMul([layer.attentionOutput], attended, `layer ${index} attn_output`));
    const feedForwardIn = addAndNorm(
      `layer ${index} attn_output`,
      `layer ${index} ffn_norm`,
      vectors.feedForwardNorms[index] as Float32Array,
    );
    const gated = gate(nodes, layer.gateUp, feedForwardIn, index);
    const down = `layer ${index} down`;
    nodes.push(streamMatMul([layer.down], gated, down));
    const last = index === config.layers - 1;
    normed = addAndNorm(
      down,
      last ? 'output_norm' : `layer ${index + 1} attn_norm`,
      last ? vectors.outputNorm : (vectors.attentionNorms[index + 1] as Float32Array),
      last,
    );
  });

  // After the norm, not before: taking rows of both addends would be one operator more in every pass, and normalizing
  // rows that nobody wants costs next to nothing.
  nodes.push(
    node('Gather', [normed, 'logit_rows'], ['wanted'], { name: 'rows wanted', attributes: { axis: { integer: 0 } } }),
  );
  nodes.push(streamMatMul([chunks.head], 'wanted', 'logits', 'output head'));
  const graph = {
    nodes,
    initializers,
    inputs: [valueInfo('token_ids', 'int64', ['T']), valueInfo('logit_rows', 'int64', ['R'])],
    outputs: [valueInfo('logits', 'float', ['R', config.vocabularySize])],
  };
  return serializeModel(config.name || config.architecture, graph, domains);
}

/** silu(gate) * up; returns the product's name. */
function gate(nodes: NodeProto[], chunks: ChunkSpec[], input: string, layer: number): string {
  const name = (part: string) => `layer ${layer} ${part}`;
  const gated = name('gated');
  const [first, second] = chunks as [ChunkSpec, ChunkSpec | undefined];
  if (!second) {
    nodes.push(streamMatMul([first], input, gated, name('gate_up'), 'silu_mul'));
    return gated;
  }
  nodes.push(streamMatMul([first], input, name('gate')));
  nodes.push(streamMatMul([second], input, name('up')));
  nodes.push(node('Sigmoid', [name('gate')], [name('sigmoid')], { name: name('sigmoid') }));
  nodes.push(node('Mul', [name('gate'), name('sigmoid')], [name('silu')], { name: name('silu') }));
  nodes.push(node('Mul', [name('silu'), name('up')], [gated], { name: gated }));
  return gated;
}

function streamMatMul(
  chunks: ChunkSpec[],
  input: string,
  output: string,
  name = output,
  activation: 'none' | 'silu_mul' = 'none',
): NodeProto {
  return node('StreamMatMul', [input], [output], {
    ...ours,
    name,
    attributes: { weights_ids: { integers: chunks.map((chunk) => chunk.weightsId) }, activation },
  });
}
