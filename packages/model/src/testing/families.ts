// What a file of each architecture holds beside, or in place of, llama's tensors. Written down apart from the importer's
// table (architecture/architectures.ts), so that the two can disagree.

export interface Family {
  /** attn_norm and ffn_norm. */
  normsBefore: boolean;
  /** post_attention_norm and post_ffw_norm. */
  normsAfter: boolean;
  /** attn_q_norm and attn_k_norm, of a head or of all heads end to end. */
  queryKeyNorm: 'none' | 'head' | 'all-heads';
  /** attn_q.bias, attn_k.bias, attn_v.bias. */
  biases: boolean;
  /** attn_qkv in place of attn_q, attn_k and attn_v; gate and up in ffn_up. */
  fused: boolean;
}

const llama: Family = { normsBefore: true, normsAfter: false, queryKeyNorm: 'none', biases: false, fused: false };

export const families = {
  llama,
  mistral3: llama,
  qwen2: { ...llama, biases: true },
  qwen2moe: { ...llama, biases: true },
  qwen3: { ...llama, queryKeyNorm: 'head' },
  qwen3moe: { ...llama, queryKeyNorm: 'head' },
  phi3: { ...llama, fused: true },
  gemma2: { ...llama, normsAfter: true },
  gemma3: { ...llama, normsAfter: true, queryKeyNorm: 'head' },
  smollm3: llama,
  olmo2: { ...llama, normsBefore: false, normsAfter: true, queryKeyNorm: 'all-heads' },
} as const satisfies Record<string, Family>;

export type FamilyName = keyof typeof families;
