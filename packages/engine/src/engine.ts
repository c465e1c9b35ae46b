// A model ready to run: the native engine, opened in two steps so that the memory of the ready process can be measured
// before the plan decides how much of the weights stays.
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type {
  Fault,
  SamplerOptions as FullSamplerOptions,
  LoadReport,
  NativeAdapterModule,
  NativeEngine,
  PassResult,
} from '@flash-slim/native';
import { createNativeEngine, dropUnusedBinaryPages, releaseBinaryPages } from '@flash-slim/native';
import type { PrefetchPlan } from '@flash-slim/plan';
import type { WeightCache } from '@flash-slim/weight-cache';
import { EngineError } from './error.ts';
import { residentSetBytes } from './memory.ts';
import { nativeChunks, nativePlan } from './weights.ts';

export type InjectedFault = Pick<Fault, 'kind' | 'read' | 'count' | 'amount'> & Partial<Fault>;
const anySlotRead = { residents: false, begin: 0, end: 0 };

export interface LoadOptions {
  plan: PrefetchPlan;
  threads: number;
  /** auto, or a name from `probe`. */
  kernel?: string;
  reader?: 'auto' | 'io_uring' | 'pread';
  activations?: 'int8' | 'f32';
  hugePages?: boolean;
  /** For tests: of slot reads anywhere in the file unless it says otherwise. */
  faults?: InjectedFault[];
  signal?: AbortSignal;
  /** Looked at before each pass. */
  memory?: MemoryWatch | undefined;
}

/** `drawn` is 0 unless told. */
export type SamplerOptions = Omit<FullSamplerOptions, 'drawn'> & Partial<Pick<FullSamplerOptions, 'drawn'>>;

/** What the engine does about a memory limit that falls below its plan's budget while it runs. */
export interface MemoryWatch {
  /** The limit at the moment, null where there is none. Called before each pass. */
  limitBytes(): number | null;
  /** A plan for that many bytes, of as many sequences, tokens and rows as `current`. Throws where there is none. */
  replan(budgetBytes: number, current: PrefetchPlan): PrefetchPlan;
}

/** Limits are kept in whole pages: one that was set to the budget reads as up to a page less. */
/** A look at the process's size takes a tenth of a millisecond. */
const passesBetweenLooks = 16;
const pageBytes = 4096;

/** An adapter with how much of it: 1 is what it was trained for. */
export interface AdapterUse {
  adapter: number;
  scale: number;
}

export interface Part {
  sequence: number;
  tokens: ArrayLike<number>;
  /** The same from the sequence's first token on: its keys and values hold them. */
  adapters?: readonly AdapterUse[];
}

/** What passes have cost so far, by mode. */
export interface PassTotals {
  passes: number;
  tokens: number;
  wallMs: number;
  stallMs: number;
  ioBusyMs: number;
  bytesRead: number;
  streamedComputeMs: number;
}

const noTotals = (): PassTotals => ({
  passes: 0,
  tokens: 0,
  wallMs: 0,
  stallMs: 0,
  ioBusyMs: 0,
  bytesRead: 0,
  streamedComputeMs: 0,
});

export class Engine {
  readonly cache: WeightCache;
  readonly totals = { PREFILL: noTotals(), DECODE: noTotals() };
  readonly #native: NativeEngine;
  #passes = 0;
  #plan: PrefetchPlan | null = null;
  #signal: AbortSignal | undefined;
  #memory: MemoryWatch | undefined;

  private constructor(cache: WeightCache, native: NativeEngine) {
    this.cache = cache;
    this.#native = native;
  }

  /**
   * Opens the weight cache and builds the graph's session: the process is then ready, with nothing of the weights in memory.
   * `profilePrefix` makes ONNX Runtime time every operator (see endProfiling). Throws with the native side's codes.
   */
  static async open(cache: WeightCache, options: { profilePrefix?: string } = {}): Promise<Engine> {
    const native = createNativeEngine();
    await native.open({
      runtimeLibrary: runtimeLibrary(),
      weightCache: cache.path,
      weightCacheBytes: cache.fileBytes,
      graph: await cache.readGraph(),
      chunks: nativeChunks(cache.manifest),
      vocabulary: cache.manifest.model.config.vocabularySize,
      profilePrefix: options.profilePrefix ?? '',
    });
    return new Engine(cache, native);
  }

