// Writes small ONNX folders of random weights as onnxruntime-genai's builder lays them out, and variants that other
// exporters make: for tests that run the original graph beside ours.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readGgufHeader } from '../gguf/header.ts';
import {
  ModelProto,
  type NodeProto,
  type TensorProto,
  TensorProto_DataLocation,
  TensorProto_DataType,
  type ValueInfoProto,
} from '../onnx/generated/onnx.ts';
import { type Attribute, node as makeNode } from '../onnx/model.ts';
import { writeTokenizer } from './folder-from-gguf.ts';
import { Random } from './random.ts';
import { writeRandomGguf } from './random-gguf.ts';
import { floatBytes } from './safetensors-writer.ts';

export interface OnnxFolderOptions {
  /** Of MatMulNBits. */
  bits?: 4 | 8;
  blockSize?: number;
  zeroPoints?: boolean;
  /** Weights as f32 matrices of MatMul instead. */
  floats?: boolean;
  /** q, k and v are three products, and attention takes them apart. */
  separate?: boolean;
  /** With `separate`: q and k rotate in nodes of their own. */
  rotaryOutside?: boolean;
  /** Added to q, k and v by nodes of their own. */
  bias?: boolean;
  /** q and k are normed by head, in shapes of their own. */
  headNorms?: boolean;
  /** Otherwise an f32 embedding of its own. */
  tied?: boolean;
  /** Activations, scales and norms are of f16. */
  halves?: boolean;
  /** Weights inside model.onnx. */
  embedded?: boolean;
  window?: number;
  softcap?: number;
  /** Puts one more node between embedding and layers: for graphs that cannot be streamed. */
  strange?: { opType: string; domain?: string; attributes?: Record<string, Attribute>; inputs?: string[] };
  seed?: number;
}

export const onnxShape = {
  hidden: 128,
  feedForward: 192,
  layers: 2,
  heads: 4,
  kvHeads: 2,
  headSize: 32,
  vocabulary: 288,
  positions: 64,
};
const { hidden, feedForward, layers, heads, kvHeads, headSize, vocabulary, positions } = onnxShape;
const contrib = 'com.microsoft';
const types = TensorProto_DataType;

/** Writes `directory`. Returns the path of model.onnx. */
export function writeOnnxFolder(directory: string, options: OnnxFolderOptions = {}): string {
  mkdirSync(directory, { recursive: true });
  const gguf = join(directory, 'tokenizer.gguf');
  writeRandomGguf(gguf, { vocabularySize: vocabulary });
  writeTokenizer(readGgufHeader(gguf), directory);
  const genai = {
    model: {
      type: 'llama',
      context_length: positions,
      vocab_size: vocabulary,
      eos_token_id: 2,
      decoder: { filename: 'model.onnx' },
    },
  };
  writeFileSync(join(directory, 'genai_config.json'), JSON.stringify(genai));
  return new FolderWriter(directory, options).write();
}

class FolderWriter {
  readonly #directory: string;
  readonly #options: OnnxFolderOptions;
  readonly #random: Random;
  readonly #nodes: NodeProto[] = [];
  readonly #initializers: TensorProto[] = [];
  readonly #data: Uint8Array[] = [];
  #dataBytes = 0;

  constructor(directory: string, options: OnnxFolderOptions) {
    this.#directory = directory;
    this.#options = options;
    this.#random = new Random(options.seed ?? 1);
  }

