// Every queue, topic and bucket there is (docs/messages.md).
import { type Bus, type KeyValue, PermanentError, type Topic, type WorkQueue } from '@flash-slim/bus';
import { Node, Plan } from '@flash-slim/proto';

export const heartbeatMs = 5_000;
export const nodeTtlMs = 15_000;

/** Import and profile of a large model on a small machine take long: what matters is that somebody is at it. */
export const jobRetries = { ackWaitMs: 12_000, maxAttempts: 5, backoffMs: [1_000, 5_000, 20_000, 60_000] };

export const openJobQueue = (bus: Bus): Promise<WorkQueue> => bus.queue('jobs', jobRetries);
export const openJobBucket = (bus: Bus): Promise<KeyValue> => bus.keyValue('jobs');
export const openModelTopic = (bus: Bus): Promise<Topic> => bus.topic('models', { maxPerSubject: 1 });
export const openPlanTopic = (bus: Bus): Promise<Topic> => bus.topic('plans', { maxPerSubject: 1 });
export const openNodeBucket = (bus: Bus): Promise<KeyValue> => bus.keyValue('nodes', { ttlMs: nodeTtlMs });
export const openMeasurementTopic = (bus: Bus): Promise<Topic> =>
  bus.topic('measurements', { maxPerSubject: 100, maxAgeMs: 24 * 3600_000 });

/** Body of a message in `jobs`. */
export interface JobMessage {
  job_id: string;
  attempt: number;
}

/** Body of a message in `models`, subject: the model digest's hex. */
export interface ModelMessage {
  model_digest: string;
  manifest_key: string;
}

/** Body of a message in `plans`, subject: the plan's id. */
export interface PlanMessage {
  plan: Plan;
  /** prefetch_plan.json, where it fits; else it is the blob that `plan` names. */
  planJson: string | null;
}

/** Body of a message in `measurements`, subject: the node's id. What passes took since the last one. */
export interface Measurement {
  node_id: string;
  plan_id: string;
  plan_version: number;
  decode_passes: number;
  /** Means over these passes. */
  decode_pass_ms: number;
  decode_stall_ms: number;
  /** While at least one read was under way. */
  bytes_per_second: number;
}

export const encodeJson = (value: object): Buffer => Buffer.from(JSON.stringify(value));

/** A message's body. Throws PermanentError MESSAGE_INVALID. */
export function decodeJson<T>(body: Uint8Array, what: string, check: (value: Record<string, unknown>) => boolean): T {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(body).toString());
  } catch (cause) {
    throw invalid(what, cause);
  }
  if (typeof value !== 'object' || value === null || !check(value as Record<string, unknown>)) throw invalid(what);
  return value as T;
}

// Permanent: the same bytes will not be understood the next time, and others wait behind them.
const invalid = (what: string, cause?: unknown) =>
  new PermanentError('MESSAGE_INVALID', `the message is no ${what}`, { cause });

export const decodeJobMessage = (body: Uint8Array): JobMessage =>
  decodeJson(body, 'job', (value) => typeof value.job_id === 'string' && Number.isSafeInteger(value.attempt));

export const decodeModelMessage = (body: Uint8Array): ModelMessage =>
  decodeJson(body, 'model', (value) => /^sha256:[0-9a-f]{64}$/.test(String(value.model_digest)));

export function decodeMeasurement(body: Uint8Array): Measurement {
  const numbers = ['plan_version', 'decode_passes', 'decode_pass_ms', 'decode_stall_ms', 'bytes_per_second'];
  return decodeJson(body, 'measurement', (value) => {
    const good = (name: string) => Number.isFinite(value[name]) && (value[name] as number) >= 0;
    return typeof value.node_id === 'string' && typeof value.plan_id === 'string' && numbers.every(good);
  });
}

export const encodePlanMessage = ({ plan, planJson }: PlanMessage): Buffer =>
  encodeJson({ plan: Plan.toJSON(plan), plan_json: planJson });

export function decodePlanMessage(body: Uint8Array): PlanMessage {
  const value = decodeJson<{ plan: object; plan_json: string | null }>(
    body,
    'plan',
    ({ plan, plan_json }) =>
      typeof plan === 'object' && plan !== null && (plan_json === null || typeof plan_json === 'string'),
  );
  return { plan: Plan.fromJSON(value.plan), planJson: value.plan_json };
}

export const encodeNode = (node: Node): Buffer => encodeJson(Node.toJSON(node) as object);
export const decodeNode = (value: Uint8Array): Node =>
  Node.fromJSON(decodeJson(value, 'node', ({ id }) => typeof id === 'string'));
