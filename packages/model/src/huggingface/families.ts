// The table of Hugging Face model types: what each is called in GGUF, whose names the rest of this package speaks, and
// what sets its folder apart. A new one is a row here.
// Source: the models' code in transformers (modeling_*.py), llama.cpp's names (gguf-py/gguf/constants.py).

export interface Family {
  /** general.architecture of the GGUF that it corresponds to. */
  architecture: string;
  /** Parts of a layer that are named otherwise than in `commonParts`. */
  parts?: Record<string, string>;
  /** config.json's hidden_act or hidden_activation. */
  activation: 'silu' | 'gelu_pytorch_tanh';
  /** Norms multiply by 1 + weight; GGUF stores the sum. */
  normsPlusOne?: boolean;
  /** Keys that must be there, if only as null: what transformers takes in their place is not what is usual, or changed. */
  mustSay?: readonly string[];
  /** sliding_window counts only where use_sliding_window says so. */
  slidingIfAsked?: boolean;
}

/** Of model.layers.N, without ".weight". */
export const commonParts: Record<string, string> = {
  input_layernorm: 'attn_norm',
  'self_attn.q_proj': 'attn_q',
  'self_attn.k_proj': 'attn_k',
  'self_attn.v_proj': 'attn_v',
  'self_attn.qkv_proj': 'attn_qkv',
  'self_attn.o_proj': 'attn_output',
  'self_attn.q_norm': 'attn_q_norm',
  'self_attn.k_norm': 'attn_k_norm',
  post_attention_layernorm: 'ffn_norm',
  'mlp.gate_proj': 'ffn_gate',
  'mlp.up_proj': 'ffn_up',
  'mlp.gate_up_proj': 'ffn_up',
  'mlp.down_proj': 'ffn_down',
};

const postNorms = {
  post_attention_layernorm: 'post_attention_norm',
  pre_feedforward_layernorm: 'ffn_norm',
  post_feedforward_layernorm: 'post_ffw_norm',
};
const gemma = {
  parts: postNorms,
  activation: 'gelu_pytorch_tanh',
  normsPlusOne: true,
  mustSay: ['head_dim', 'sliding_window', 'query_pre_attn_scalar'],
} as const;

export const families: ReadonlyMap<string, Family> = new Map<string, Family>([
  ['llama', { architecture: 'llama', activation: 'silu' }],
  ['mistral', { architecture: 'llama', activation: 'silu', mustSay: ['sliding_window', 'num_key_value_heads'] }],
  ['qwen2', { architecture: 'qwen2', activation: 'silu', slidingIfAsked: true }],
  ['qwen3', { architecture: 'qwen3', activation: 'silu', slidingIfAsked: true, mustSay: ['head_dim'] }],
  ['phi3', { architecture: 'phi3', activation: 'silu' }],
  ['gemma2', { architecture: 'gemma2', ...gemma }],
  ['gemma3_text', { architecture: 'gemma3', ...gemma }],
  ['smollm3', { architecture: 'smollm3', activation: 'silu', slidingIfAsked: true }],
  ['olmo2', { architecture: 'olmo2', activation: 'silu', parts: postNorms }],
]);
