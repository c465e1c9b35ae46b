// The table of architectures: what sets each apart from the common decoder (norm, attention, norm, gated feed-forward,
// all residual), keyed by general.architecture. A new one is a row here, with a column for each new difference, which
// outline.ts (what the file must hold) and the two graph builders then heed. What a file says by having a tensor needs no
// column: a bias of q, k or v, or the three fused in attn_qkv, are taken wherever they are found.
// Source: the models' published code, and llama.cpp's src/models for how their GGUFs are laid out.

export interface Architecture {
  /** Pairs that rotate together: neighbours (2i, 2i + 1), as converters lay out q and k rows for it; else (i, i + n/2). */
  rotaryInterleaved: boolean;
  /** Where the two branches of a layer are normed: their input, their output before it is added, or both. */
  norms: 'before' | 'after' | 'both';
  /** q and k are normed before they rotate: each head by itself, or all heads as one vector. */
  queryKeyNorm: 'none' | 'head' | 'all-heads';
  activation: 'silu' | 'gelu';
  /** ffn_up holds the gate's rows, then those of up. */
  gateInUp: boolean;
  /** Embeddings are multiplied by sqrt(hidden size). */
  embeddingScaled: boolean;
  /** Scores, and logits, pass through cap * tanh(x / cap) where the keys say so, or else with these caps; 0: they never do. */
  attentionSoftcap: number;
  logitSoftcap: number;
  /** Which layers a sliding window (key attention.sliding_window) holds for; null: attention.sliding_window_pattern says. */
  sliding: SlidingLayers | null;
  /** Every so many layers, the last of them does not rotate; 0: all rotate. */
  rotationLeftOutEvery: number;
  /** With this many layers, scores are scaled by hidden size / heads in place of the head size. */
  scaledByHiddenSizeAt: number;
  /** How mixtures of experts (key expert_count) of this architecture weigh them; null: it has none. */
  experts: { sharesAddUp: boolean; shared: boolean } | null;
}

export interface SlidingLayers {
  /** The last of so many layers sees everything; Infinity: none does. attention.sliding_window_pattern overrides it. */
  wholeEvery: number;
  /** Where the key is missing; 0: no window. */
  window: number;
  /** The base these layers rotate with unless rope.freq_base_swa says another; null: as the others. */
  rotaryBase: number | null;
  /** Whether RoPE scaling holds for them too. */
  rotaryScaled: boolean;
}

/** Llama 1 to 3, Mistral and Mixtral, SmolLM and others of the same shape. */
const llama: Architecture = {
  rotaryInterleaved: true,
  norms: 'before',
  queryKeyNorm: 'none',
  activation: 'silu',
  gateInUp: false,
  embeddingScaled: false,
  attentionSoftcap: 0,
  logitSoftcap: 0,
  sliding: { wholeEvery: Number.POSITIVE_INFINITY, window: 0, rotaryBase: null, rotaryScaled: true },
  rotationLeftOutEvery: 0,
  scaledByHiddenSizeAt: 0,
  experts: { sharesAddUp: true, shared: false },
};

const qwen2: Architecture = { ...llama, rotaryInterleaved: false, sliding: null, experts: null };
const qwen3: Architecture = { ...qwen2, queryKeyNorm: 'head' };

const gemma2: Architecture = {
  ...llama,
  rotaryInterleaved: false,
  norms: 'both',
  activation: 'gelu',
  embeddingScaled: true,
  attentionSoftcap: 50,
  logitSoftcap: 30,
  sliding: { wholeEvery: 2, window: 4096, rotaryBase: null, rotaryScaled: true },
  scaledByHiddenSizeAt: 46,
  experts: null,
};

export const architectures: ReadonlyMap<string, Architecture> = new Map([
  ['llama', llama],
  ['mistral3', llama],
  ['qwen2', qwen2],
  ['qwen2moe', { ...qwen2, experts: { sharesAddUp: false, shared: true } }],
  ['qwen3', qwen3],
  ['qwen3moe', { ...qwen3, experts: { sharesAddUp: true, shared: false } }],
  // With the window that its files name, as the models are defined; llama.cpp leaves it out.
  ['phi3', { ...llama, rotaryInterleaved: false, gateInUp: true, experts: null }],
  ['gemma2', gemma2],
  [
    'gemma3',
    {
      ...gemma2,
      queryKeyNorm: 'head',
      attentionSoftcap: 0,
      logitSoftcap: 0,
      sliding: { wholeEvery: 6, window: 0, rotaryBase: 10000, rotaryScaled: false },
      scaledByHiddenSizeAt: 62,
    },
  ],
  ['smollm3', { ...llama, rotationLeftOutEvery: 4, experts: null }],
  [
    'olmo2',
    {
      ...llama,
      rotaryInterleaved: false,
      norms: 'after',
      queryKeyNorm: 'all-heads',
      experts: null,
      sliding: { wholeEvery: 4, window: 0, rotaryBase: null, rotaryScaled: false },
    },
  ],
]);
