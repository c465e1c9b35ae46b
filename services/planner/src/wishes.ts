// Which plans there should be: for every model, what the nodes there are can hold, and what was asked for with the job.
// Pure.
import type { DeviceClassManifest, ModelManifest } from '@flash-slim/messages';
import { planId } from '@flash-slim/messages';
import type { Node } from '@flash-slim/proto';
import type { Wish } from './plan-maker.ts';

/** Where no node has said so yet: the ready process of a node of ours, telemetry on. */
const usualBaselineBytes = 140e6;
/** Nodes of one class differ a little; a plan for each would be the same plan many times. */
const baselineStepBytes = 4e6;

export function wishesFor(models: ModelManifest[], classes: DeviceClassManifest[], nodes: Node[]): Map<string, Wish> {
  const wishes = new Map<string, Wish>();
  for (const deviceClass of classes) {
    const members = nodes.filter((node) => node.deviceClass?.name === deviceClass.name);
    const { baselineBytes, baselineIsKnown } = baselineOf(members);
    for (const model of models) {
      const targets = [
        ...members.map(({ memoryBudgetBytes, contextLength, kvType }) => ({
          memoryBudgetBytes,
          contextLength,
          kvType,
        })),
        ...model.plan_targets,
      ];
      for (const target of targets)
        if (target.memoryBudgetBytes > 0)
          wishes.set(planId(model.model_digest, deviceClass.name, target), {
            baselineIsKnown,
            model,
            deviceClass,
            target,
            baselineBytes,
          });
    }
  }
  return wishes;
}

/** Of the nodes of one class: the most that any of them says its ready process holds. */
export function baselineOf(members: Node[]): { baselineBytes: number; baselineIsKnown: boolean } {
  const most = Math.max(0, ...members.map(({ baselineBytes }) => baselineBytes));
  const baselineBytes = Math.ceil((most || usualBaselineBytes) / baselineStepBytes) * baselineStepBytes;
  return { baselineBytes, baselineIsKnown: most > 0 };
}
