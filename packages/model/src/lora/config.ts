// adapter_config.json of PEFT: how an adapter's matrices are scaled. What changes the product in another way than
// y += scale * B (A x) is refused with the reason.
import { join } from 'node:path';
import { type JsonObject, readJsonFile } from '../json-file.ts';
import { ModelError } from '../model-error.ts';

export interface LoraConfig {
  /** Rank and scale of the module with this name ("model.layers.0.self_attn.q_proj"). */
  of(module: string): { rank: number; scale: number };
}

const maxRank = 4096;

/** Throws ModelError. */
export function readLoraConfig(directory: string): LoraConfig {
  const path = join(directory, 'adapter_config.json');
  const config = readJsonFile(path);
  refuseOtherKinds(path, config);
  const rank = wholeNumber(path, 'r', config.r);
  const alpha = number(path, 'lora_alpha', config.lora_alpha);
  const ranks = pattern(path, 'rank_pattern', config.rank_pattern);
  const alphas = pattern(path, 'alpha_pattern', config.alpha_pattern);
  const byRoot = config.use_rslora === true;
  return {
    of: (module) => {
      const r = wholeNumber(path, 'rank_pattern', matching(ranks, module) ?? rank);
      return { rank: r, scale: (matching(alphas, module) ?? alpha) / (byRoot ? Math.sqrt(r) : r) };
    },
  };
}

function refuseOtherKinds(path: string, config: JsonObject): void {
  const is = (value: unknown) => value !== undefined && value !== null && value !== false;
  const filled = (value: unknown) => is(value) && !(Array.isArray(value) && value.length === 0);
  const reasons: [boolean, string][] = [
    [config.peft_type !== 'LORA', `is of type ${JSON.stringify(config.peft_type)}; LORA is read`],
    [
      is(config.use_dora),
      'is a DoRA adapter: it rescales the rows of each weight by norms that only the merged weight has',
    ],
    [is(config.bias) && config.bias !== 'none', `changes biases ("bias": ${JSON.stringify(config.bias)})`],
    [is(config.lora_bias), 'has biases of its own ("lora_bias")'],
    [filled(config.modules_to_save), `replaces whole modules (${JSON.stringify(config.modules_to_save)})`],
    [filled(config.trainable_token_indices), 'changes single tokens of the embedding'],
    [filled(config.target_parameters), 'changes parameters that are no modules ("target_parameters")'],
    [is(config.fan_in_fan_out), 'is of a model whose weights are transposed ("fan_in_fan_out")'],
    [is(config.layer_replication), 'repeats layers ("layer_replication")'],
    [
      typeof config.init_lora_weights === 'string' && /^(pissa|olora|corda|loftq)/i.test(config.init_lora_weights),
      `belongs to base weights that were changed with it (${JSON.stringify(config.init_lora_weights)})`,
    ],
  ];
  const reason = reasons.find(([applies]) => applies)?.[1];
  if (reason === undefined) return;
  throw new ModelError(
    'UNSUPPORTED_ADAPTER',
    `${path}: the adapter ${reason.slice(0, 300)}; merge it into the model instead`,
  );
}

/** Values by a module's name, or its end. */
function pattern(path: string, key: string, value: unknown): Map<string, number> {
  const found = new Map<string, number>();
  for (const [name, entry] of Object.entries(value ?? {})) {
    // Regular expressions in general; names are what people write.
    if (!/^[\w.-]+$/.test(name)) {
      throw new ModelError(
        'UNSUPPORTED_ADAPTER',
        `${path}: ${key} has the expression ${JSON.stringify(name).slice(0, 100)}; only names are read`,
      );
    }
    found.set(name, number(path, key, entry));
  }
  return found;
}

function matching(values: Map<string, number>, module: string): number | undefined {
  for (const [name, value] of values) if (module === name || module.endsWith(`.${name}`)) return value;
  return undefined;
}

function number(path: string, key: string, value: unknown): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw new ModelError(
    'MODEL_INVALID',
    `${path}: ${key} is ${JSON.stringify(value)?.slice(0, 100)}, which is no number`,
  );
}

function wholeNumber(path: string, key: string, value: unknown): number {
  const rank = number(path, key, value);
  if (Number.isInteger(rank) && rank >= 1 && rank <= maxRank) return rank;
  throw new ModelError('MODEL_INVALID', `${path}: ${key} is ${rank}, which is no rank from 1 to ${maxRank}`);
}
