// config.json's keys as the GGUF keys that say the same. What would change the result and has no such key is refused:
// leaving it out would give fluent, wrong text.
import type { MetadataValue } from '../gguf/metadata.ts';
import type { JsonObject } from '../json-file.ts';
import { ConfigKeys } from './config-keys.ts';
import { type Family, families } from './families.ts';
import { readScaling } from './rope-scaling.ts';

export interface TranslatedConfig {
  family: Family;
  metadata: Map<string, MetadataValue>;
  layers: number;
  /** null: the file does not say; it is tied where there is no other head. */
  tiedHead: boolean | null;
  /** Vectors that GGUF files hold as tensors and config.json as numbers, by the tensor's name. */
  vectors: ReadonlyMap<string, Float32Array>;
}

/** Throws ModelError. */
export function translateConfig(path: string, config: JsonObject): TranslatedConfig {
  const keys = new ConfigKeys(path, config);
  const type = keys.text('model_type') ?? '';
  const family = families.get(type);
  if (!family) throw keys.unsupported(`model_type "${type}" (supported: ${[...families.keys()].join(', ')})`);
  refuseVariants(keys, family);

  const hiddenSize = keys.required('hidden_size');
  const heads = keys.required('num_attention_heads');
  const headSize = keys.integer('head_dim') ?? hiddenSize / heads;
  const layers = keys.required('num_hidden_layers');
  const metadata = new Map<string, MetadataValue>([['general.architecture', family.architecture]]);
  const set = (key: string, value: MetadataValue | undefined): void => {
    if (value !== undefined) metadata.set(`${family.architecture}.${key}`, value);
  };
  set('embedding_length', hiddenSize);
  set('block_count', layers);
  set('feed_forward_length', keys.required('intermediate_size'));
  set('context_length', keys.required('max_position_embeddings'));
  set('attention.head_count', heads);
  set('attention.head_count_kv', keys.integer('num_key_value_heads') ?? heads);
  set('attention.key_length', headSize);
  set('attention.value_length', headSize);
  set('attention.layer_norm_rms_epsilon', keys.requiredNumber('rms_norm_eps'));
  set('attn_logit_softcapping', keys.number('attn_logit_softcapping'));
  set('final_logit_softcapping', keys.number('final_logit_softcapping'));
  for (const [key, value] of slidingWindow(keys, family, layers)) set(key, value);

  const rope = readScaling(keys, { headSize, contextLength: keys.required('max_position_embeddings') });
  for (const [key, value] of rope.keys) set(`rope.${key}`, value);
  return {
    family,
    metadata,
    layers,
    tiedHead: keys.flag('tie_word_embeddings') ?? null,
    vectors: rope.vectors,
  };
}

function slidingWindow(keys: ConfigKeys, family: Family, layers: number): [string, MetadataValue][] {
  const window = keys.integer('sliding_window');
  if (window === undefined || (family.slidingIfAsked && keys.flag('use_sliding_window') !== true)) {
    // A window by default must not take its place.
    return [['attention.sliding_window', 0]];
  }
  const types = keys.list('layer_types');
  const sliding: [string, MetadataValue][] = [['attention.sliding_window', window]];
  if (types === undefined) {
    const wholeEvery = keys.integer('sliding_window_pattern');
    return wholeEvery === undefined ? sliding : [...sliding, ['attention.sliding_window_pattern', wholeEvery]];
  }
  if (types.length !== layers) throw keys.invalid('layer_types', `a list of ${layers} types`);
  const pattern = types.map((type) => {
    if (type === 'sliding_attention' || type === 'full_attention') return type === 'sliding_attention';
    throw keys.unsupported(`a layer of type ${JSON.stringify(type)?.slice(0, 80)}`);
  });
  return [...sliding, ['attention.sliding_window_pattern', pattern]];
}

function refuseVariants(keys: ConfigKeys, family: Family): void {
  for (const key of family.mustSay ?? []) if (!keys.says(key)) throw keys.missing(key);
  const activation = keys.text('hidden_activation') ?? keys.text('hidden_act') ?? family.activation;
  if (activation !== family.activation) throw keys.unsupported(`the activation "${activation}"`);
  if (keys.has('quantization_config')) {
    throw keys.unsupported('a quantization_config: the weights are quantized already; get the bf16 or f16 original');
  }
  for (const key of ['num_local_experts', 'num_experts']) {
    if ((keys.integer(key) ?? 0) > 0) throw keys.unsupported(`a mixture of experts (${key})`);
  }
  if (keys.flag('use_bidirectional_attention')) throw keys.unsupported('attention in both directions');
  const every = 4;
  const rotating = keys.list('no_rope_layers');
  if (rotating?.some((one, layer) => one !== ((layer + 1) % every === 0 ? 0 : 1))) {
    throw keys.unsupported(`no_rope_layers other than every ${every}th`);
  }
  const scalar = keys.number('query_pre_attn_scalar');
  const heads = keys.integer('num_attention_heads') ?? 1;
  const layers = keys.integer('num_hidden_layers') ?? 0;
  // As architectures.ts has it: the largest Gemmas go by hidden size / heads.
  const byHidden =
    (family.architecture === 'gemma2' && layers === 46) || (family.architecture === 'gemma3' && layers === 62);
  const expected = byHidden ? (keys.integer('hidden_size') ?? 0) / heads : keys.integer('head_dim');
  if (scalar !== undefined && scalar !== expected) throw keys.unsupported(`query_pre_attn_scalar ${scalar}`);
  if (
    family.architecture === 'gemma2' &&
    (keys.isNull('attn_logit_softcapping') || keys.isNull('final_logit_softcapping'))
  ) {
    throw keys.unsupported('Gemma 2 without its softcaps');
  }
}
