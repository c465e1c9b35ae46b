// The engine's native face (binding/engine_binding.cc): the same names in the same order, no optional fields.
import { addon } from './addon.ts';

export interface NativeChunk {
  weightsId: number;
  name: string;
  /** WeightKind's number in kernels/layout.h. */
  kind: number;
  rows: number;
  columns: number;
  offset: number;
  rowBlocks: number;
  rowBlockBytes: number;
  head: boolean;
  gathered: boolean;
  paired: boolean;
  /** Equal runs of row blocks, of which a pass uses only some; 0: all of it is always used. */
  experts: number;
  /** Of every row block where rows are gathered, else empty. */
  rowBlockCrc32c: Uint32Array;
}

export interface NativeEngineOptions {
  runtimeLibrary: string;
  weightCache: string;
  weightCacheBytes: number;
  graph: Uint8Array;
  chunks: NativeChunk[];
  vocabulary: number;
  /** Empty: ONNX Runtime does not profile its operators. */
  profilePrefix: string;
}

/** For tests: strikes `count` reads from number `read` on, counted over those that hold all of [begin, end), or over all where that is empty. */
export interface Fault {
  kind: 'flip' | 'short' | 'eof' | 'eio' | 'delay';
  read: number;
  count: number;
  /** flip: which byte of [begin, end), or of the read; short: most bytes that a read brings; delay: milliseconds. */
  amount: number;
  /** Reads of residents while loading, else those of the slots. */
  residents: boolean;
  begin: number;
  end: number;
}

export interface NativeGroup {
  weightsId: number;
  rowBlockBegin: number;
  rowBlockEnd: number;
  resident: boolean;
  crc32c: number;
}

export interface NativePlan {
  groups: NativeGroup[];
  slotCount: number;
  slotBytes: number;
}

export interface NativeLoadOptions {
  plan: NativePlan;
  kv: {
    layers: number;
    kvHeads: number;
    headSize: number;
    type: 'f16' | 'f32';
    contextLength: number;
    maxSequences: number;
  };
  threads: number;
  maxTokensPerPass: number;
  maxLogitRows: number;
  kernel: string;
  reader: string;
  floatActivations: boolean;
  hugePages: boolean;
  faults: Fault[];
}

export interface LoadReport {
  kernel: string;
  /** Empty when nothing is streamed. */
  reader: string;
  direct: boolean;
  residentsLocked: boolean;
  residentBytes: number;
  streamedBytes: number;
  kvBytes: number;
  /** Bytes of the slots that lie on huge pages. */
  slotHugeBytes: number;
}

export interface SamplerOptions {
  temperature: number;
  topK: number;
  topP: number;
  minP: number;
  repetitionPenalty: number;
  seed: number;
  /** Draws made before, by a sampler whose work this one goes on with. */
  drawn: number;
}

/** The low-rank change of some rows of one chunk: y += scale * B (A x). */
export interface NativeAdapterModule {
  weightsId: number;
  /** The chunk's rows from here on. */
  rowBegin: number;
  /** Of a paired chunk, instead: the first (0) or second (1) row blocks of its pairs; else -1. */
  pairSide: number;
  rows: number;
  columns: number;
  rank: number;
  scale: number;
  /** Size of heads whose halves rotate against each other in B, and whose neighbours do in the chunk; 0: as they are. */
  interleavedHead: number;
  /** [rank][columns] */
  a: Float32Array;
  /** [rows][rank] */
  b: Float32Array;
}

export interface PassRequest {
  /** Of all sequences, end to end. */
  tokens: Int32Array;
  sequences: Int32Array;
  /** Tokens of each sequence. */
  counts: Int32Array;
  /** Indexes into `tokens`, ascending: the rows whose logits are wanted. */
  logitRows: Int32Array;
  /** A sampler for each row of logits, or empty. */
  samplers: Int32Array;
  wantLogits: boolean;
  /** Of all sequences, end to end, with their scales; counts [sequences], or empty where none has any. */
  adapters: Int32Array;
  adapterScales: Float32Array;
  adapterCounts: Int32Array;
}

export interface PassResult {
  sampled: Int32Array;
  /** [logitRows][vocabulary], empty unless wanted. */
  logits: Float32Array;
  wallNs: number;
  /** Compute waited for reads. */
  stallNs: number;
  streamedComputeNs: number;
  bytesRead: number;
  /** At least one read was under way. */
  ioBusyNs: number;
}

export interface NativeEngine {
  open(options: NativeEngineOptions): Promise<void>;
  load(options: NativeLoadOptions): Promise<LoadReport>;
  /** Other weights for the same sequences. */
  replan(plan: NativePlan): Promise<LoadReport>;
  createSequence(): Promise<number>;
  freeSequence(id: number): Promise<void>;
  truncateSequence(id: number, length: number): Promise<void>;
  createAdapter(): Promise<number>;
  addToAdapter(module: NativeAdapterModule, id: number): Promise<void>;
  freeAdapter(id: number): Promise<void>;
  createSampler(options: SamplerOptions, promptTokens: Int32Array): number;
  freeSampler(id: number): void;
  pass(request: PassRequest): Promise<PassResult>;
  chunkComputeNs(): Promise<Float64Array>;
  endProfiling(): Promise<string>;
  cancel(): void;
  status(): string;
  close(): Promise<void>;
}

export function createNativeEngine(): NativeEngine {
  const { NativeEngine: Engine } = addon as unknown as { NativeEngine: new () => NativeEngine };
  return new Engine();
}