  write(): string {
    const { strange } = this.#options;
    this.#maskNodes();
    const angles = Array.from({ length: positions * (headSize / 2) }, (_, i) => {
      const [position, pair] = [Math.floor(i / (headSize / 2)), i % (headSize / 2)];
      return position * Math.fround(10000 ** ((-2 * pair) / headSize));
    });
    this.#constant('cos_cache', [positions, headSize / 2], Float32Array.from(angles, Math.cos));
    this.#constant('sin_cache', [positions, headSize / 2], Float32Array.from(angles, Math.sin));
    let residual = this.#embed();
    if (strange) {
      const inputs = strange.inputs ?? [residual];
      this.#node(strange.opType, inputs, 'strange', strange.domain ?? '', strange.attributes);
      residual = 'strange';
    }
    this.#norm('l0.attn_norm');
    this.#node('SimplifiedLayerNormalization', [residual, 'l0.attn_norm'], 'l0.in', '', {
      epsilon: 1e-5,
      axis: { integer: -1 },
      stash_type: { integer: 1 },
    });
    for (let layer = 0; layer < layers; layer++) residual = this.#layer(layer, residual);
    this.#product(`l${layers}.in`, 'logits', 'head', vocabulary, hidden);
    return this.#save();
  }

  #layer(layer: number, residual: string): string {
    const name = (part: string) => `l${layer}.${part}`;
    this.#attention(layer);
    this.#product(name('attended'), name('o'), name('o_proj'), hidden, heads * headSize);
    this.#skipNorm(residual, name('o'), name('ffn_norm'), name('ffn_in'), name('mid'));
    this.#product(name('ffn_in'), name('gate'), name('gate_proj'), feedForward, hidden);
    this.#product(name('ffn_in'), name('up'), name('up_proj'), feedForward, hidden);
    this.#node('Sigmoid', [name('gate')], name('sigmoid'));
    this.#node('Mul', [name('gate'), name('sigmoid')], name('act'));
    this.#node('Mul', [name('act'), name('up')], name('gated'));
    this.#product(name('gated'), name('down'), name('down_proj'), hidden, feedForward);
    this.#skipNorm(name('mid'), name('down'), name('next_norm'), `l${layer + 1}.in`, name('out'));
    return name('out');
  }

  #attention(layer: number): void {
    const { separate = false, rotaryOutside = false, window = -1, softcap = 0 } = this.#options;
    const name = (part: string) => `l${layer}.${part}`;
    const widths = { q: heads * headSize, k: kvHeads * headSize, v: kvHeads * headSize };
    let inputs: string[];
    if (separate) {
      inputs = Object.entries(widths).map(([part, width]) => {
        let value = this.#biased(name('in'), name(part), width);
        if (this.#options.headNorms && part !== 'v') value = this.#headNorm(value, name(part), width);
        if (!rotaryOutside || part === 'v') return value;
        this.#node('RotaryEmbedding', [value, 'position_ids', 'cos_cache', 'sin_cache'], `${value}.rotated`, contrib, {
          interleaved: { integer: 0 },
        });
        return `${value}.rotated`;
      });
    } else {
      inputs = [this.#biased(name('in'), name('qkv'), widths.q + widths.k + widths.v), '', ''];
    }
    const outputs = [name('attended'), `present.${layer}.key`, `present.${layer}.value`];
    const rotary = rotaryOutside ? [] : ['cos_cache', 'sin_cache'];
    this.#nodes.push(
      makeNode(
        'GroupQueryAttention',
        [...inputs, `past.${layer}.key`, `past.${layer}.value`, 'seqlens', 'total', ...rotary],
        outputs,
        {
          domain: contrib,
          name: name('attention'),
          attributes: {
            num_heads: { integer: heads },
            kv_num_heads: { integer: kvHeads },
            scale: 1 / Math.sqrt(headSize),
            local_window_size: { integer: window },
            softcap,
            do_rotary: { integer: rotaryOutside ? 0 : 1 },
            rotary_interleaved: { integer: 0 },
          },
        },
      ),
    );
  }

  #biased(input: string, output: string, width: number): string {
    if (!this.#options.bias) {
      this.#product(input, output, `${output}_proj`, width, hidden);
      return output;
    }
    this.#product(input, `${output}.unbiased`, `${output}_proj`, width, hidden);
    this.#constant(`${output}_bias`, [width], this.#floats(width, 0.5));
    this.#node('Add', [`${output}.unbiased`, `${output}_bias`], output);
    return output;
  }

  #headNorm(value: string, name: string, width: number): string {
    this.#constant(`${name}.by_head`, [4], BigInt64Array.of(0n, 0n, BigInt(width / headSize), BigInt(headSize)));
    this.#constant(`${name}.flat`, [3], BigInt64Array.of(0n, 0n, BigInt(width)));
    this.#constant(`${name}_norm`, [headSize], this.#floats(headSize, 0.2, 1));
    this.#node('Reshape', [value, `${name}.by_head`], `${name}.heads`);
    this.#node('SimplifiedLayerNormalization', [`${name}.heads`, `${name}_norm`], `${name}.normed`, '', {
      epsilon: 1e-5,
      axis: { integer: -1 },
      stash_type: { integer: 1 },
    });
    this.#node('Reshape', [`${name}.normed`, `${name}.flat`], `${name}.again`);
    return `${name}.again`;
  }

  #embed(): string {
    const { tied = true, floats = false, bits = 4, blockSize = 32, zeroPoints = false } = this.#options;
    if (floats || !tied) {
      this.#constant('embedding', [vocabulary, hidden], this.#floats(vocabulary * hidden, 1));
      this.#node('Gather', ['embedding', 'input_ids'], 'embedded', '', { axis: { integer: 0 } });
      return 'embedded';
    }
    this.#quants('head', vocabulary, hidden);
    this.#constant('table shape', [2], BigInt64Array.of(BigInt(vocabulary), BigInt((hidden * bits) / 8)));
    this.#node('Reshape', ['head.quants', 'table shape'], 'table');
    this.#node(
      'GatherBlockQuantized',
      ['table', 'input_ids', 'head.scales', ...(zeroPoints ? ['head.zeros'] : [])],
      'embedded',
      contrib,
      {
        bits: { integer: bits },
        block_size: { integer: blockSize },
        gather_axis: { integer: 0 },
        quantize_axis: { integer: 1 },
      },
    );
    return 'embedded';
  }

  #product(input: string, output: string, weight: string, rows: number, columns: number): void {
    const { bits = 4, blockSize = 32, zeroPoints = false, floats = false } = this.#options;
    if (floats) {
      this.#constant(weight, [columns, rows], this.#floats(rows * columns, 1.7 / Math.sqrt(columns)));
      this.#node('MatMul', [input, weight], output);
      return;
    }
    if (!this.#initializers.some(({ name }) => name === `${weight}.quants`)) this.#quants(weight, rows, columns);
    const inputs = [input, `${weight}.quants`, `${weight}.scales`, ...(zeroPoints ? [`${weight}.zeros`] : [])];
    this.#node('MatMulNBits', inputs, output, contrib, {
      K: { integer: columns },
      N: { integer: rows },
      bits: { integer: bits },
      block_size: { integer: blockSize },
    });
  }

  #quants(weight: string, rows: number, columns: number): void {
    const { bits = 4, blockSize = 32, zeroPoints = false } = this.#options;
    const blocks = Math.ceil(columns / blockSize);
    const bytes = (count: number) => Uint8Array.from({ length: count }, () => this.#random.u32() & 255);
    this.#constant(
      `${weight}.quants`,
      [rows, blocks, (blockSize * bits) / 8],
      bytes((rows * blocks * blockSize * bits) / 8),
    );
    const step = 3 / (2 ** bits * Math.sqrt(columns));
    this.#constant(
      `${weight}.scales`,
      [rows, blocks],
      Float32Array.from({ length: rows * blocks }, () => step * (0.5 + this.#random.uniform())),
    );
    if (!zeroPoints) return;
    const width = Math.ceil((blocks * bits) / 8);
    // About the middle, where real ones lie.
    const zeros = Uint8Array.from({ length: rows * width }, () =>
      bits === 8 ? 120 + (this.#random.u32() & 15) : 0x66 + (this.#random.u32() & 0x33),
    );
    this.#constant(`${weight}.zeros`, [rows, width], zeros);
  }

  #norm(name: string): void {
    this.#constant(name, [hidden], this.#floats(hidden, 0.2, 1));
  }

  #skipNorm(residual: string, branch: string, norm: string, output: string, sum: string): void {
    this.#norm(norm);
    this.#nodes.push(
      makeNode('SkipSimplifiedLayerNormalization', [residual, branch, norm], [output, '', '', sum], {
        domain: contrib,
        name: norm,
        attributes: { epsilon: 1e-5 },
      }),
    );
  }

  /** Lengths from the mask, as the builder makes them. */
  #maskNodes(): void {
    this.#constant('one', [1], BigInt64Array.of(1n));
    this.#constant('second', [], BigInt64Array.of(1n));
    this.#node('ReduceSum', ['attention_mask', 'one'], 'seen', '', { keepdims: { integer: 0 } });
    this.#node('Sub', ['seen', 'one'], 'seqlens64');
    this.#node('Cast', ['seqlens64'], 'seqlens', '', { to: { integer: types.INT32 } });
    this.#node('Shape', ['attention_mask'], 'mask shape');
    this.#node('Gather', ['mask shape', 'second'], 'total64', '', { axis: { integer: 0 } });
    this.#node('Cast', ['total64'], 'total', '', { to: { integer: types.INT32 } });
  }

  #node(
    opType: string,
    inputs: string[],
    output: string,
    domain = '',
    attributes: Record<string, Attribute> = {},
  ): void {
    this.#nodes.push(makeNode(opType, inputs, [output], { name: `node ${output}`, domain, attributes }));
  }

  #floats(count: number, deviation: number, mean = 0): Float32Array {
    return Float32Array.from({ length: count }, () => mean + deviation * 1.73 * (2 * this.#random.uniform() - 1));
  }

  #constant(name: string, dims: number[], values: Float32Array | BigInt64Array | Uint8Array): void {
    const float = this.#options.halves ? types.FLOAT16 : types.FLOAT;
    const dataType = values instanceof Float32Array ? float : values instanceof Uint8Array ? types.UINT8 : types.INT64;
    const bytes =
      values instanceof Float32Array
        ? floatBytes(float === types.FLOAT16 ? 'F16' : 'F32', values)
        : new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const base = { name, dims, dataType, floatData: [], int32Data: [], int64Data: [], externalData: [] };
    if (this.#options.embedded || dataType === types.INT64) {
      this.#initializers.push({ ...base, rawData: bytes });
      return;
    }
    this.#initializers.push({
      ...base,
      dataLocation: TensorProto_DataLocation.EXTERNAL,
      externalData: Object.entries({ location: 'model.onnx.data', offset: this.#dataBytes, length: bytes.length }).map(
        ([key, value]) => ({ key, value: String(value) }),
      ),
    });
    this.#data.push(bytes);
    this.#dataBytes += bytes.length;
  }

  #save(): string {
    const value = (name: string, elemType: TensorProto_DataType, shape: (number | string)[]): ValueInfoProto => ({
      name,
      type: {
        tensorType: {
          elemType,
          shape: { dim: shape.map((size) => (typeof size === 'string' ? { dimParam: size } : { dimValue: size })) },
        },
      },
    });
    const caches = Array.from({ length: layers }, (_, layer) =>
      ['key', 'value'].map((part) => `${layer}.${part}`),
    ).flat();
    const float = this.#options.halves ? types.FLOAT16 : types.FLOAT;
    const model = ModelProto.encode({
      irVersion: 10,
      producerName: 'flash-slim tests',
      producerVersion: '',
      opsetImport: [
        { domain: '', version: 21 },
        { domain: contrib, version: 1 },
      ],
      graph: {
        name: 'tiny',
        node: this.#nodes,
        initializer: this.#initializers,
        valueInfo: [],
        input: [
          value('input_ids', types.INT64, ['batch', 'tokens']),
          value('attention_mask', types.INT64, ['batch', 'total']),
          ...(this.#options.rotaryOutside ? [value('position_ids', types.INT64, ['batch', 'tokens'])] : []),
          ...caches.map((name) => value(`past.${name}`, float, ['batch', kvHeads, 'past', headSize])),
        ],
        output: [
          value('logits', float, ['batch', 'tokens', vocabulary]),
          ...caches.map((name) => value(`present.${name}`, float, ['batch', kvHeads, 'total', headSize])),
        ],
      },
    }).finish();
    const path = join(this.#directory, 'model.onnx');
    writeFileSync(path, model);
    if (this.#dataBytes > 0) writeFileSync(join(this.#directory, 'model.onnx.data'), Buffer.concat(this.#data));
    return path;
  }
}