  /** Loads residents, slots and KV cache as the plan says. Throws PLAN_STALE for a plan of another weight cache. */
  async load(options: LoadOptions): Promise<LoadReport> {
    const { plan } = options;
    if (plan.metadata.weight_cache_digest !== this.cache.manifestDigest)
      throw new EngineError(
        'PLAN_STALE',
        `the plan was made for weight cache ${plan.metadata.weight_cache_digest}, and ${this.cache.path} is ` +
          `${this.cache.manifestDigest}; plan again with flash-slim plan`,
      );
    const { config } = this.cache.manifest.model;
    const load = () =>
      this.#native.load({
        plan: nativePlan(plan),
        kv: {
          layers: config.layers,
          kvHeads: config.kvHeads,
          headSize: config.headSize,
          type: plan.metadata.kv_type,
          contextLength: plan.metadata.context_length,
          maxSequences: plan.metadata.max_sequences,
        },
        threads: options.threads,
        maxTokensPerPass: plan.metadata.max_tokens_per_pass,
        maxLogitRows: plan.metadata.max_logit_rows,
        kernel: options.kernel ?? 'auto',
        reader: options.reader ?? 'auto',
        floatActivations: options.activations === 'f32',
        hugePages: options.hugePages ?? true,
        faults: (options.faults ?? []).map((fault) => ({ ...anySlotRead, ...fault })),
      });
    this.#signal = options.signal;
    this.#memory = options.memory;
    this.#plan = null;
    const report = await this.#cancellable(load, options.signal);
    this.#plan = plan;
    return report;
  }

  get plan(): PrefetchPlan {
    if (this.#plan === null) throw new EngineError('CLOSED', 'no plan is loaded');
    return this.#plan;
  }

  /** AllocateKVCache of the design: room for one sequence of the plan's context length. */
  allocateKvCache(): Promise<number> {
    return this.#native.createSequence();
  }

  freeSequence(id: number): Promise<void> {
    return this.#native.freeSequence(id);
  }

  /** Forgets a sequence's tokens from `length` on. */
  truncateSequence(id: number, length: number): Promise<void> {
    return this.#native.truncateSequence(id, length);
  }

  /**
   * Takes an adapter's modules (readLoraAdapter's) into memory; it stays through loads, until it is freed. The plan must
   * have counted its bytes. Throws INVALID_REQUEST for a module that does not fit the weights.
   */
  async addAdapter(modules: AsyncIterable<NativeAdapterModule>): Promise<number> {
    const id = await this.#native.createAdapter();
    try {
      for await (const module of modules) await this.#native.addToAdapter(module, id);
    } catch (error) {
      await this.#native.freeAdapter(id);
      throw error;
    }
    return id;
  }

  /** Not while a pass uses it. */
  freeAdapter(id: number): Promise<void> {
    return this.#native.freeAdapter(id);
  }

  createSampler(options: SamplerOptions, promptTokens: ArrayLike<number>): number {
    return this.#native.createSampler({ drawn: 0, ...options }, Int32Array.from(promptTokens));
  }

  freeSampler(id: number): void {
    this.#native.freeSampler(id);
  }

  /**
   * One sweep over all weights for every part's tokens, laid end to end. `logitRows` are indexes into these; `samplers`
   * has one for each of them, or none. On an error the sequences are as they were. The signal, `load`'s unless told, ends
   * a pass within a group. Throws MEMORY_LIMIT_LOWERED when the limit has fallen below what any plan needs; passes work
   * again when it is raised.
   */
  async pass(
    parts: Part[],
    logitRows: number[],
    samplers: number[],
    wantLogits: boolean,
    signal = this.#signal,
  ): Promise<PassResult> {
    // No await where there is nothing to do: calls reach the native side in the order they are made.
    const limit = this.#fallenLimit();
    if (limit !== null) await this.#shed(limit, signal);
    const tokens = Int32Array.from(parts.flatMap((part) => Array.from(part.tokens)));
    const uses = parts.map((part) => part.adapters ?? []);
    const flat = uses.flat();
    const work = () =>
      this.#native.pass({
        tokens,
        sequences: Int32Array.from(parts, (part) => part.sequence),
        counts: Int32Array.from(parts, (part) => part.tokens.length),
        logitRows: Int32Array.from(logitRows),
        samplers: Int32Array.from(samplers),
        wantLogits,
        adapters: Int32Array.from(flat, (use) => use.adapter),
        adapterScales: Float32Array.from(flat, (use) => use.scale),
        adapterCounts: Int32Array.from(flat.length === 0 ? [] : uses.map((of) => of.length)),
      });
    const result = await this.#cancellable(work, signal);
    const totals = this.totals[parts.some((part) => part.tokens.length > 1) ? 'PREFILL' : 'DECODE'];
    totals.passes++;
    totals.tokens += tokens.length;
    totals.wallMs += result.wallNs / 1e6;
    totals.stallMs += result.stallNs / 1e6;
    totals.ioBusyMs += result.ioBusyNs / 1e6;
    totals.bytesRead += result.bytesRead;
    totals.streamedComputeMs += result.streamedComputeNs / 1e6;
    this.#keepToBudget(++this.#passes);
    return result;
  }

  /**
   * Code that runs for the first time brings readahead windows of the binaries into the page cache, and code that runs seldom
   * adds up. The former are dropped after passes 1, 2, 4, 8 ..., what is mapped beyond the ledger when it is seen.
   */
  #keepToBudget(passes: number): void {
    const ledger = this.#plan?.metadata.ledger;
    // A plan that leaves the process itself out of account says nothing about how large it may be.
    if (!ledger || ledger.baseline_bytes === 0) return;
    if ((passes & (passes - 1)) === 0) dropUnusedBinaryPages();
    else if (passes % passesBetweenLooks === 0 && residentSetBytes() > ledger.budget_bytes) releaseBinaryPages();
  }

  /** Ends the pass under way, which then throws CANCELLED; a later pass is not concerned. */
  cancelPass(): void {
    this.#native.cancel();
  }

  /** Compute time of each chunk in the last pass, milliseconds, by weights id. */
  async chunkComputeMs(): Promise<Float64Array> {
    return (await this.#native.chunkComputeNs()).map((ns) => ns / 1e6);
  }

  /** The file of ONNX Runtime's operator timings, '' when the engine was opened without. */
  endProfiling(): Promise<string> {
    return this.#native.endProfiling();
  }

  dumpStatus(): string {
    return this.#native.status();
  }

  close(): Promise<void> {
    return this.#native.close();
  }

  /** The memory limit, where it is below the plan's budget. */
  #fallenLimit(): number | null {
    const limit = this.#memory?.limitBytes() ?? null;
    if (this.#plan === null || limit === null) return null;
    return limit > this.#plan.metadata.ledger.budget_bytes - pageBytes ? null : limit;
  }

  /** Sheds residents; sequences stay. */
  async #shed(limit: number, signal: AbortSignal | undefined): Promise<void> {
    const { plan } = this;
    const { budget_bytes: budget } = plan.metadata.ledger;
    let smaller: PrefetchPlan;
    try {
      smaller = (this.#memory as MemoryWatch).replan(limit, plan);
    } catch (cause) {
      throw new EngineError(
        'MEMORY_LIMIT_LOWERED',
        `the memory limit fell to ${limit} bytes, and the plan holds ${budget}: ${(cause as Error).message}; ` +
          'raise the limit, or start again with a shorter --context-length',
        { cause },
      );
    }
    await this.#cancellable(() => this.#native.replan(nativePlan(smaller)), signal);
    this.#plan = smaller;
  }

  async #cancellable<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    signal?.throwIfAborted();
    const cancel = () => this.#native.cancel();
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      return await work();
    } finally {
      signal?.removeEventListener('abort', cancel);
    }
  }
}

function runtimeLibrary(): string {
  const root = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));
  return join(root, 'bin', 'napi-v6', process.platform, process.arch, 'libonnxruntime.so.1');
}
