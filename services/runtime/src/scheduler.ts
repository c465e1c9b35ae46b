// Who runs next, and what runs between passes. This interface is the seam where continuous batching will go: the rest of the
// node knows requests, tokens and changes, and nothing of turns.
import type { PassTotals, SamplerOptions } from '@flash-slim/engine';
import type { Loaded } from './host.ts';

/** A request, for the model that it found loaded when its turn came. */
export interface TokenRequest {
  loaded: Loaded;
  promptTokens: ArrayLike<number>;
  /** Most tokens to generate. */
  maxTokens: number;
  sampling: SamplerOptions;
  isEnd(token: number): boolean;
  /** Also the compute time of every chunk. */
  chunkTimes: boolean;
}

export interface ScheduledRequest {
  /** Ends the pass under way, too. */
  signal: AbortSignal;
  /** Called when its turn has come. What it throws is what the request fails with. */
  begin(): Promise<TokenRequest>;
}

/** What the passes up to this token cost. */
export type StepFigures = Omit<PassTotals, 'streamedComputeMs'>;

export type ScheduledEvent =
  | { kind: 'begin'; request: TokenRequest }
  /** The prompt's passes come with the first token. The token that ends the text is the last one. */
  | { kind: 'token'; token: number; step: StepFigures; chunkMs: Float64Array | null }
  /** Another plan of the same weights is loaded; the request goes on under it. */
  | { kind: 'moved'; loaded: Loaded };

export interface Change<T> {
  signal: AbortSignal;
  /** Whether requests under way go on after it: they wait then, and otherwise are waited for. */
  between: boolean;
  /** The next request waits until it has ended. */
  work(): Promise<T>;
}

export interface Scheduler {
  /** Requests that may wait. */
  readonly limit: number;
  readonly queued: number;
  /** Requests that ended so far. */
  readonly completed: number;
  /** Takes no new requests any more. */
  readonly closed: boolean;
  /** Throws RESOURCE_EXHAUSTED where the queue is full, UNAVAILABLE once it drains. */
  generate(request: ScheduledRequest): AsyncGenerator<ScheduledEvent, void>;
  /** Changes what is loaded. One at a time. */
  change<T>(change: Change<T>): Promise<T>;
  /** No new requests; resolves when those that are here have ended. */
  drain(): Promise<void>;
}
