// What every importer (GGUF, folders of safetensors, of ONNX) yields, and what the packages after it read.

/** How a weight's values are stored, named as GGUF names them. Each has its own layout. */
export type GgufKind = 'F32' | 'F16' | 'BF16' | 'Q8_0' | 'Q4_0' | 'Q4_1' | 'Q5_0' | 'Q5_1' | 'Q4_K' | 'Q5_K' | 'Q6_K';
/** Of ONNX's MatMulNBits, whose scales are f32: 4 or 8 bits, and Z: a zero point of 8 bits beside each scale. */
export type NBitsKind = 'Q4_N' | 'Q4_NZ' | 'Q8_N' | 'Q8_NZ';
export type WeightKind = GgufKind | NBitsKind;

/** The facts about a model that sizes and shapes follow from. */
export interface ModelConfig {
  architecture: string;
  name: string;
  layers: number;
  hiddenSize: number;
  feedForwardSize: number;
  heads: number;
  kvHeads: number;
  headSize: number;
  vocabularySize: number;
  /** Positions the model was trained for. */
  maxContextLength: number;
  tiedHead: boolean;
  /** Of a mixture of experts; none otherwise. */
  experts?: ExpertConfig;
}

export interface ExpertConfig {
  count: number;
  /** Experts that a token goes through. */
  used: number;
  /** Of one expert. */
  feedForwardSize: number;
  /** Of the expert that every token goes through; 0: there is none. */
  sharedFeedForwardSize: number;
}

/** How safetensors hold floats. */
export type FloatForm = 'F32' | 'F16' | 'BF16';

/** Quants with a scale (and a zero point) per block of a row, each in a tensor of its own: as MatMulNBits has them. */
export interface BlockQuants {
  bits: 4 | 8;
  /** Values of a block; a multiple of 32. */
  blockSize: number;
  scales: { file: number; offset: number; form: 'F32' | 'F16' };
  /** null: 8 or 128, the middle. */
  zeroPoints: { file: number; offset: number } | null;
}

/** Where one tensor's bytes lie. Every format keeps a [rows][columns] matrix row by row. */
export interface TensorBytes {
  name: string;
  /** Index into the model's files; 0 where it is not given. */
  file?: number;
  /** Absolute, in that file. */
  offset: number;
  bytes: number;
  rows: number;
  /** Floats that become the chunk's kind as the weight cache is built; not given: stored as the kind already. */
  form?: FloatForm;
  /** Not given but for ONNX models: `offset` and `bytes` are the quants' then. */
  blocks?: BlockQuants;
}

/**
 * One streamed weight of one operator: a row of the CMT. Its rows are those of `tensors`, either one tensor after the
 * other (q, k, v) or alternating by row block of 8 rows (gate, up: SiLU and product happen while both are at hand).
 */
export interface ChunkSpec {
  /** 0, 1, 2... in order of use; the number that the graph's operators carry. */
  weightsId: number;
  /** For people: "layer 3 gate_up". */
  name: string;
  op: 'StreamMatMul' | 'GatherRows';
  /** True where GatherRows reads rows of this chunk: each row block then carries a checksum of its own. */
  gathered: boolean;
  /** True for the output head, which only passes that want logits read. */
  head: boolean;
  kind: WeightKind;
  /** Sum of the tensors' rows. */
  rows: number;
  /** A multiple of 32, of 256 in the K types. */
  columns: number;
  tensors: TensorBytes[];
  arrangement: 'concatenated' | 'row-blocks-alternating';
  /** The rows are those of so many experts, one after the other, in whole row blocks; a pass uses only some of them. */
  experts?: number;
}

/** A file that holds weights. */
export interface SourceFile {
  path: string;
  bytes: number;
}

/** What a model's header says. */
export interface ModelSummary {
  /** Of the file, or the folder. */
  path: string;
  fileBytes: number;
  config: ModelConfig;
  chunks: ChunkSpec[];
  /** "sha256:<hex>" over the header's bytes and the file's size: cheap, and different for files that differ in structure. */
  headerDigest: string;
}

/** An imported model: a small ONNX graph with the streamed operators, and where each weight's bytes lie. */
export interface ImportedModel {
  /** Of the file, or the folder. */
  path: string;
  files: SourceFile[];
  /** Of all files together. */
  fileBytes: number;
  config: ModelConfig;
  chunks: ChunkSpec[];
  /** Serialized ONNX ModelProto; its only initializers are norms and other small vectors. */
  graph: Uint8Array;
  /** Compact tokenizer, read in place (tokenizer/format.ts). */
  tokenizer: Uint8Array;
  /** Jinja source from the file, null if it has none. */
  chatTemplate: string | null;
}
