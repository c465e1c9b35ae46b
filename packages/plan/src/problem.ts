// What the planner takes from a request: the streamed chunks, what time they take at any number of tokens, and the memory
// that everything but weights needs.
import type { ChunkMetadataTable, CmtUnits, Mode } from '@flash-slim/cmt';
import type { StreamedChunk } from './groups.ts';
import { activationBytes, kvBytes, reserveBytes } from './ledger.ts';
import { readRate } from './predict.ts';
import type { PlanRequest } from './types.ts';

export interface Problem {
  request: PlanRequest;
  /** In order of use; the head, if any, is last. An embedding that only gives single rows is not among them. */
  chunks: StreamedChunk[];
  headWeightsId: number | null;
  weightsBytes: number;
  /** Bytes of the weights that a pass without logits needs. */
  bodyBytes: number;
  gatheredRowBlockBytes: number;
  /** The device's rate with large, deep reads. */
  bestRate: number;
}

export function readProblem(request: PlanRequest): Problem {
  const { cmt, device } = request;
  const unitsById = new Map(cmt.units.map((units) => [units.weights_id, units]));
  const chunks = cmt.weight_chunks.DECODE.filter((row) => row.op === 'StreamMatMul').map((row) => ({
    row,
    units: unitsById.get(row.weights_id) as CmtUnits,
  }));
  const sum = (of: StreamedChunk[]): number => of.reduce((bytes, chunk) => bytes + chunk.row.origin_size, 0);
  return {
    request,
    chunks,
    headWeightsId: chunks.find((chunk) => chunk.units.head)?.row.weights_id ?? null,
    weightsBytes: sum(chunks),
    bodyBytes: sum(chunks.filter((chunk) => !chunk.units.head)),
    gatheredRowBlockBytes: cmt.units.reduce((most, u) => (u.gathered ? Math.max(most, u.row_block_bytes) : most), 0),
    bestRate: readRate(device, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY),
  };
}

/** Milliseconds of compute in one pass: by chunk of the mode (PREFILL without the head), and outside the products. */
export interface PassTimes {
  chunkMs: number[];
  otherMs: number;
  /** Of the experts, how many are expected to be chosen in the pass; 1 where there are none. */
  expertShare: number;
}

/** Times of a pass with `tokens` tokens, on the line through the two points that were measured. */
export function passTimes({ request: { cmt }, chunks }: Problem, mode: Mode, tokens: number): PassTimes {
  const prefillMs = new Map(cmt.weight_chunks.PREFILL.map((row) => [row.weights_id, row.avg_compute_time]));
  const other = cmt.metadata.other_compute_time_by_mode;
  return {
    chunkMs: chunks
      .filter((chunk) => mode === 'DECODE' || !chunk.units.head)
      .map(({ row }) => {
        // A head that prefill did not use was measured in DECODE alone.
        const prefill = prefillMs.get(row.weights_id);
        return prefill === undefined ? row.avg_compute_time : onLine(cmt, row.avg_compute_time, prefill, tokens);
      }),
    otherMs: onLine(cmt, other.DECODE, other.PREFILL, tokens),
    expertShare: expertShare(cmt, tokens),
  };
}

/** As if each token chose without regard to the others: they rather agree, so that less is read. */
function expertShare({ metadata }: ChunkMetadataTable, tokens: number): number {
  const { experts } = metadata.model_config;
  return experts === undefined ? 1 : 1 - (1 - experts.used / experts.count) ** tokens;
}

function onLine({ metadata }: ChunkMetadataTable, decodeMs: number, prefillMs: number, tokens: number): number {
  const { DECODE: few, PREFILL: many } = metadata.tokens_per_pass_by_mode;
  if (tokens <= few || many <= few) return (decodeMs * tokens) / few;
  // More tokens never take less time, whatever noise the two measurements had.
  const perToken = Math.max(0, (prefillMs - decodeMs) / (many - few));
  const perPass = decodeMs - perToken * few;
  // A negative fixed cost is noise too: then time is in proportion.
  return perPass >= 0 ? perPass + perToken * tokens : (prefillMs * tokens) / many;
}

export function computeMsOf(times: PassTimes): number {
  return times.chunkMs.reduce((sum, ms) => sum + ms, times.otherMs);
}

/** Rows of logits that a pass of `tokens` tokens can give. */
export function logitRowsOf({ request }: Problem, tokens: number): number {
  return Math.min(request.maxLogitRows, tokens);
}

export function activationsOf(problem: Problem, tokens: number): number {
  const { cmt, threads, contextLength } = problem.request;
  return activationBytes(cmt.metadata.model_config, {
    tokens,
    logitRows: logitRowsOf(problem, tokens),
    threads,
    contextLength,
    gatheredRowBlockBytes: problem.gatheredRowBlockBytes,
  });
}

export function kvOf({ request: r }: Problem): number {
  return kvBytes(r.cmt.metadata.model_config, r.contextLength, r.maxSequences, r.kvType);
}

/** Everything but weights, activations and reserve. */
export function fixedBytes(problem: Problem): number {
  const { baselineBytes, cmt, adapterBytes = 0 } = problem.request;
  return baselineBytes + cmt.metadata.tokenizer_bytes + kvOf(problem) + adapterBytes;
}

/** What the budget leaves for slots and residents; negative where it does not even hold the rest. */
export function roomForWeights(problem: Problem, tokens: number): number {
  const budget = problem.request.memoryBudgetBytes;
  return budget - reserveBytes(budget) - fixedBytes(problem) - activationsOf(problem, tokens);
}
