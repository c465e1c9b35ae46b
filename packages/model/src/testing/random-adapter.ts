// Writes a PEFT adapter with random values, and merges one into a GGUF of F32 the way its authors would: W += scale * B A.
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { readGgufHeader } from '../gguf/header.ts';
import { TensorReader } from '../gguf/tensor-data.ts';
import type { FloatForm } from '../types.ts';
import { Random } from './random.ts';
import { type RawTensor, safetensorsBytes } from './safetensors-writer.ts';
import type { ModelShape } from './shapes.ts';

export interface RandomAdapter {
  /** Of each module, by its name in transformers: scale, and A [rank][columns], B [rows][rank]. */
  modules: Map<string, { scale: number; rank: number; a: Float32Array; b: Float32Array }>;
}

export interface RandomAdapterOptions {
  rank?: number;
  alpha?: number;
  /** Ends of module names; all linear modules of the layers by default. */
  targets?: readonly string[];
  dtype?: FloatForm;
  seed?: number;
  /** On top of the configuration. */
  config?: Record<string, unknown>;
}

const everyTarget = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'];
const ggufNames: Record<string, string> = {
  q_proj: 'attn_q',
  k_proj: 'attn_k',
  v_proj: 'attn_v',
  o_proj: 'attn_output',
  gate_proj: 'ffn_gate',
  up_proj: 'ffn_up',
  down_proj: 'ffn_down',
};

type Sizes = Pick<ModelShape, 'hiddenSize' | 'feedForwardSize' | 'layers' | 'heads' | 'kvHeads' | 'headSize'>;

export function writeRandomAdapter(directory: string, shape: Sizes, options: RandomAdapterOptions = {}): RandomAdapter {
  const { rank = 4, alpha = 8, targets = everyTarget, dtype = 'F32', config = {} } = options;
  const { hiddenSize, feedForwardSize } = shape;
  const [q, kv] = [shape.heads * shape.headSize, shape.kvHeads * shape.headSize];
  const sizes: Record<string, [rows: number, columns: number]> = {
    q_proj: [q, hiddenSize],
    k_proj: [kv, hiddenSize],
    v_proj: [kv, hiddenSize],
    o_proj: [hiddenSize, q],
    gate_proj: [feedForwardSize, hiddenSize],
    up_proj: [feedForwardSize, hiddenSize],
    down_proj: [hiddenSize, feedForwardSize],
  };
  const random = new Random(options.seed ?? 1);
  // Multiples of 1/64 below 1/2: exact in every float.
  const values = (count: number) => Float32Array.from({ length: count }, () => ((random.u32() % 63) - 31) / 64);
  const modules: RandomAdapter['modules'] = new Map();
  const tensors: RawTensor[] = [];
  const scale = config.use_rslora === true ? alpha / Math.sqrt(rank) : alpha / rank;
  for (let layer = 0; layer < shape.layers; layer++) {
    for (const target of targets) {
      const [rows, columns] = sizes[target] as [number, number];
      const block =
        target.startsWith('gate') || target.startsWith('up') || target.startsWith('down') ? 'mlp' : 'self_attn';
      const name = `model.layers.${layer}.${block}.${target}`;
      // Each product is then about as large as the weight's own.
      const [a, b] = [values(rank * columns).map((value) => value / Math.sqrt(columns)), values(rows * rank)];
      const exact = dtype === 'F32' ? a : a.map((value) => Math.round(value * 256) / 256);
      modules.set(name, { scale, rank, a: exact, b });
      tensors.push({ name: `base_model.model.${name}.lora_A.weight`, dtype, shape: [rank, columns], values: exact });
      tensors.push({ name: `base_model.model.${name}.lora_B.weight`, dtype, shape: [rows, rank], values: b });
    }
  }
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'adapter_model.safetensors'), safetensorsBytes(tensors));
  const written = { peft_type: 'LORA', r: rank, lora_alpha: alpha, target_modules: targets, bias: 'none', ...config };
  writeFileSync(join(directory, 'adapter_config.json'), JSON.stringify(written));
  return { modules };
}

/** Changes a GGUF of architecture llama with weights in F32, whose q and k have their heads' halves interleaved. */
export async function mergeAdapter(
  gguf: string,
  { modules }: RandomAdapter,
  headSize: number,
  times = 1,
): Promise<void> {
  const header = readGgufHeader(gguf);
  const reader = await TensorReader.open(gguf);
  const fd = openSync(gguf, 'r+');
  try {
    for (const [name, { scale, rank, a, b }] of modules) {
      const [, layer, target = ''] = /layers\.(\d+)\..*\.(\w+)$/.exec(name) ?? [];
      const tensor = header.tensors.get(`blk.${layer}.${ggufNames[target]}.weight`);
      if (tensor?.type.name !== 'F32') throw new Error(`${name} has no weight in F32`);
      const [columns = 0, rows = 0] = tensor.dimensions;
      const weight = await reader.floats(tensor);
      for (let row = 0; row < rows; row++) {
        // Pair i of a head is rows i and i + half for the authors, 2i and 2i + 1 in GGUF.
        const within = row % headSize;
        const own =
          target === 'q_proj' || target === 'k_proj'
            ? row - within + (within >> 1) + (within & 1) * (headSize / 2)
            : row;
        for (let column = 0; column < columns; column++) {
          let sum = 0;
          for (let r = 0; r < rank; r++) sum += (b[own * rank + r] as number) * (a[r * columns + column] as number);
          weight[row * columns + column] = (weight[row * columns + column] as number) + times * scale * sum;
        }
      }
      writeSync(fd, new Uint8Array(weight.buffer), 0, weight.byteLength, tensor.offset);
    }
  } finally {
    closeSync(fd);
    await reader.close();
  }
}
