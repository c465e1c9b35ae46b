// Writes a GGUF of architecture llama as the Hugging Face folder it would have been made from: the same values in bf16,
// f16 or f32, rows of q and k in the authors' order, one file or several. For tests, and for tools that want such a folder.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type GgufHeader, type GgufTensor, readGgufHeader } from '../gguf/header.ts';
import { TensorReader } from '../gguf/tensor-data.ts';
import type { FloatForm } from '../types.ts';
import { type RawTensor, safetensorsBytes } from './safetensors-writer.ts';

export interface FolderOptions {
  dtype?: FloatForm;
  /** Files of weights; above 1 with an index. */
  shards?: number;
}

const partNames: Record<string, string> = {
  attn_norm: 'input_layernorm',
  attn_q: 'self_attn.q_proj',
  attn_k: 'self_attn.k_proj',
  attn_v: 'self_attn.v_proj',
  attn_output: 'self_attn.o_proj',
  ffn_norm: 'post_attention_layernorm',
  ffn_gate: 'mlp.gate_proj',
  ffn_up: 'mlp.up_proj',
  ffn_down: 'mlp.down_proj',
};
const otherNames: Record<string, string> = {
  'token_embd.weight': 'model.embed_tokens.weight',
  'output_norm.weight': 'model.norm.weight',
  'output.weight': 'lm_head.weight',
};

export async function writeFolderFromGguf(
  gguf: string,
  directory: string,
  { dtype = 'BF16', shards = 1 }: FolderOptions = {},
): Promise<void> {
  const header = readGgufHeader(gguf);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'config.json'), JSON.stringify(configOf(header, dtype), null, 2));
  writeTokenizer(header, directory);

  const all = [...header.tensors.values()];
  const map: Record<string, string> = {};
  const reader = await TensorReader.open(gguf);
  try {
    for (let shard = 0; shard < shards; shard++) {
      const number = (n: number) => String(n).padStart(5, '0');
      const file = shards === 1 ? 'model.safetensors' : `model-${number(shard + 1)}-of-${number(shards)}.safetensors`;
      const tensors: RawTensor[] = [];
      for (const tensor of all.filter((_, index) => index % shards === shard)) {
        const [, layer, part = ''] = /^blk\.(\d+)\.(\w+)\.weight$/.exec(tensor.name) ?? [];
        const name = otherNames[tensor.name] ?? `model.layers.${layer}.${partNames[part]}.weight`;
        const values = await reader.floats(tensor);
        const heads = part === 'attn_q' ? 'head_count' : part === 'attn_k' ? 'head_count_kv' : null;
        const rows = heads === null ? values : authorsOrder(values, tensor, Number(key(header, `attention.${heads}`)));
        tensors.push({ name, dtype, shape: tensor.dimensions.toReversed(), values: rows });
        map[name] = file;
      }
      writeFileSync(join(directory, file), safetensorsBytes(tensors));
    }
  } finally {
    await reader.close();
  }
  if (shards > 1) {
    writeFileSync(join(directory, 'model.safetensors.index.json'), JSON.stringify({ metadata: {}, weight_map: map }));
  }
}

const key = (header: GgufHeader, name: string) => header.metadata.get(`llama.${name}`);

/** GGUF's row 2j + i of a head is the authors' row i * n/2 + j. */
function authorsOrder(values: Float32Array, { dimensions }: GgufTensor, heads: number): Float32Array {
  const [columns = 0, rows = 0] = dimensions;
  const headSize = rows / heads;
  const out = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    const within = row % headSize;
    const to = row - within + (within % 2) * (headSize / 2) + Math.floor(within / 2);
    out.set(values.subarray(row * columns, (row + 1) * columns), to * columns);
  }
  return out;
}

function configOf(header: GgufHeader, dtype: FloatForm): object {
  const number = (name: string) => Number(key(header, name));
  return {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    hidden_act: 'silu',
    hidden_size: number('embedding_length'),
    intermediate_size: number('feed_forward_length'),
    num_hidden_layers: number('block_count'),
    num_attention_heads: number('attention.head_count'),
    num_key_value_heads: number('attention.head_count_kv'),
    max_position_embeddings: number('context_length'),
    rms_norm_eps: number('attention.layer_norm_rms_epsilon'),
    rope_theta: Number(key(header, 'rope.freq_base') ?? 10000),
    rope_scaling: null,
    attention_bias: false,
    mlp_bias: false,
    vocab_size: header.tensors.get('token_embd.weight')?.dimensions[1],
    tie_word_embeddings: !header.tensors.has('output.weight'),
    bos_token_id: Number(header.metadata.get('tokenizer.ggml.bos_token_id') ?? 0),
    eos_token_id: Number(header.metadata.get('tokenizer.ggml.eos_token_id') ?? 0),
    torch_dtype: { F32: 'float32', F16: 'float16', BF16: 'bfloat16' }[dtype],
  };
}

/** As SmolLM2's folder has it: digits apart, then GPT-2's words. */
export function writeTokenizer({ metadata }: GgufHeader, directory: string): void {
  const get = (name: string) => metadata.get(`tokenizer.ggml.${name}`);
  const tokens = [...(get('tokens') as Iterable<string>)];
  const types = get('token_type') as ArrayLike<number>;
  const special = (id: number) => types[id] === 3 || types[id] === 4;
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
  const tokenizer = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: tokens.flatMap((content, id) =>
      special(id)
        ? [
            {
              id,
              content,
              single_word: false,
              lstrip: false,
              rstrip: false,
              normalized: false,
              special: types[id] === 3,
            },
          ]
        : [],
    ),
    normalizer: null,
    pre_tokenizer: { type: 'Sequence', pretokenizers: [{ type: 'Digits', individual_digits: true }, byteLevel] },
    post_processor: null,
    decoder: byteLevel,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: [...(get('merges') as Iterable<string>)],
    },
  };
  writeFileSync(join(directory, 'tokenizer.json'), JSON.stringify(tokenizer));
  const text = (name: string) => tokens[Number(get(`${name}_token_id`) ?? 0)];
  const config = {
    tokenizer_class: 'GPT2Tokenizer',
    bos_token: text('bos'),
    eos_token: text('eos'),
    unk_token: text('bos'),
  };
  writeFileSync(join(directory, 'tokenizer_config.json'), JSON.stringify(config, null, 2));
  const template = metadata.get('tokenizer.chat_template');
  if (typeof template === 'string') writeFileSync(join(directory, 'chat_template.jinja'), template);
}
