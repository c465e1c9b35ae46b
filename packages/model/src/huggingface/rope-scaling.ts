// RoPE scaling as config.json says it, in the keys and tensors of GGUF. Newer files keep everything in rope_parameters,
// older ones the base beside rope_scaling.
// Source: transformers' modeling_rope_utils.py; for GGUF, what llama.cpp's converter makes of the same keys.
import type { MetadataValue } from '../gguf/metadata.ts';
import type { ConfigKeys } from './config-keys.ts';

export interface RopeScaling {
  /** Below "<architecture>.rope.". */
  keys: [string, MetadataValue][];
  vectors: ReadonlyMap<string, Float32Array>;
}

interface Sizes {
  headSize: number;
  contextLength: number;
}

export function readScaling(config: ConfigKeys, sizes: Sizes): RopeScaling {
  const parameters = config.object('rope_parameters');
  const scaling = parameters?.object('full_attention') ?? parameters ?? config.object('rope_scaling');
  const base = scaling?.number('rope_theta') ?? config.number('rope_theta') ?? oldestBase(config);
  const share = scaling?.number('partial_rotary_factor') ?? config.number('partial_rotary_factor') ?? 1;
  const dim = Math.trunc(sizes.headSize * share);
  const keys: RopeScaling['keys'] = [
    ['freq_base', base],
    ['dimension_count', dim],
  ];
  const local = config.number('rope_local_base_freq') ?? slidingBase(parameters);
  if (local !== undefined) keys.push(['freq_base_swa', local]);
  const type = scaling?.text('rope_type') ?? scaling?.text('type') ?? 'default';
  if (scaling === undefined || type === 'default') return { keys, vectors: new Map() };
  const original =
    scaling.integer('original_max_position_embeddings') ??
    config.integer('original_max_position_embeddings') ??
    sizes.contextLength;
  const none: RopeScaling['vectors'] = new Map();
  switch (type) {
    case 'linear':
      return { keys: [...keys, ['scaling.type', 'linear'], ['scaling.factor', factorOf(scaling)]], vectors: none };
    case 'llama3':
      return { keys, vectors: new Map([['rope_freqs.weight', llama3Divisors(scaling, base, dim, original)]]) };
    case 'yarn':
      return { keys: [...keys, ...yarnKeys(scaling, original)], vectors: none };
    case 'longrope':
    case 'su': {
      const stretch = sizes.contextLength / original;
      const magnitude = stretch <= 1 ? 1 : Math.sqrt(1 + Math.log(stretch) / Math.log(original));
      return {
        keys: [
          ...keys,
          ['scaling.type', 'longrope'],
          ['scaling.original_context_length', original],
          ['scaling.attn_factor', scaling.number('attention_factor') ?? magnitude],
        ],
        vectors: new Map([
          ['rope_factors_short.weight', divisors(scaling, 'short_factor', dim)],
          ['rope_factors_long.weight', divisors(scaling, 'long_factor', dim)],
        ]),
      };
    }
    default:
      throw config.unsupported(`RoPE scaling "${type}"`);
  }
}

/** Files from before the base could be chosen do not say it. */
function oldestBase(config: ConfigKeys): number {
  if (config.text('model_type') === 'llama') return 10000;
  throw config.missing('rope_theta');
}

/** Of the layers with a window, where the two kinds have parameters of their own. */
function slidingBase(parameters: ConfigKeys | undefined): number | undefined {
  const sliding = parameters?.object('sliding_attention');
  if (sliding === undefined) return undefined;
  const type = sliding.text('rope_type') ?? 'default';
  if (type !== 'default') throw sliding.unsupported(`RoPE scaling "${type}" of layers with a window`);
  return sliding.requiredNumber('rope_theta');
}

function factorOf(scaling: ConfigKeys): number {
  const factor = scaling.number('factor');
  if (factor !== undefined && factor >= 1) return factor;
  throw scaling.invalid('factor', 'a number of at least 1');
}

/** Llama 3.1: long waves are stretched, short ones stay, a blend in between. */
function llama3Divisors(scaling: ConfigKeys, base: number, dim: number, original: number): Float32Array {
  const factor = factorOf(scaling);
  const low = scaling.number('low_freq_factor') ?? 1;
  const high = scaling.number('high_freq_factor') ?? 4;
  if (!(low > 0 && high > low)) throw scaling.invalid('high_freq_factor', 'a number above low_freq_factor');
  return Float32Array.from({ length: dim / 2 }, (_, pair) => {
    const wave = 2 * Math.PI * base ** ((2 * pair) / dim);
    const kept = Math.min(1, Math.max(0, (original / wave - low) / (high - low)));
    return 1 / (kept + (1 - kept) / factor);
  });
}

/** GGUF readers multiply attn_factor by 1 + 0.1 ln(factor), so it holds what transformers has beyond that. */
function yarnKeys(scaling: ConfigKeys, original: number): RopeScaling['keys'] {
  const factor = factorOf(scaling);
  const growth = (share: number) => (factor <= 1 ? 1 : 0.1 * share * Math.log(factor) + 1);
  const share = scaling.number('mscale');
  const shareOfAll = scaling.number('mscale_all_dim');
  const magnitude =
    scaling.number('attention_factor') ?? (share && shareOfAll ? growth(share) / growth(shareOfAll) : growth(1));
  if (scaling.flag('truncate') === false) throw scaling.unsupported('YaRN with truncate false');
  return [
    ['scaling.type', 'yarn'],
    ['scaling.factor', factor],
    ['scaling.original_context_length', original],
    ['scaling.attn_factor', magnitude / growth(1)],
    ['scaling.yarn_beta_fast', scaling.number('beta_fast') ?? 32],
    ['scaling.yarn_beta_slow', scaling.number('beta_slow') ?? 1],
  ];
}

function divisors(scaling: ConfigKeys, key: string, dim: number): Float32Array {
  const list = scaling.list(key);
  if (list?.length === dim / 2 && list.every((one) => typeof one === 'number')) return Float32Array.from(list);
  throw scaling.invalid(key, `a list of ${dim / 2} numbers`);
}
