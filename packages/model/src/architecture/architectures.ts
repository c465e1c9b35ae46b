// The table of architectures: what sets each apart from the common decoder (norm, attention, norm, gated feed-forward,
// all residual), keyed by general.architecture. A new one is a row here, with a column for each new difference, which
// outline.ts (what the file must hold) and the two graph builders then heed.

export interface Architecture {
  /** Pairs that rotate together: neighbours (2i, 2i + 1), as llama.cpp's converter lays out q and k rows; else (i, i + n/2). */
  rotaryInterleaved: boolean;
}

/** Llama 1 to 3, Mistral, SmolLM and others of the same shape. */
const llama: Architecture = { rotaryInterleaved: true };

export const architectures: ReadonlyMap<string, Architecture> = new Map([['llama', llama]]);
