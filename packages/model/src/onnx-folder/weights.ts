// The operators that multiply with weights or look rows up in them, and where these weights lie. What an operator's
// attributes and constants say decides; a weight that is computed, or stored in a way that the layout cannot hold without
// loss, is refused with its node.
import { type NodeProto, TensorProto_DataType as types } from '../onnx/generated/onnx.ts';
import type { BlockQuants, TensorBytes, WeightKind } from '../types.ts';
import { type ConstantMatrix, type GraphView, integer, isContrib, isStandard } from './graph-view.ts';
import type { Initializer } from './initializers.ts';

/** A matrix [rows][columns] that multiplies a vector of `columns`, or gives rows. */
export interface StreamedWeight {
  kind: WeightKind;
  rows: number;
  columns: number;
  tensor: TensorBytes;
}

export interface WeightUse {
  weight: StreamedWeight;
  /** The value that is multiplied, or the numbers of the rows. */
  input: string;
  /** A constant that is added to the product. */
  bias: string | null;
  /** TensorProto_DataType's number of input and output. */
  elementType: number;
}

/** Below this a constant of a MatMul or Gather is left to ONNX Runtime. */
const leastBytes = 64 << 10;
const columnsMultiple = 32;

/** What the node multiplies with; null where it is no product with a large constant. Throws UNSUPPORTED_GRAPH. */
export function matmulWeight(view: GraphView, node: NodeProto): WeightUse | null {
  if (isContrib(node, 'MatMulNBits')) return nBits(view, node);
  if (!isStandard(node) || (node.opType !== 'MatMul' && node.opType !== 'Gemm')) return null;
  const constant = view.constant(node.input[1] ?? '');
  if (constant === null || constant.dims.length !== 2 || constant.initializer.bytes < leastBytes) return null;
  const asRows = node.opType === 'Gemm' && integer(node, 'transB') === 1;
  if (node.opType === 'Gemm') {
    const factors = node.attribute.filter(({ name, f }) => (name === 'alpha' || name === 'beta') && f !== 1);
    if (factors.length > 0 || integer(node, 'transA') === 1) throw view.refuse(node, 'alpha, beta or transA is set');
  }
  return {
    weight: floatWeight(view, node, constant, asRows),
    input: node.input[0] as string,
    bias: node.input[2] || null,
    elementType: constant.initializer.dataType,
  };
}

/** Where the node gives rows of a large constant by number; null otherwise. Throws UNSUPPORTED_GRAPH. */
export function gatherWeight(view: GraphView, node: NodeProto): WeightUse | null {
  const input = node.input[1] as string;
  if (isContrib(node, 'GatherBlockQuantized')) return { ...gatherBlocks(view, node), input, bias: null };
  if (!isStandard(node) || node.opType !== 'Gather' || (integer(node, 'axis') ?? 0) !== 0) return null;
  const constant = view.constant(node.input[0] ?? '');
  if (constant === null || constant.dims.length !== 2 || constant.initializer.bytes < leastBytes) return null;
  const weight = floatWeight(view, node, constant, true);
  return { weight, input, bias: null, elementType: constant.initializer.dataType };
}

/** @param asRows whether the operator takes [rows][columns], as the layout does, and not [columns][rows] */
function floatWeight(view: GraphView, node: NodeProto, constant: ConstantMatrix, asRows: boolean): StreamedWeight {
  const { initializer, dims, transposed } = constant;
  const kind = initializer.dataType === types.FLOAT ? 'F32' : initializer.dataType === types.FLOAT16 ? 'F16' : null;
  if (kind === null)
    throw view.refuse(node, `its weight is of data type ${initializer.dataType}; f32 and f16 are read`);
  const [columns, rows] = asRows ? [dims[1] as number, dims[0] as number] : [dims[0] as number, dims[1] as number];
  const { file, offset } = placeOf(view, node, initializer);
  const { name, bytes } = initializer;
  checkColumns(view, node, columns);
  // Rows lie one after the other in the file where the operator takes them so and nothing turned them, or both.
  const tensor: TensorBytes = { name, file, offset, bytes, rows };
  if (asRows !== transposed) return { kind, rows, columns, tensor };
  throw view.refuse(node, 'its weight lies column by column; it would have to be turned first');
}

function nBits(view: GraphView, node: NodeProto): WeightUse {
  const required = (name: string): number => {
    const value = integer(node, name);
    if (value === undefined || value < 1) throw view.refuse(node, `it lacks the attribute ${name}`);
    return value;
  };
  const [columns, rows, blockSize] = [required('K'), required('N'), required('block_size')];
  const [input, quants = '', scales = '', zeroPoints = '', order, bias] = node.input;
  if (order) throw view.refuse(node, 'its weights are in another order (g_idx)');
  const blocks = blockQuants(view, node, {
    bits: integer(node, 'bits') ?? 4,
    blockSize,
    scales,
    zeroPoints,
    rows,
    columns,
  });
  const weight = blockWeight(view, node, constantOf(view, node, quants), rows, columns, blocks);
  const scaleType = constantOf(view, node, scales).dataType;
  return { weight, input: input as string, bias: bias || null, elementType: scaleType };
}

