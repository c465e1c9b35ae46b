// The sizes of a mixture of experts.
import type { GgufHeader } from '../gguf/header.ts';
import { ModelError } from '../model-error.ts';
import type { ExpertConfig } from '../types.ts';
import type { Architecture } from './architectures.ts';
import type { ModelKeys } from './keys.ts';

/** So that an expert is whole row blocks of the weight layout. */
const rowsPerBlock = 8;
const softmax = 1;

/** null where the model is no mixture of experts. Throws ModelError. */
export function readExperts(
  header: GgufHeader,
  keys: ModelKeys,
  { experts }: Architecture,
  hiddenSize: number,
): ExpertConfig | null {
  const key = (name: string) => `${keys.architecture}.${name}`;
  const count = keys.integer(key('expert_count'), 0) ?? 0;
  if (count === 0) return null;
  const unsupported = (what: string) =>
    new ModelError('UNSUPPORTED_ARCHITECTURE', `${header.path}: ${what} are not supported`);
  if (experts === null)
    throw unsupported(`mixtures of experts (here ${count}) of the architecture ${keys.architecture}`);
  const used = keys.requiredInteger(key('expert_used_count'), 1);
  if (used > count) throw keys.invalid(key('expert_used_count'), `at most expert_count, ${count},`);
  const scale = keys.number(key('expert_weights_scale')) ?? 0;
  if (scale !== 0 && scale !== 1) throw unsupported(`experts scaled by ${scale}`);
  const gating = keys.integer(key('expert_gating_func'), 0) ?? softmax;
  if (gating !== softmax) throw unsupported(`experts gated by function ${gating} (other than softmax, ${softmax})`);
  const all = keys.requiredInteger(key('feed_forward_length'), 1);
  const feedForwardSize = keys.integer(key('expert_feed_forward_length'), 1) ?? all;
  if (feedForwardSize % rowsPerBlock !== 0 || hiddenSize % rowsPerBlock !== 0)
    throw new ModelError(
      'UNSUPPORTED_SHAPE',
      `${header.path}: experts of ${feedForwardSize} and ${hiddenSize} rows; only multiples of ${rowsPerBlock} are supported`,
    );
  const shared = experts.shared ? (keys.integer(key('expert_shared_feed_forward_length'), 1) ?? all) : 0;
  return { count, used, feedForwardSize, sharedFeedForwardSize: shared };
}
