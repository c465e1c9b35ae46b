// The rotary position embedding (RoFormer, arXiv 2104.09864): pair i of a head turns by position * inverse frequency i,
// and grows by `magnitude`. Without scaling the inverse frequency is base^(-2i / dim). Scaling changes it in three ways,
// which add up:
//   factors   tensors of a divisor per pair: rope_freqs (Llama 3), or two sets by the context's length (LongRoPE, Phi-3)
//   linear    all divided by rope.scaling.factor
//   YaRN      divided by that factor only where waves are long, a blend in between (arXiv 2309.00071)
import type { GgufHeader, GgufTensor } from '../gguf/header.ts';
import type { TensorReader } from '../gguf/tensor-data.ts';
import { ModelError } from '../model-error.ts';
import type { Attention } from './attention.ts';
import type { ModelKeys } from './keys.ts';
import type { TensorsByPart } from './tensors.ts';

export interface Rotary {
  /** Values of a head that rotate, from the first on; even. */
  dim: number;
  interleaved: boolean;
  base: number;
  linearFactor: number;
  yarn: Yarn | null;
  /** Cosines and sines are multiplied by it. */
  magnitude: number;
  factors: RotaryFactors | null;
}

export interface Yarn {
  originalContext: number;
  /** Turns over the original context: pairs that turn more often are not scaled, less often than betaSlow wholly. */
  betaFast: number;
  betaSlow: number;
}

/** Divisors, [dim / 2] each. */
export interface RotaryFactors {
  short: GgufTensor;
  /** For contexts longer than shortContext; null: the same for all. */
  long: GgufTensor | null;
  shortContext: number;
}

/** What a graph is made with; [dim / 2] each. */
export interface InverseFrequencies {
  short: Float32Array;
  long: Float32Array | null;
}

export function readRotary(
  header: GgufHeader,
  keys: ModelKeys,
  tensors: TensorsByPart,
  { headSize, interleaved, contextLength }: { headSize: number; interleaved: boolean; contextLength: number },
): Rotary {
  const key = (name: string) => `${keys.architecture}.rope.${name}`;
  const dim = keys.integer(key('dimension_count'), 2) ?? headSize;
  if (dim > headSize || dim % 2 !== 0)
    throw keys.invalid(key('dimension_count'), `an even number up to the head size, ${headSize},`);
  const originalContext = keys.integer(key('scaling.original_context_length'), 1) ?? contextLength;
  return {
    dim,
    interleaved,
    base: keys.positive(key('freq_base')) ?? 10000,
    ...readScaling(header, keys, originalContext),
    factors: readFactors(tensors, dim, originalContext),
  };
}

/** As layers with a base of their own rotate, unscaled. */
export function unscaled(rotary: Rotary): Rotary {
  return { ...rotary, linearFactor: 1, yarn: null, magnitude: 1, factors: null };
}

function readScaling(
  header: GgufHeader,
  keys: ModelKeys,
  originalContext: number,
): Pick<Rotary, 'linearFactor' | 'yarn' | 'magnitude'> {
  const key = (name: string) => `${keys.architecture}.rope.${name}`;
  const type = keys.string(key('scaling.type')) ?? 'linear';
  const attention = keys.positive(key('scaling.attn_factor')) ?? 1;
  const unsupported = (what: string) =>
    new ModelError('UNSUPPORTED_ARCHITECTURE', `${header.path}: RoPE scaling ${what} is not supported`);
  if (!['none', 'linear', 'longrope', 'yarn'].includes(type))
    throw unsupported(`"${type}" (other than none, linear, longrope, yarn and Llama 3's)`);
  for (const name of ['scaling.yarn_ext_factor', 'scaling.yarn_attn_factor', 'scaling.alpha']) {
    const value = keys.number(key(name)) ?? 0;
    if (value > 0 && value !== 1) throw unsupported(`with ${key(name)} = ${value}`);
  }
  if (type === 'none') return { linearFactor: 1, yarn: null, magnitude: attention };
  // Writers put 0 where there is none.
  const factor = (keys.number(key('scaling.factor')) ?? keys.number(key('scale_linear'))) || 1;
  if (factor < 0) throw keys.invalid(key('scaling.factor'), 'a positive number');
  if (type !== 'yarn') return { linearFactor: factor, yarn: null, magnitude: attention };
  const growth = (share: number) => (factor <= 1 ? 1 : 0.1 * share * Math.log(factor) + 1);
  const allDimensions = keys.number(key('scaling.yarn_log_multiplier')) ?? 0;
  return {
    linearFactor: factor,
    yarn: {
      originalContext,
      betaFast: keys.positive(key('scaling.yarn_beta_fast')) ?? 32,
      betaSlow: keys.positive(key('scaling.yarn_beta_slow')) ?? 1,
    },
    magnitude: (attention * growth(1)) / (allDimensions === 0 ? 1 : growth(allDimensions)),
  };
}

