// Tensor names of transformers as GGUF's.
import type { TranslatedConfig } from './config.ts';
import { commonParts } from './families.ts';

const ends: Record<string, string> = {
  'embed_tokens.weight': 'token_embd.weight',
  'norm.weight': 'output_norm.weight',
};

/**
 * null for what is no part of the model: a copy of the embedding beside a tied head, frequencies that follow from the
 * configuration. A name without counterpart stays as it is, and is refused where nobody asks for it.
 */
export function ggufName(
  name: string,
  { family, tiedHead }: Pick<TranslatedConfig, 'family' | 'tiedHead'>,
): string | null {
  if (name === 'lm_head.weight') return tiedHead === true ? null : 'output.weight';
  if (name.endsWith('.rotary_emb.inv_freq')) return null;
  const inner = name.replace(/^model\./, '');
  const end = ends[inner];
  if (end !== undefined) return end;
  const [, layer, part, suffix] = /^layers\.(\d+)\.(.+)\.(weight|bias)$/.exec(inner) ?? [];
  const named = part === undefined ? undefined : (family.parts?.[part] ?? commonParts[part]);
  return named === undefined ? name : `blk.${layer}.${named}.${suffix}`;
}
