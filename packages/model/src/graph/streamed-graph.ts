// The graph that the engine runs: one Run per pass, large weights streamed in by operators of our own. Whatever rounds more
// than once is ours too, so that every CPU gives the same bits; Add, Mul and Gather are ONNX Runtime's. Small models are bound by the cost of each operator, so there are few: 7 a layer, and 2 more
// where branches are normed after they are computed. docs/formats/graph.md describes it. T: tokens in the pass, R: rows
// whose logits are wanted.
//
//   token_ids [T] -> GatherRows -> norm -> (qkv -> attention -> output -> add + norm -> gate_up -> down -> add + norm)*
//             -> rows wanted -> head -> logits [R, V]
import type { LayerAttention } from '../architecture/attention.ts';
import type { LayerChunks, ModelChunks } from '../architecture/chunks.ts';
import type { LayerTensors } from '../architecture/layer-tensors.ts';
import type { ModelOutline } from '../architecture/outline.ts';
import type { InverseFrequencies, Rotary } from '../architecture/rotary.ts';
import type { GgufTensor } from '../gguf/header.ts';
import type { NodeProto, TensorProto } from '../onnx/generated/onnx.ts';
import { type Attribute, constant, node, serializeModel, valueInfo } from '../onnx/model.ts';
import type { ChunkSpec } from '../types.ts';

const ours = { domain: 'flash_slim' };
const domains = { '': 17, flash_slim: 3 };

/** Vectors of the model that are part of the graph. */
export interface GraphVectors {
  /** Of every norm and bias. */
  values: ReadonlyMap<GgufTensor, Float32Array>;
  /** Of every rotation. */
  inverseFrequencies: ReadonlyMap<Rotary, InverseFrequencies>;
}

export function buildStreamedGraph(outline: ModelOutline, chunks: ModelChunks, vectors: GraphVectors): Uint8Array {
  return new StreamedGraph(outline, chunks, vectors).serialize();
}

class StreamedGraph {
  readonly #outline: ModelOutline;
  readonly #chunks: ModelChunks;
  readonly #vectors: GraphVectors;
  readonly #nodes: NodeProto[] = [];
  readonly #initializers: TensorProto[] = [];
  /** Name of the sum so far. */
  #residual = 'embedded';

  constructor(outline: ModelOutline, chunks: ModelChunks, vectors: GraphVectors) {
    this.#outline = outline;
    this.#chunks = chunks;
    this.#vectors = vectors;
  }

