// The frequencies of the rotary position embedding (RoFormer, arXiv 2104.09864): pair i of a head turns by
// position * inverseFrequencies[i], where
//   inverseFrequencies[i] = base^(-2i / dim) / (linear factor * factor[i])
// rope.scaling.* gives a linear factor. Llama 3's scaling is in the file as the factors themselves: rope_freqs.weight.
import type { GgufHeader } from '../gguf/header.ts';
import { ModelError } from '../model-error.ts';
import type { ModelKeys } from './keys.ts';

export interface Rotary {
  /** Values of a head that rotate: all; even. */
  dim: number;
  interleaved: boolean;
  base: number;
  linearFactor: number;
}

export const rotaryFactorsTensor = 'rope_freqs.weight';

export function readRotary(header: GgufHeader, keys: ModelKeys, headSize: number, interleaved: boolean): Rotary {
  const prefix = keys.architecture;
  const dim = keys.integer(`${prefix}.rope.dimension_count`, 2) ?? headSize;
  if (dim !== headSize || dim % 2 !== 0) {
    throw new ModelError(
      'UNSUPPORTED_ARCHITECTURE',
      `${header.path}: ${dim} values of heads of ${headSize} rotate; only whole heads of an even size are supported`,
    );
  }
  const base = keys.number(`${prefix}.rope.freq_base`) ?? 10000;
  if (base <= 0) throw keys.invalid(`${prefix}.rope.freq_base`, 'a positive number');
  return { dim, interleaved, base, linearFactor: linearFactor(header, keys) };
}

function linearFactor(header: GgufHeader, keys: ModelKeys): number {
  const prefix = keys.architecture;
  const type = keys.string(`${prefix}.rope.scaling.type`) ?? 'linear';
  if (type === 'none') return 1;
  const attention = keys.number(`${prefix}.rope.scaling.attn_factor`) ?? 1;
  if (type !== 'linear' || attention !== 1) {
    throw new ModelError(
      'UNSUPPORTED_ARCHITECTURE',
      `${header.path}: RoPE scaling "${type}" (attn_factor ${attention}) is not supported; linear scaling and Llama 3's are`,
    );
  }
  const key = [`${prefix}.rope.scaling.factor`, `${prefix}.rope.scale_linear`].find(
    (name) => keys.number(name) !== undefined,
  );
  const factor = key === undefined ? 0 : (keys.number(key) as number);
  if (key !== undefined && factor < 0) throw keys.invalid(key, 'a positive number');
  return factor === 0 ? 1 : factor;
}

/** [dim / 2]; `factors` is rope_freqs.weight, null where the file has none. */
export function inverseFrequencies(path: string, rotary: Rotary, factors: Float32Array | null): Float32Array {
  return Float32Array.from({ length: rotary.dim / 2 }, (_, pair) => {
    const factor = factors?.[pair] ?? 1;
    if (!(factor > 0 && Number.isFinite(factor))) {
      throw new ModelError(
        'MODEL_INVALID',
        `${path}: ${rotaryFactorsTensor} has the factor ${factor}; the file is damaged`,
      );
    }
    return rotary.base ** ((-2 * pair) / rotary.dim) / (rotary.linearFactor * factor);
  });
}
