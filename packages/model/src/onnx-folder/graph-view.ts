// An ONNX graph by its edges: who makes a value, who uses it, and what is constant. Nodes and values are found by what
// they do; names are only edges.
import { ModelError } from '../model-error.ts';
import { type GraphProto, type NodeProto, TensorProto_DataType as types } from '../onnx/generated/onnx.ts';
import { type Initializer, type Initializers, tensorBytes } from './initializers.ts';

/** A constant seen through operators that only name, reshape, widen or turn it. */
export interface ConstantMatrix {
  initializer: Initializer;
  dims: number[];
  /** Rows and columns lie in the file the other way round. */
  transposed: boolean;
}

export class GraphView {
  readonly path: string;
  readonly nodes: NodeProto[];
  readonly initializers: Initializers;
  readonly inputs: ReadonlyMap<string, { elementType: number; dims: (number | null)[] }>;
  readonly outputs: readonly string[];
  readonly #producers = new Map<string, NodeProto>();
  readonly #consumers = new Map<string, NodeProto[]>();

  constructor(path: string, graph: GraphProto, initializers: Initializers) {
    this.path = path;
    this.nodes = graph.node;
    this.initializers = initializers;
    this.inputs = new Map(
      graph.input
        // Older files list initializers among the inputs.
        .filter(({ name }) => initializers.get(name) === undefined)
        .map(({ name, type }) => {
          const dims = type?.tensorType?.shape?.dim.map(({ dimValue }) => dimValue ?? null) ?? [];
          return [name, { elementType: type?.tensorType?.elemType ?? 0, dims }];
        }),
    );
    this.outputs = graph.output.map(({ name }) => name);
    const made = new Set<string>();
    const makes = new Set(graph.node.flatMap(({ output }) => output));
    for (const node of graph.node) {
      // The format wants this order; it also means that there are no circles.
      const early = node.input.find((input) => input !== '' && makes.has(input) && !made.has(input));
      if (early !== undefined) {
        throw new ModelError(
          'MODEL_INVALID',
          `${path}: ${describe(node)} comes before its input ${early.slice(0, 80)}`,
        );
      }
      for (const output of node.output) made.add(output);
      for (const output of node.output) {
        if (output === '') continue;
        if (this.#producers.has(output) || initializers.get(output) || this.inputs.has(output)) {
          throw new ModelError(
            'MODEL_INVALID',
            `${path}: two things make the value ${output.slice(0, 80)}; get it again`,
          );
        }
        this.#producers.set(output, node);
      }
      for (const input of new Set(node.input)) {
        const users = this.#consumers.get(input);
        if (users) users.push(node);
        else this.#consumers.set(input, [node]);
      }
    }
  }

  producer(value: string): NodeProto | undefined {
    return this.#producers.get(value);
  }

  consumers(value: string): readonly NodeProto[] {
    return this.#consumers.get(value) ?? [];
  }

  /** The node that alone uses the value, which the graph does not give out. */
  onlyConsumer(value: string): NodeProto | undefined {
    const users = this.consumers(value);
    return users.length === 1 && !this.outputs.includes(value) ? users[0] : undefined;
  }

  /** The constant behind a value, null where it is computed. */
  constant(value: string): ConstantMatrix | null {
    const seen: NodeProto[] = [];
    let at = value;
    for (let node = this.#producers.get(at); node !== undefined && seen.length < 8; node = this.#producers.get(at)) {
      if (!isStandard(node) || !['Identity', 'Reshape', 'Transpose', 'Cast'].includes(node.opType)) return null;
      seen.push(node);
      at = node.input[0] ?? '';
    }
    const initializer = this.initializers.get(at);
    if (initializer === undefined) return null;
    let { dims } = initializer;
    let transposed = false;
    for (const node of seen.reverse()) {
      if (node.opType === 'Reshape') {
        const shape = this.integers(node.input[1] ?? '');
        if (transposed || shape === null || shape.some((size) => size <= 0)) return null;
        dims = shape;
      } else if (node.opType === 'Transpose') {
        const order = ints(node, 'perm') ?? [1, 0];
        if (dims.length !== 2 || order.length !== 2) return null;
        if (order[0] === 1) {
          transposed = !transposed;
          dims = [...dims].reverse();
        }
      } else if (
        node.opType === 'Cast' &&
        !(initializer.dataType === types.FLOAT16 && integer(node, 'to') === types.FLOAT)
      ) {
        return null;
      }
    }
    return { initializer, dims, transposed };
  }

  /** The whole numbers that a constant value holds, null where it is none, or long. */
  integers(value: string): number[] | null {
    const node = this.#producers.get(value);
    if (node === undefined) {
      const initializer = this.initializers.get(value);
      if (initializer === undefined || initializer.bytes > 1024) return null;
      return integersOf(initializer.dataType, this.initializers.bytes(initializer));
    }
    if (!isStandard(node) || node.opType !== 'Constant') return null;
    const tensor = node.attribute.find(({ name }) => name === 'value')?.t;
    if (tensor !== undefined) return integersOf(tensor.dataType, tensorBytes(tensor) ?? new Uint8Array(0));
    const single = integer(node, 'value_int');
    return single === undefined ? (ints(node, 'value_ints') ?? null) : [single];
  }

  /** The floats of a constant vector or matrix of f32 or f16. */
  floats(initializer: Initializer): Float32Array | null {
    const bytes = new Uint8Array(this.initializers.bytes(initializer));
    if (initializer.dataType === types.FLOAT) return new Float32Array(bytes.buffer);
    if (initializer.dataType === types.FLOAT16) return Float32Array.from(new Uint16Array(bytes.buffer), halfToFloat);
    return null;
  }

  refuse(node: NodeProto, why: string): ModelError {
    return new ModelError('UNSUPPORTED_GRAPH', `${this.path}: ${describe(node)} cannot be streamed: ${why}`);
  }
}

export const describe = (node: NodeProto): string => {
  const operator = isStandard(node) ? node.opType : `${node.domain}.${node.opType}`;
  return `the node ${JSON.stringify((node.name || (node.output[0] ?? '')).slice(0, 120))} (${operator.slice(0, 80)})`;
};

export const isStandard = (node: NodeProto): boolean => node.domain === '' || node.domain === 'ai.onnx';
export const isContrib = (node: NodeProto, opType: string): boolean =>
  node.domain === 'com.microsoft' && node.opType === opType;

const attribute = (node: NodeProto, wanted: string) => node.attribute.find(({ name }) => name === wanted);
export const integer = (node: NodeProto, name: string): number | undefined => attribute(node, name)?.i;
export const float = (node: NodeProto, name: string): number | undefined => attribute(node, name)?.f;
export const ints = (node: NodeProto, name: string): number[] | undefined => attribute(node, name)?.ints;

function integersOf(dataType: number, bytes: Uint8Array): number[] | null {
  // A copy: where it lies, it need not be aligned.
  const { buffer } = new Uint8Array(bytes);
  if (dataType === types.INT64 && bytes.length % 8 === 0) return Array.from(new BigInt64Array(buffer), Number);
  if (dataType === types.INT32 && bytes.length % 4 === 0) return Array.from(new Int32Array(buffer));
  return null;
}

function halfToFloat(bits: number): number {
  const [sign, exponent, mantissa] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (exponent === 0 ? mantissa * 2 ** -24 : (1024 + mantissa) * 2 ** (exponent - 25));
}
