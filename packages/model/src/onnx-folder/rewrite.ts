// From a model's own graph to the graph that the engine runs (docs/formats/graph.md): products with weights become
// StreamMatMul, attention RaggedAttention, the embedding GatherRows; whatever else there is runs as it is. What nothing
// needs any more (masks, lengths, caches of cosines) falls away. What stands in the way is refused, with its node.
//
// Activations keep the shape [1, tokens, width] that such graphs have: nodes may reshape them by it.
import { ModelError } from '../model-error.ts';
import {
  type NodeProto,
  type TensorProto,
  TensorProto_DataLocation,
  TensorProto_DataType as types,
} from '../onnx/generated/onnx.ts';
import { constant, node as makeNode, serializeModel, valueInfo } from '../onnx/model.ts';
import type { ChunkSpec } from '../types.ts';
import { type AttentionUse, readAttention } from './attention.ts';
import { type ChunkUse, planChunks } from './chunks.ts';
import { gateUses } from './gates.ts';
import { describe, type GraphView, isStandard } from './graph-view.ts';
import { elementWise, requireTokenWise } from './token-wise.ts';
import { gatherWeight, matmulWeight, type StreamedWeight, type WeightUse } from './weights.ts';

export interface RewrittenGraph {
  graph: Uint8Array;
  chunks: ChunkSpec[];
  /** By layer, in order. */
  attentions: AttentionUse[];
  hiddenSize: number;
  vocabularySize: number;
  tiedHead: boolean;
  /** Values of a token in the widest step of a layer: what activations take. */
  widestBranch: number;
}

/** Constants that stay in the graph are in memory for good: vectors, not matrices. */
const maxConstantBytes = 1 << 20;
const ours = 'flash_slim';

export function rewriteGraph(view: GraphView, name: string, domains: Record<string, number>): RewrittenGraph {
  return new Rewriter(view).rewrite(name, domains);
}

class Rewriter {
  readonly #view: GraphView;
  /** What stands in the place of a node. */
  readonly #replacements = new Map<NodeProto, NodeProto[]>();
  /** The weights of a node of ours, in order. */
  readonly #weights = new Map<NodeProto, { weights: StreamedWeight[]; alternating: boolean }>();
  readonly #products = new Map<NodeProto, WeightUse>();
  readonly #attentions: AttentionUse[] = [];
  readonly #added: TensorProto[] = [];

  constructor(view: GraphView) {
    this.#view = view;
  }

