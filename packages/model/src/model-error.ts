export type ModelErrorCode =
  /** The file cannot be opened or read. */
  | 'MODEL_UNREADABLE'
  /** Another kind of file; the message says which where that is known. */
  | 'NOT_A_GGUF'
  /** GGUF, but of a version or byte order that is not read. */
  | 'UNSUPPORTED_GGUF_VERSION'
  /** The file ends before what its header promises. */
  | 'MODEL_TRUNCATED'
  /** The header contradicts itself, or lacks what its architecture needs. */
  | 'MODEL_INVALID'
  /** A tensor is stored in a way that is not computed with yet. */
  | 'UNSUPPORTED_TYPE'
  /** A matrix has a shape that the weight layout does not hold. */
  | 'UNSUPPORTED_SHAPE'
  /** The architecture, or a variant of it that this model asks for, is not known. */
  | 'UNSUPPORTED_ARCHITECTURE'
  /** An adapter that changes a model in a way that is not computed. */
  | 'UNSUPPORTED_ADAPTER'
  /** An adapter whose modules or sizes are another model's. */
  | 'ADAPTER_MISMATCH'
  /** An ONNX graph with a node that does something which cannot be streamed; the message names it. */
  | 'UNSUPPORTED_GRAPH'
  /** An export's directory cannot be written. */
  | 'OUTPUT_UNWRITABLE'
  /** An export does not fit on its disk. */
  | 'DISK_FULL';

/** A model that cannot be imported or exported. */
export class ModelError extends Error {
  override readonly name = 'ModelError';
  readonly code: ModelErrorCode;
  /** The same file fails the same way again; room on a disk may come back. */
  readonly retryable: boolean;

  constructor(code: ModelErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.retryable = code === 'DISK_FULL';
  }
}
