// Small makers of ONNX messages. Names of values are the graph's edges: a node's input is another's output.
import {
  type AttributeProto,
  AttributeProto_AttributeType,
  ModelProto,
  type NodeProto,
  type TensorProto,
  TensorProto_DataLocation,
  TensorProto_DataType,
  type ValueInfoProto,
} from './generated/onnx.ts';

export type Attribute = number | string | { integer: number } | { integers: number[] } | { floats: ArrayLike<number> };
export type ElementType = 'float' | 'int64';

const elementTypes = { float: TensorProto_DataType.FLOAT, int64: TensorProto_DataType.INT64 };

/** A bare number is a float attribute: ONNX tells 1 from 1.0. */
export function attribute(name: string, value: Attribute): AttributeProto {
  const types = AttributeProto_AttributeType;
  const none = { name, floats: [], ints: [] };
  if (typeof value === 'number') return { ...none, f: value, type: types.FLOAT };
  if (typeof value === 'string') return { ...none, s: new TextEncoder().encode(value), type: types.STRING };
  if ('integer' in value) return { ...none, i: value.integer, type: types.INT };
  if ('integers' in value) return { ...none, ints: value.integers, type: types.INTS };
  return { ...none, floats: Array.from(value.floats), type: types.FLOATS };
}

export interface NodeOptions {
  /** For people: it stands in profiles. */
  name?: string;
  domain?: string;
  attributes?: Record<string, Attribute>;
}

export function node(opType: string, input: string[], output: string[], options: NodeOptions = {}): NodeProto {
  return {
    opType,
    input,
    output,
    name: options.name ?? '',
    domain: options.domain ?? '',
    attribute: Object.entries(options.attributes ?? {}).map(([name, value]) => attribute(name, value)),
  };
}

/** A size that is a name may be any, the same wherever the name stands. */
export function valueInfo(name: string, elementType: ElementType, shape: (number | string)[]): ValueInfoProto {
  const dim = shape.map((size) => (typeof size === 'string' ? { dimParam: size } : { dimValue: size }));
  return { name, type: { tensorType: { elemType: elementTypes[elementType], shape: { dim } } } };
}

const noTypedData = { floatData: [], int32Data: [], int64Data: [] };

/** A tensor whose values are in the model itself. */
export function constant(name: string, dims: number[], values: Float32Array | BigInt64Array): TensorProto {
  return {
    name,
    dims,
    dataType: values instanceof Float32Array ? elementTypes.float : elementTypes.int64,
    ...noTypedData,
    rawData: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
    externalData: [],
  };
}

/** A tensor whose values are in a file beside the model. */
export function externalTensor(name: string, dims: number[], file: string, offset: number, bytes: number): TensorProto {
  return {
    name,
    dims,
    dataType: elementTypes.float,
    ...noTypedData,
    externalData: [
      { key: 'location', value: file },
      { key: 'offset', value: String(offset) },
      { key: 'length', value: String(bytes) },
    ],
    dataLocation: TensorProto_DataLocation.EXTERNAL,
  };
}

export interface Graph {
  nodes: NodeProto[];
  initializers: TensorProto[];
  inputs: ValueInfoProto[];
  outputs: ValueInfoProto[];
}

/** `domains`: the version of each operator set in use. */
export function serializeModel(name: string, graph: Graph, domains: Record<string, number>): Uint8Array {
  return ModelProto.encode({
    irVersion: 8,
    producerName: 'flash-slim',
    producerVersion: '',
    opsetImport: Object.entries(domains).map(([domain, version]) => ({ domain, version })),
    graph: {
      name,
      node: graph.nodes,
      initializer: graph.initializers,
      input: graph.inputs,
      output: graph.outputs,
      valueInfo: [],
    },
  }).finish();
}