  rewrite(name: string, domains: Record<string, number>): RewrittenGraph {
    for (const node of this.#view.nodes) {
      if (node.domain === ours) throw this.#view.refuse(node, 'its operator set is that of streamed graphs');
      const product = matmulWeight(this.#view, node);
      if (product) this.#products.set(node, product);
    }
    for (const node of this.#view.nodes) this.#replace(node);
    for (const [node, gate] of gateUses(this.#view, this.#products)) {
      this.#replacements.set(
        node,
        this.#ours('StreamMatMul', node, [gate.input], node.output[0] as string, gate.elementType, {
          weights: gate.weights,
          alternating: true,
          activation: gate.activation,
        }),
      );
    }
    const nodes = this.#view.nodes.flatMap((node) => this.#replacements.get(node) ?? [node]);
    const logits = this.#logitsName();
    const live = liveNodes(nodes, [logits]);
    for (const node of live) if (node.domain !== ours) requireTokenWise(this.#view, node);
    const { head, headWeight, graphEnd } = this.#wantedRows(live, logits);
    const ids = this.#tokenIds(live);

    this.#fixOrder(live);
    const embedding = live.find(({ opType, domain }) => domain === ours && opType === 'GatherRows');
    if (embedding === undefined) throw this.#refuseGraph('it looks up no embedding of its tokens');
    const uses = live.flatMap((node): ChunkUse[] => {
      const use = this.#weights.get(node);
      if (use && node.opType === 'GatherRows' && node !== embedding) {
        throw this.#view.refuse(node, 'it is a second embedding');
      }
      return use
        ? [
            {
              node,
              ...use,
              name: nameOf(node),
              role: node === head ? 'head' : node === embedding ? 'embedding' : 'layer',
            },
          ]
        : [];
    });
    const { chunks, tiedHead } = planChunks(uses);
    return {
      graph: this.#serialize(name, domains, [...ids, ...live, ...graphEnd], headWeight.rows),
      chunks,
      attentions: this.#attentionsOf(live),
      hiddenSize: uses.find(({ node }) => node === embedding)?.weights[0]?.columns ?? 0,
      vocabularySize: headWeight.rows,
      tiedHead,
      widestBranch: widestBranch(chunks),
    };
  }

  #replace(node: NodeProto): void {
    const output = node.output[0] as string;
    const product = this.#products.get(node);
    if (product) {
      const { weight, input, bias, elementType } = product;
      const unbiased = bias === null ? output : `${output} unbiased`;
      const nodes = this.#ours('StreamMatMul', node, [input], unbiased, elementType, { weights: [weight] });
      if (bias !== null) nodes.push(makeNode('Add', [unbiased, bias], [output], { name: `${nameOf(node)} bias` }));
      this.#replacements.set(node, nodes);
      return;
    }
    const rows = gatherWeight(this.#view, node);
    if (rows) {
      this.#replacements.set(
        node,
        this.#ours('GatherRows', node, [rows.input], output, rows.elementType, { weights: [rows.weight] }),
      );
      return;
    }
    const attention = readAttention(this.#view, node, (value) => this.#width(value));
    if (attention) this.#replacements.set(node, this.#attend(node, attention));
  }

  /** Of a value that is a product, a part of one, or shaped to a width, perhaps with a constant added. */
  #width(value: string): number | null {
    const producer = this.#view.producer(value);
    const product = producer && this.#products.get(producer);
    if (product) return product.weight.rows;
    if (producer === undefined || !isStandard(producer)) return null;
    const [first = '', second = ''] = producer.input;
    if (producer.opType === 'Add') {
      const sum = this.#view.constant(first) === null ? first : second;
      const summed = this.#view.producer(sum);
      return (summed && this.#products.get(summed)?.weight.rows) ?? null;
    }
    const sizes = this.#view.integers(second);
    if (producer.opType === 'Split') return sizes?.[producer.output.indexOf(value)] ?? null;
    const last = sizes?.at(-1) ?? 0;
    return producer.opType === 'Reshape' && last > 0 ? last : null;
  }

  #attend(node: NodeProto, attention: AttentionUse): NodeProto[] {
    const { inputs, elementType, rotation, softcap, window } = attention;
    const nodes: NodeProto[] = [];
    let [qkv = ''] = inputs;
    if (inputs.length === 3) {
      const value = `${node.output[0]} qkv`;
      const products = inputs.map((input) => this.#onlyProduct(input));
      const [first] = products;
      if (first && products.every((product) => product?.input === first.input && product.bias === null)) {
        const weights = products.map((product) => (product as WeightUse).weight);
        nodes.push(
          ...this.#ours('StreamMatMul', node, [first.input], value, elementType, {
            weights,
            name: `${nameOf(node)} qkv`,
          }),
        );
      } else {
        nodes.push(
          makeNode('Concat', inputs, [value], { name: `${nameOf(node)} qkv`, attributes: { axis: { integer: -1 } } }),
        );
      }
      qkv = value;
    }
    const made = this.#ours('RaggedAttention', node, [qkv], node.output[0] as string, elementType, {
      attributes: {
        layer: { integer: this.#attentions.length },
        num_heads: { integer: attention.heads },
        kv_num_heads: { integer: attention.kvHeads },
        head_size: { integer: attention.headSize },
        rotary_dim: { integer: rotation?.dim ?? 0 },
        ...(rotation && {
          rotary_interleaved: { integer: rotation.interleaved ? 1 : 0 },
          rotary_inverse_frequencies: { floats: rotation.inverseFrequencies },
          ...(rotation.magnitude !== 1 && { rotary_magnitude: rotation.magnitude }),
        }),
        scale: attention.scale,
        ...(softcap > 0 && { softcap }),
        ...(window > 0 && { window: { integer: window } }),
      },
    });
    this.#attentions.push(attention);
    return [...nodes, ...made];
  }

  /** The product whose only use is this one. */
  #onlyProduct(value: string): WeightUse | undefined {
    const producer = this.#view.producer(value);
    return producer && this.#view.onlyConsumer(value) ? this.#products.get(producer) : undefined;
  }

  /** One of our operators, which take and give f32, in a graph of `elementType`. */
  #ours(
    opType: 'StreamMatMul' | 'RaggedAttention' | 'GatherRows',
    original: NodeProto,
    inputs: string[],
    output: string,
    elementType: number,
    options: {
      weights?: StreamedWeight[];
      alternating?: boolean;
      activation?: string;
      name?: string;
      attributes?: NonNullable<Parameters<typeof makeNode>[3]>['attributes'];
    },
  ): NodeProto[] {
    const { weights, alternating = false, activation = 'none', name = nameOf(original), attributes } = options;
    if (elementType !== types.FLOAT && elementType !== types.FLOAT16) {
      throw this.#view.refuse(original, `its activations are of data type ${elementType}; f32 and f16 are supported`);
    }
    const narrow = elementType === types.FLOAT16;
    const widened = narrow && opType !== 'GatherRows';
    const [from, to] = [widened ? [`${output} in f32`] : inputs, narrow ? `${output} f32` : output];
    const made = makeNode(opType, from, [to], {
      domain: ours,
      name,
      attributes: opType === 'StreamMatMul' ? { activation, ...attributes } : { ...attributes },
    });
    if (weights) this.#weights.set(made, { weights, alternating });
    const cast = (input: string, result: string, type: number) =>
      makeNode('Cast', [input], [result], {
        name: `${name} to ${type === types.FLOAT ? 'f32' : 'f16'}`,
        attributes: { to: { integer: type } },
      });
    return [
      ...(widened ? [cast(inputs[0] as string, from[0] as string, types.FLOAT)] : []),
      made,
      ...(narrow ? [cast(to, output, types.FLOAT16)] : []),
    ];
  }

  /** The output that no attention makes. */
  #logitsName(): string {
    const others = this.#view.outputs.filter((output) => {
      const producer = this.#view.producer(output);
      return (
        producer === undefined || !this.#replacements.get(producer)?.some(({ opType }) => opType === 'RaggedAttention')
      );
    });
    const [logits] = others.length === 1 ? others : others.filter((output) => output === 'logits');
    if (logits === undefined)
      throw this.#refuseGraph(`its outputs ${others.join(', ').slice(0, 200)} are not one of logits`);
    return logits;
  }

  /** Takes the rows whose logits are wanted before the last product, and ends the graph with [rows, vocabulary]. */
  #wantedRows(
    live: NodeProto[],
    logits: string,
  ): { head: NodeProto; headWeight: StreamedWeight; graphEnd: NodeProto[] } {
    const producers = new Map(live.flatMap((node) => node.output.map((output) => [output, node] as const)));
    let head = producers.get(logits);
    while (head !== undefined && head.domain !== ours) {
      const computed = head.input.filter((input) => {
        const producer = producers.get(input);
        return producer !== undefined && producer.opType !== 'Constant' && this.#view.constant(input) === null;
      });
      if (!isStandard(head) || !elementWise.has(head.opType) || computed.length !== 1) {
        throw this.#view.refuse(
          head,
          'between the output head and the logits only operators on single values may stand',
        );
      }
      head = producers.get(computed[0] as string);
    }
    const use = head && this.#weights.get(head);
    if (head === undefined || head.opType !== 'StreamMatMul' || use?.weights.length !== 1) {
      throw this.#refuseGraph('its logits are no product with an output head');
    }
    const hidden = head.input[0] as string;
    const wanted = `${hidden} wanted`;
    head.input = [wanted];
    live.splice(
      live.indexOf(head),
      0,
      makeNode('Gather', [hidden, logitRows], [wanted], { name: 'rows wanted', attributes: { axis: { integer: 1 } } }),
    );
    const headWeight = use.weights[0] as StreamedWeight;
    const narrow = this.#isNarrow(live, logits, producers);
    const widened = narrow ? `${logits} widened` : logits;
    this.#added.push(constant(endShape, [2], BigInt64Array.of(-1n, BigInt(headWeight.rows))));
    return {
      head,
      headWeight,
      graphEnd: [
        ...(narrow
          ? [
              makeNode('Cast', [logits], [widened], {
                name: 'logits cast',
                attributes: { to: { integer: types.FLOAT } },
              }),
            ]
          : []),
        makeNode('Reshape', [widened, endShape], [logitsOut], { name: 'logits' }),
      ],
    };
  }

  /** Whether the logits come out of a cast to f16, through operators that keep the type. */
  #isNarrow(live: NodeProto[], logits: string, producers: ReadonlyMap<string, NodeProto>): boolean {
    let at: string | undefined = logits;
    for (let steps = 0; at !== undefined && steps < live.length; steps++) {
      const node: NodeProto | undefined = producers.get(at);
      if (node?.opType === 'Cast') return node.attribute.some(({ name, i }) => name === 'to' && i === types.FLOAT16);
      if (node === undefined || node.domain === ours) return false;
      at = node.input.find((input) => producers.has(input) && this.#view.constant(input) === null);
    }
    return false;
  }

  /** What makes the model's [1, tokens] of the engine's [tokens]. Refuses every other input that is still needed. */
  #tokenIds(live: NodeProto[]): NodeProto[] {
    const needed = new Map<string, NodeProto>();
    for (const node of live) {
      for (const input of node.input) if (this.#view.inputs.has(input) && !needed.has(input)) needed.set(input, node);
    }
    const gather = live.find(({ opType, domain }) => domain === ours && opType === 'GatherRows');
    const [ids, ...others] = [...needed].sort(([, a]) => (a === gather ? -1 : 1));
    if (ids === undefined) throw this.#refuseGraph('it takes no tokens');
    const [other] = others;
    if (other !== undefined) throw this.#view.refuse(other[1], `it needs the model's input ${other[0].slice(0, 80)}`);
    if (this.#view.inputs.get(ids[0])?.elementType !== types.INT64)
      throw this.#view.refuse(ids[1], 'its tokens are no int64');
    this.#added.push(constant(idsShape, [2], BigInt64Array.of(1n, -1n)));
    return [makeNode('Reshape', [tokenIds, idsShape], [ids[0]], { name: 'tokens' })];
  }

  /** Products that do not depend on the one before them get it as a second input: weights come in one order only. */
  #fixOrder(live: NodeProto[]): void {
    /** By value: how many products come before the last one that it depends on, and that one. */
    const depths = new Map<string, number>();
    let products = 0;
    let before = '';
    for (const node of live) {
      let depth = Math.max(0, ...node.input.map((input) => depths.get(input) ?? 0));
      if (node.domain === ours && node.opType === 'StreamMatMul') {
        if (depth < products) node.input = [...node.input, before];
        depth = ++products;
        before = node.output[0] as string;
      }
      for (const output of node.output) depths.set(output, depth);
    }
  }

  #attentionsOf(live: NodeProto[]): AttentionUse[] {
    const kept = live.filter(({ opType, domain }) => domain === ours && opType === 'RaggedAttention').length;
    if (kept !== this.#attentions.length || kept === 0)
      throw this.#refuseGraph(`${kept} of its ${this.#attentions.length} attentions count`);
    return this.#attentions;
  }

  #serialize(name: string, domains: Record<string, number>, nodes: NodeProto[], vocabularySize: number): Uint8Array {
    const made = new Set(nodes.flatMap(({ output }) => output));
    const initializers = new Map(this.#added.map((tensor) => [tensor.name, tensor]));
    for (const node of nodes) {
      for (const input of node.input) {
        if (input === '' || made.has(input) || initializers.has(input) || input === tokenIds || input === logitRows)
          continue;
        initializers.set(input, this.#constant(node, input));
      }
    }
    // Values of the model get a mark, so that none is taken for one of the engine's.
    const marked = (value: string) => (value === '' ? '' : (engineNames[value] ?? `m ${value}`));
    // ONNX Runtime wants names that differ.
    const uses = new Map<string, number>();
    const unique = (name: string): string => {
      const before = uses.get(name) ?? 0;
      uses.set(name, before + 1);
      return name === '' || before === 0 ? name : unique(`${name} (${before + 1})`);
    };
    const graph = {
      nodes: nodes.map((node) => ({
        ...node,
        name: unique(node.name),
        input: node.input.map(marked),
        output: node.output.map(marked),
      })),
      initializers: [...initializers.values()].map((tensor) => ({ ...tensor, name: marked(tensor.name) })),
      inputs: [valueInfo('token_ids', 'int64', ['T']), valueInfo('logit_rows', 'int64', ['R'])],
      outputs: [valueInfo('logits', 'float', ['R', vocabularySize])],
    };
    return serializeModel(name, graph, { ...domains, flash_slim: 2 });
  }

  #constant(node: NodeProto, name: string): TensorProto {
    const initializer = this.#view.initializers.get(name);
    if (initializer === undefined) throw this.#view.refuse(node, `nothing makes its input ${name.slice(0, 80)}`);
    const { bytes, place, tensor } = initializer;
    if (bytes > maxConstantBytes) {
      throw this.#view.refuse(node, `its constant ${name.slice(0, 80)} of ${bytes} bytes would stay in memory`);
    }
    if (place === null) return tensor;
    return {
      ...tensor,
      rawData: this.#view.initializers.bytes(initializer),
      externalData: [],
      dataLocation: TensorProto_DataLocation.DEFAULT,
    };
  }

  #refuseGraph(why: string): ModelError {
    return new ModelError('UNSUPPORTED_GRAPH', `${this.#view.path}: the graph cannot be streamed: ${why}`);
  }
}

