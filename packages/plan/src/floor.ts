// The least budget that a request can be planned for, and the refusal of a smaller one.

import { formatBytes } from './bytes.ts';
import { BudgetBelowFloorError, type FloorParts } from './error.ts';
import { cutGroups } from './groups.ts';
import { budgetFor, kvBytes, reserveBytes, slotMemoryBytes } from './ledger.ts';
import { activationsOf, fixedBytes, kvOf, type Problem } from './problem.ts';
import { fewestSlots } from './ring.ts';
import { type Choices, largestRead, residentPoolBytes, simpleSlotSizes, wholeChunkBytes } from './strategies.ts';
import type { Strategy } from './types.ts';

/** Bytes of the smallest slots, or of the whole model where that is less. */
function leastWeightBytes(problem: Problem, { ring }: Choices, strategy: Strategy): number {
  const smallest = simpleSlotSizes(wholeChunkBytes(problem))[0] as number;
  const simple = slotMemoryBytes(2, largestRead(cutGroups(problem.chunks, smallest, 'full')));
  const even = slotMemoryBytes(Math.min(fewestSlots, ring.slotCount), largestRead(ring.groups));
  const whole = residentPoolBytes(
    ring.groups,
    ring.groups.map(() => true),
  );
  switch (strategy) {
    case 'simple':
      return simple;
    case 'rechunk':
      return even;
    case 'resident':
      return Math.min(even, whole);
    case 'auto':
      return Math.min(even, whole, simple);
  }
}

/** The error that says what the floor is, what it is made of and what would lower it. */
export function belowFloor(problem: Problem, choices: Choices): BudgetBelowFloorError {
  const { request } = problem;
  const tokens = choices.tokens.at(-1) as number;
  const withoutReserve = (kv: number): number =>
    fixedBytes(problem) -
    kvOf(problem) +
    kv +
    activationsOf(problem, tokens) +
    leastWeightBytes(problem, choices, request.strategy);
  const floorBytes = budgetFor(withoutReserve(kvOf(problem)));
  const parts: FloorParts = {
    baseline: request.baselineBytes,
    tokenizer: request.cmt.metadata.tokenizer_bytes,
    kv: kvOf(problem),
    activations: activationsOf(problem, tokens),
    adapters: request.adapterBytes ?? 0,
    weights: leastWeightBytes(problem, choices, request.strategy),
    reserve: reserveBytes(floorBytes),
  };
  const sequences = request.maxSequences === 1 ? '' : ` of ${request.maxSequences} sequences`;
  const what = [
    `${formatBytes(parts.baseline)} process`,
    `${formatBytes(parts.tokenizer)} tokenizer`,
    `${formatBytes(parts.kv)} KV for ${request.contextLength} positions${sequences} in ${request.kvType}`,
    `${formatBytes(parts.activations)} activations for ${tokens} tokens a pass`,
    ...(parts.adapters === 0 ? [] : [`${formatBytes(parts.adapters)} adapters`]),
    `${formatBytes(parts.weights)} room for weights`,
    `${formatBytes(parts.reserve)} reserve`,
  ].join(', ');
  return new BudgetBelowFloorError(
    `${formatBytes(request.memoryBudgetBytes)} is too little: needs at least ${formatUp(floorBytes)}: ${what}${advice(problem, withoutReserve)}`,
    floorBytes,
    parts,
  );
}

function advice(problem: Problem, withoutReserve: (kv: number) => number): string {
  const { request } = problem;
  const config = request.cmt.metadata.model_config;
  const with_ = (contextLength: number, kvType: 'f16' | 'f32'): string =>
    formatUp(budgetFor(withoutReserve(kvBytes(config, contextLength, request.maxSequences, kvType))));
  const ways: string[] = [];
  if (request.kvType === 'f32') ways.push(`f16 KV needs ${with_(request.contextLength, 'f16')}`);
  if (request.contextLength > 32) {
    const half = Math.ceil(request.contextLength / 2);
    ways.push(`a context of ${half} needs ${with_(half, request.kvType)}`);
  }
  if (request.maxSequences > 1) ways.push('fewer sequences need less');
  return ways.length === 0 ? '' : `; ${ways.join(', ')}`;
}

/** Rounded up to whole MB, so that what the message says is enough. */
function formatUp(bytes: number): string {
  return `${Math.ceil(bytes / 1e6)} MB`;
}