function gatherBlocks(view: GraphView, node: NodeProto): Pick<WeightUse, 'weight' | 'elementType'> {
  const [data = '', , scales = '', zeroPoints = ''] = node.input;
  const constant = view.constant(data);
  if (constant === null || constant.transposed) throw view.refuse(node, 'its table is no constant');
  const bits = integer(node, 'bits') ?? 4;
  if ((integer(node, 'gather_axis') ?? 0) !== 0) throw view.refuse(node, 'it does not gather whole rows');
  const { dataType } = constant.initializer;
  const packed = dataType === types.UINT8 ? 8 / bits : 1;
  if (dataType !== types.UINT8 && !(dataType === types.UINT4 && zeroPoints !== '')) {
    throw view.refuse(node, `its table is of data type ${dataType}; uint8 is read, uint4 with zero points`);
  }
  const rows = constant.dims[0] as number;
  const columns = constant.dims.slice(1).reduce((product, size) => product * size, 1) * packed;
  const axis = integer(node, 'quantize_axis') ?? 1;
  if (axis !== 1 && axis !== constant.dims.length - 1) throw view.refuse(node, 'its blocks do not lie along rows');
  const blockSize = integer(node, 'block_size') ?? 128;
  const blocks = blockQuants(view, node, { bits, blockSize, scales, zeroPoints, rows, columns });
  const weight = blockWeight(view, node, constant.initializer, rows, columns, blocks);
  return { weight, elementType: constantOf(view, node, scales).dataType };
}

interface BlockInputs {
  bits: number;
  blockSize: number;
  scales: string;
  zeroPoints: string;
  rows: number;
  columns: number;
}

function blockQuants(view: GraphView, node: NodeProto, inputs: BlockInputs): BlockQuants {
  const { bits, blockSize, rows, columns } = inputs;
  if (bits !== 4 && bits !== 8) throw view.refuse(node, `its weights have ${bits} bits; 4 and 8 are read`);
  if (blockSize % columnsMultiple !== 0 || blockSize > 1024) {
    throw view.refuse(node, `its blocks have ${blockSize} values; multiples of ${columnsMultiple} up to 1024 are read`);
  }
  checkColumns(view, node, columns);
  const blocksOfRow = Math.ceil(columns / blockSize);
  const scales = constantOf(view, node, inputs.scales);
  const form = scales.dataType === types.FLOAT ? 'F32' : scales.dataType === types.FLOAT16 ? 'F16' : null;
  if (form === null) throw view.refuse(node, `its scales are of data type ${scales.dataType}; f32 and f16 are read`);
  const expect = (what: string, found: Initializer, bytes: number) => {
    if (found.bytes !== bytes)
      throw view.refuse(node, `its ${what} take ${found.bytes} bytes, where ${bytes} follow from its sizes`);
  };
  expect('scales', scales, rows * blocksOfRow * (form === 'F32' ? 4 : 2));
  const zeroPoints = inputs.zeroPoints === '' ? null : constantOf(view, node, inputs.zeroPoints);
  if (zeroPoints !== null) {
    if (zeroPoints.dataType !== types.UINT8 && zeroPoints.dataType !== types.UINT4) {
      throw view.refuse(node, `its zero points are of data type ${zeroPoints.dataType}; whole numbers are read`);
    }
    expect('zero points', zeroPoints, rows * Math.ceil((blocksOfRow * bits) / 8));
  }
  return {
    bits,
    blockSize,
    scales: { ...placeOf(view, node, scales), form },
    zeroPoints: zeroPoints && placeOf(view, node, zeroPoints),
  };
}

/** Scales of f16 fit the kinds that GGUF has; those of f32 need kinds of their own, as rounding them would change weights. */
function blockWeight(
  view: GraphView,
  node: NodeProto,
  quants: Initializer,
  rows: number,
  columns: number,
  blocks: BlockQuants,
): StreamedWeight {
  const { bits, blockSize, scales, zeroPoints } = blocks;
  const bytes = rows * Math.ceil(columns / blockSize) * ((blockSize * bits) / 8);
  if (quants.bytes !== bytes) {
    throw view.refuse(node, `its weights take ${quants.bytes} bytes, where ${bytes} follow from its sizes`);
  }
  const exact = scales.form === 'F16' && zeroPoints === null;
  const kind = exact ? (`Q${bits}_0` as const) : (`Q${bits}_N${zeroPoints === null ? '' : 'Z'}` as const);
  return { kind, rows, columns, tensor: { name: quants.name, ...placeOf(view, node, quants), bytes, rows, blocks } };
}

function constantOf(view: GraphView, node: NodeProto, value: string): Initializer {
  const constant = view.constant(value);
  if (constant === null || constant.transposed)
    throw view.refuse(node, `its input ${value.slice(0, 80)} is no constant`);
  return constant.initializer;
}

function placeOf(view: GraphView, node: NodeProto, { name, place }: Initializer): { file: number; offset: number } {
  if (place !== null) return place;
  throw view.refuse(node, `its constant ${name.slice(0, 80)} is neither raw nor external data`);
}

function checkColumns(view: GraphView, node: NodeProto, columns: number): void {
  if (columns % columnsMultiple === 0 && columns > 0) return;
  throw view.refuse(node, `its rows have ${columns} values; multiples of ${columnsMultiple} are supported`);
}