// No value of a model can have these names: they would need a control character.
const [tokenIds, logitRows, logitsOut] = ['\u0000token_ids', '\u0000logit_rows', '\u0000logits'];
const [idsShape, endShape] = ['\u0000ids shape', '\u0000logits shape'];
const engineNames: Record<string, string> = {
  [tokenIds]: 'token_ids',
  [logitRows]: 'logit_rows',
  [logitsOut]: 'logits',
  [idsShape]: 'shape of token_ids',
  [endShape]: 'shape of logits',
};

/** The nodes that the values need, in their order. */
function liveNodes(nodes: NodeProto[], values: string[]): NodeProto[] {
  const needed = new Set(values);
  return nodes
    .toReversed()
    .filter((node) => {
      if (!node.output.some((output) => needed.has(output))) return false;
      for (const input of node.input) if (input !== '') needed.add(input);
      return true;
    })
    .reverse();
}

/** Gate and up that stay apart are there together with what their activation and their product make. */
function widestBranch(chunks: ChunkSpec[]): number {
  const layers = chunks.filter(({ head, op }) => !head && op === 'StreamMatMul');
  const isFused = layers.some(({ arrangement }) => arrangement === 'row-blocks-alternating');
  const widths = layers.map(({ rows, arrangement }) => (arrangement === 'concatenated' ? rows : rows / 2));
  return Math.max(1, ...widths) * (isFused ? 1 : 4);
}

const nameOf = (node: NodeProto): string => node.name || (node.output[0] ?? '') || describe(node);