function readFactors(tensors: TensorsByPart, dim: number, shortContext: number): RotaryFactors | null {
  const find = (name: string) => (tensors.find(name) ? tensors.vector(name, dim / 2) : null);
  const every = find('rope_freqs.weight');
  if (every) return { short: every, long: null, shortContext };
  const short = find('rope_factors_short.weight');
  return short && { short, long: tensors.vector('rope_factors_long.weight', dim / 2), shortContext };
}

/** Of every rotation of a model. Throws ModelError. */
export async function readInverseFrequencies(
  path: string,
  { layers }: Attention,
  reader: TensorReader,
): Promise<Map<Rotary, InverseFrequencies>> {
  const all = new Map<Rotary, InverseFrequencies>();
  for (const { rotary } of layers) {
    if (rotary === null || all.has(rotary)) continue;
    const { factors } = rotary;
    const read = async (tensor: GgufTensor | null) => tensor && (await readDivisors(path, tensor, reader));
    const [short, long] = [await read(factors?.short ?? null), await read(factors?.long ?? null)];
    all.set(rotary, {
      short: inverseFrequencies(rotary, short),
      long: long && inverseFrequencies(rotary, long),
    });
  }
  return all;
}

async function readDivisors(path: string, tensor: GgufTensor, reader: TensorReader): Promise<Float32Array> {
  const divisors = await reader.floats(tensor);
  for (const divisor of divisors) {
    if (divisor > 0 && Number.isFinite(divisor)) continue;
    throw new ModelError(
      'MODEL_INVALID',
      `${path}: ${tensor.name} has the factor ${divisor}; the file is damaged: fetch it again`,
    );
  }
  return divisors;
}

/** [dim / 2]; `divisors` likewise, null where there are none. */
export function inverseFrequencies(rotary: Rotary, divisors: Float32Array | null): Float32Array {
  return Float32Array.from({ length: rotary.dim / 2 }, (_, pair) => {
    const frequency = rotary.base ** ((-2 * pair) / rotary.dim) / (divisors?.[pair] ?? 1);
    const kept = rotary.yarn === null ? 0 : keptShare(rotary, rotary.yarn, pair);
    return frequency * (kept + (1 - kept) / rotary.linearFactor);
  });
}

/** 1 where a pair turns often enough to stay as it is, 0 where it is scaled wholly. */
function keptShare({ dim, base }: Rotary, { originalContext, betaFast, betaSlow }: Yarn, pair: number): number {
  const pairThatTurns = (times: number) =>
    (dim * Math.log(originalContext / (times * 2 * Math.PI))) / (2 * Math.log(base));
  const first = Math.max(0, Math.floor(pairThatTurns(betaFast)));
  const last = Math.min(dim - 1, Math.ceil(pairThatTurns(betaSlow)));
  return 1 - Math.min(1, Math.max(0, (pair - first) / Math.max(0.001, last - first)));
}
