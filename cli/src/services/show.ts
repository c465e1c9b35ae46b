// Jobs, plans and nodes for people: one line each.

import { formatBytes } from '@flash-slim/plan';
import { type Job, JobStage, JobState, type Node, NodeState, type Plan } from '@flash-slim/proto';

const nameOf = (names: Record<string, number>, value: number): string =>
  Object.entries(names).find(([, each]) => each === value)?.[0] ?? 'UNKNOWN';

export const jobState = (job: Job): string => nameOf(JobState, job.state);

export function describeJob(job: Job): string {
  const state = jobState(job);
  const parts = [job.id, state.padEnd(9), job.spec?.modelName || job.spec?.source || ''];
  if (state === 'RUNNING') parts.push(describeStage(job));
  if (state === 'SUCCEEDED') parts.push(job.artifacts?.modelDigest ?? '');
  if (job.error) parts.push(`${job.error.code}: ${job.error.message}`);
  return parts.join('  ');
}

export function describeStage({ stage, done, total }: Job): string {
  const name = nameOf(JobStage, stage).toLowerCase();
  if (total === 0) return name;
  return stage === JobStage.PROFILE
    ? `${name} ${done} of ${total} passes`
    : `${name} ${formatBytes(done)} of ${formatBytes(total)}`;
}

export function describePlan({ id, version, modelName, deviceClass, target, summary, reason }: Plan): string {
  const budget = formatBytes(target?.memoryBudgetBytes ?? 0);
  const resident = formatBytes(summary?.residentBytes ?? 0);
  const speed = 1000 / (summary?.predictedDecodePassMs || 1);
  return `${id}  v${version}  ${modelName}  ${budget}  ${deviceClass}  ${summary?.strategy}, ${resident} stay, ${speed.toFixed(1)} tokens/s predicted  (${reason})`;
}

export function describeNode(node: Node): string {
  const { id, state, memoryBudgetBytes, loaded, address, message, labels } = node;
  const models = loaded.map(({ modelName, planVersion }) => `${modelName} (plan v${planVersion})`).join(', ');
  const tags = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
  return [
    id,
    nameOf(NodeState, state).padEnd(8),
    formatBytes(memoryBudgetBytes),
    address,
    models || message,
    ...tags,
  ].join('  ');
}