  serialize(): Uint8Array {
    const { config, layers, outputNorm } = this.#outline;
    this.#embed();
    const first = (layers[0] as LayerTensors).attentionNorm;
    let input = first ? this.#norm('layer 0 attn_norm', this.#residual, first) : this.#residual;
    layers.forEach((layer, index) => {
      const chunks = this.#chunks.layers[index] as LayerChunks;
      const name = (part: string) => `layer ${index} ${part}`;
      const attended = this.#attend(index, chunks.qkv, input);
      this.#matmul([chunks.attentionOutput], attended, name('attn_output'));
      const feedForwardIn = this.#add(
        name('attn_output'),
        layer.attentionPostNorm,
        name('ffn_norm'),
        layer.feedForwardNorm,
      );
      if (chunks.router) this.#experts(index, chunks, chunks.router, feedForwardIn);
      else this.#matmul([chunks.down], this.#gate(index, chunks.gateUp, feedForwardIn), name('down'));
      const next = layers[index + 1];
      input = this.#add(
        name('down'),
        layer.feedForwardPostNorm,
        next ? `layer ${index + 1} attn_norm` : 'output_norm',
        next ? next.attentionNorm : outputNorm,
        !next,
      );
    });
    // After the norm, not before: taking rows of both addends would be one operator more in every pass, and normalizing
    // rows that nobody wants costs next to nothing.
    this.#op('Gather', [input, 'logit_rows'], 'wanted', 'rows wanted', { axis: { integer: 0 } });
    this.#matmul([this.#chunks.head], 'wanted', 'logits', 'output head', cap(this.#outline.logitSoftcap));
    const graph = {
      nodes: this.#nodes,
      initializers: this.#initializers,
      inputs: [valueInfo('token_ids', 'int64', ['T']), valueInfo('logit_rows', 'int64', ['R'])],
      outputs: [valueInfo('logits', 'float', ['R', config.vocabularySize])],
    };
    return serializeModel(config.name || config.architecture, graph, domains);
  }

  #embed(): void {
    const scale = this.#outline.embeddingScale;
    const rows = scale === 1 ? this.#residual : 'embedding rows';
    this.#nodes.push(
      node('GatherRows', ['token_ids'], [rows], {
        ...ours,
        name: 'embedding',
        attributes: { weights_id: { integer: this.#chunks.embedding.weightsId } },
      }),
    );
    if (scale === 1) return;
    this.#initializers.push(constant('embedding scale', [], Float32Array.of(scale)));
    this.#op('Mul', [rows, 'embedding scale'], this.#residual);
  }

  /** Rotates, stores keys and values, attends; returns the output's name. */
  #attend(index: number, qkv: ChunkSpec[], input: string): string {
    const { config, attention, layers, normEpsilon } = this.#outline;
    const { biases, queryNorm, keyNorm } = layers[index] as LayerTensors;
    const { window, rotary } = attention.layers[index] as LayerAttention;
    const name = (part: string) => `layer ${index} ${part}`;
    this.#matmul(qkv, input, name('qkv'));
    const bias = biases.length === 0 ? '' : this.#vector(name('qkv bias'), ...biases);
    const norms =
      queryNorm && keyNorm
        ? [this.#vector(name('attn_q_norm'), queryNorm), this.#vector(name('attn_k_norm'), keyNorm)]
        : [];
    const inputs = norms.length > 0 ? [name('qkv'), bias, ...norms] : bias ? [name('qkv'), bias] : [name('qkv')];
    this.#nodes.push(
      node('RaggedAttention', inputs, [name('attention')], {
        ...ours,
        name: name('attention'),
        attributes: {
          layer: { integer: index },
          num_heads: { integer: config.heads },
          kv_num_heads: { integer: config.kvHeads },
          head_size: { integer: config.headSize },
          ...this.#rotation(rotary),
          scale: attention.scale,
          ...cap(attention.softcap),
          ...(window > 0 && { window: { integer: window } }),
          ...(attention.temperature && {
            temperature_scale: attention.temperature.scale,
            temperature_context: { integer: attention.temperature.originalContext },
          }),
          ...(norms.length > 0 && { norm_epsilon: normEpsilon }),
        },
      }),
    );
    return name('attention');
  }

  #rotation(rotary: Rotary | null): Record<string, Attribute> {
    if (rotary === null) return { rotary_dim: { integer: 0 } };
    const { short, long } = this.#vectors.inverseFrequencies.get(rotary) as InverseFrequencies;
    return {
      rotary_dim: { integer: rotary.dim },
      rotary_interleaved: { integer: rotary.interleaved ? 1 : 0 },
      rotary_inverse_frequencies: { floats: short },
      ...(rotary.magnitude !== 1 && { rotary_magnitude: rotary.magnitude }),
      ...(long &&
        rotary.factors && {
          rotary_long_inverse_frequencies: { floats: long },
          rotary_short_context: { integer: rotary.factors.shortContext },
        }),
    };
  }

  /**
   * residual += branch, normed by `postNorm` first where there is one; returns the name of the sum normed by `norm`, or of
   * the sum where there is none.
   */
  #add(branch: string, postNorm: GgufTensor | null, name: string, norm: GgufTensor | null, last = false): string {
    const addend = postNorm ? this.#norm(`${branch} post_norm`, branch, postNorm) : branch;
    const sum = norm ? `${name} sum` : `${branch} sum`;
    const before = this.#residual;
    this.#residual = sum;
    if (!norm) {
      this.#op('Add', [before, addend], sum);
      return sum;
    }
    this.#rmsNorm(name, [before, this.#vector(name, norm), addend], [`${name} normed`, ...(last ? [] : [sum])]);
    return `${name} normed`;
  }

  #norm(name: string, input: string, weights: GgufTensor): string {
    const output = `${name.replace(/ attn_norm$/, '')} normed`;
    this.#rmsNorm(name, [input, this.#vector(name, weights)], [output]);
    return output;
  }

  /** Inputs: what is normed, weights, what is added first. Outputs: the norm, the sum. */
  #rmsNorm(name: string, inputs: string[], outputs: string[]): void {
    const attributes = { epsilon: this.#outline.normEpsilon };
    this.#nodes.push(node('RmsNorm', inputs, outputs, { ...ours, name, attributes }));
  }

  /** The activated gate times up; returns the product's name. */
  #gate(layer: number, chunks: ChunkSpec[], input: string): string {
    const { activation } = this.#outline;
    const name = (part: string) => `layer ${layer} ${part}`;
    const gated = name('gated');
    const [first, second] = chunks as [ChunkSpec, ChunkSpec | undefined];
    if (!second) {
      this.#matmul([first], input, gated, name('gate_up'), { activation: `${activation}_mul` });
      return gated;
    }
    this.#matmul([first], input, name('gate'));
    // gate is not read there: it keeps ONNX Runtime from computing up first, whose weights come second.
    this.#matmul([second], [input, name('gate')], name('up'));
    this.#nodes.push(
      node('GatedProduct', [name('gate'), name('up')], [gated], {
        ...ours,
        name: gated,
        attributes: { activation: `${activation}_mul` },
      }),
    );
    return gated;
  }

  /** Router and experts, the shared one included: the operator computes it while it reads the others. */
  #experts(layer: number, chunks: LayerChunks, router: ChunkSpec, input: string): void {
    const name = (part: string) => `layer ${layer} ${part}`;
    const { activation, layers, config, expertSharesAddUp } = this.#outline;
    const { sharedScore } = layers[layer] as LayerTensors;
    const { gateUp, down, sharedGateUp, sharedDown } = chunks;
    this.#matmul([router], input, name('router'));
    const inputs = [input, name('router'), ...(sharedScore ? [this.#vector(name('shared score'), sharedScore)] : [])];
    const id = (chunk: ChunkSpec) => ({ integer: chunk.weightsId });
    this.#nodes.push(
      node('StreamExperts', inputs, [name('down')], {
        ...ours,
        name: name('experts'),
        attributes: {
          gate_up_weights_id: id(gateUp[0] as ChunkSpec),
          down_weights_id: id(down),
          ...(sharedGateUp && { shared_gate_up_weights_id: id(sharedGateUp) }),
          ...(sharedDown && { shared_down_weights_id: id(sharedDown) }),
          experts_used: { integer: config.experts?.used ?? 0 },
          normalized: { integer: expertSharesAddUp ? 1 : 0 },
          activation: `${activation}_mul`,
        },
      }),
    );
  }

  #matmul(
    chunks: ChunkSpec[],
    input: string | string[],
    output: string,
    name = output,
    attributes: Record<string, Attribute> = {},
  ): void {
    const weights = { integers: chunks.map((chunk) => chunk.weightsId) };
    this.#nodes.push(
      node('StreamMatMul', [input].flat(), [output], {
        ...ours,
        name,
        attributes: { weights_ids: weights, activation: 'none', ...attributes },
      }),
    );
  }

  /** An operator of ONNX itself. */
  #op(type: string, inputs: string[], output: string, name = output, attributes: Record<string, Attribute> = {}): void {
    this.#nodes.push(node(type, inputs, [output], { name, attributes }));
  }

  /** The tensors' values, end to end; returns the initializer's name. */
  #vector(name: string, ...tensors: GgufTensor[]): string {
    const parts = tensors.map((tensor) => this.#vectors.values.get(tensor) as Float32Array);
    const values = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
    let end = 0;
    for (const part of parts) {
      values.set(part, end);
      end += part.length;
    }
    this.#initializers.push(constant(name, [values.length], values));
    return name;
  }
}

const cap = (softcap: number): Record<string, Attribute> => (softcap > 0 ? { softcap } : {});
