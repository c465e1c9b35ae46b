// Reads what stands before a GGUF's tensors: metadata, and where each tensor lies. The tensors themselves are not read.
// Nothing in the file is believed: counts and lengths are held against the file's size before memory is taken for them,
// and every tensor must lie inside the file, aligned, clear of its neighbours. So what comes after can trust the offsets.
//
//   [magic "GGUF"][version u32][tensors u64][keys u64] keys: [key][type u32][value]...
//   tensors: [name][dimensions u32][size u64]...[type u32][offset u64]  padding  tensor data
// Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md (versions 2 and 3, which differ in byte order only).
import { closeSync, fstatSync, openSync } from 'node:fs';
import { ModelError } from '../model-error.ts';
import type { FloatForm, SourceFile } from '../types.ts';
import { HeaderCursor } from './cursor.ts';
import { refuseOtherFormats } from './foreign-formats.ts';
import { MetadataReader, type MetadataValue } from './metadata.ts';
import { type TensorType, tensorType } from './tensor-types.ts';

export interface GgufTensor {
  name: string;
  type: TensorType;
  /** Values in a row first, then rows: [columns, rows, ...], 1 to 4 of them, each at least 1. */
  dimensions: number[];
  /** Absolute, in the file. */
  offset: number;
  bytes: number;
  /** Of tensors from a folder of safetensors; a GGUF's have none. */
  source?: TensorSource;
  /** Of tensors that no file holds: their values. */
  values?: Float32Array;
}

export interface TensorSource {
  /** Index into the header's files. */
  file: number;
  /** The floats that are to become `type`; null: the bytes are of `type` already. */
  form: FloatForm | null;
  /** What is added to every value of a vector. */
  addend: number;
}

/** Where a key's value lies in the file, its type included: what a copy of the entry has to hold. */
export interface ByteRange {
  begin: number;
  end: number;
}

export interface GgufHeader {
  path: string;
  /** The file itself, or a folder's files of weights. */
  files: SourceFile[];
  /** Of all files together. */
  fileBytes: number;
  version: number;
  metadata: ReadonlyMap<string, MetadataValue>;
  metadataRanges: ReadonlyMap<string, ByteRange>;
  /** Given where the rows of q and k do not lie as GGUFs of the architecture have them: which values of a head are pairs. */
  rotaryInterleaved?: boolean;
  tensors: ReadonlyMap<string, GgufTensor>;
  /** "sha256:<hex>" of the header's bytes and the file's size (8 bytes, little-endian): tells models apart cheaply. */
  digest: string;
}

const maxKeyBytes = 65535;
const maxTensorNameBytes = 255;
const maxDimensions = 4;
const maxKeys = 65536;
const maxTensors = 262144;
const defaultAlignment = 32;
const maxAlignment = 1 << 20;
// Name of one byte, type, value of one byte; name, one dimension, type, offset.
const leastKeyBytes = 8 + 1 + 4 + 1;
const leastTensorBytes = 8 + 1 + 4 + 8 + 4 + 8;

/** Throws ModelError. */
export function readGgufHeader(path: string): GgufHeader {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (cause) {
    throw unreadable(path, cause);
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile())
      throw new ModelError('MODEL_UNREADABLE', `${path} is not a file; give the path of a .gguf file`);
    return readHeader(fd, path, stat.size);
  } catch (error) {
    if (error instanceof ModelError) throw error;
    throw unreadable(path, error);
  } finally {
    closeSync(fd);
  }
}

const unreadable = (path: string, cause: unknown) =>
  new ModelError(
    'MODEL_UNREADABLE',
    `cannot read the model ${path}: ${cause instanceof Error ? cause.message : cause}`,
    {
      cause,
    },
  );

function readHeader(fd: number, path: string, fileBytes: number): GgufHeader {
  refuseOtherFormats(fd, path, fileBytes);
  const cursor = new HeaderCursor(fd, path, fileBytes);
  cursor.bytes(4, 'the magic');
  const version = readVersion(cursor, path);
  const tensorCount = cursor.count(leastTensorBytes, 'tensors');
  const keyCount = cursor.count(leastKeyBytes, 'keys');
  if (tensorCount > maxTensors || keyCount > maxKeys) {
    throw invalid(
      path,
      `${tensorCount} tensors and ${keyCount} keys are more than any model has (${maxTensors}, ${maxKeys})`,
    );
  }

  const reader = new MetadataReader(cursor, path);
  const metadata = new Map<string, MetadataValue>();
  const metadataRanges = new Map<string, ByteRange>();
  for (let index = 0; index < keyCount; index++) {
    const key = reader.name(maxKeyBytes, `key ${index}`);
    if (metadata.has(key)) throw invalid(path, `the key ${key} is there twice`);
    const begin = cursor.position;
    metadata.set(key, reader.value(key));
    metadataRanges.set(key, { begin, end: cursor.position });
  }

  const tensors = new Map<string, GgufTensor>();
  for (let index = 0; index < tensorCount; index++) {
    const name = reader.name(maxTensorNameBytes, `tensor ${index}`);
    if (tensors.has(name)) throw invalid(path, `the tensor ${name} is there twice`);
    tensors.set(name, readTensor(cursor, path, name));
  }
  placeTensors([...tensors.values()], path, fileBytes, cursor.position, alignmentOf(metadata, path));
  const files = [{ path, bytes: fileBytes }];
  return { path, files, fileBytes, version, metadata, metadataRanges, tensors, digest: `sha256:${cursor.digest()}` };
}

function readVersion(cursor: HeaderCursor, path: string): number {
  const version = cursor.u32();
  if (version === 2 || version === 3) return version;
  const swapped = version >>> 24 !== 0 && (version & 0xffffff) === 0;
  throw new ModelError(
    'UNSUPPORTED_GGUF_VERSION',
    swapped
      ? `${path} is a big-endian GGUF; only little-endian ones are read`
      : `${path} is GGUF version ${version}; versions 2 and 3 are read: convert the model again with a current tool`,
  );
}

/** The tensor with the offset as the file gives it: from the start of the tensor data. */
function readTensor(cursor: HeaderCursor, path: string, name: string): GgufTensor {
  const dimensionCount = cursor.u32();
  if (dimensionCount < 1 || dimensionCount > maxDimensions) {
    throw invalid(path, `the tensor ${name} has ${dimensionCount} dimensions (1 to ${maxDimensions} are possible)`);
  }
  const sizes = Array.from({ length: dimensionCount }, () => cursor.u64());
  const typeNumber = cursor.u32();
  const type = tensorType(typeNumber);
  if (!type) {
    throw new ModelError('UNSUPPORTED_TYPE', `${path}: the tensor ${name} has type ${typeNumber}, which is not known`);
  }
  const values = sizes.reduce((product, size) => product * size, 1n);
  const shape = `[${sizes.join(', ')}] ${type.name}`;
  if (values === 0n) throw invalid(path, `the tensor ${name} ${shape} is empty`);
  if ((sizes[0] as bigint) % BigInt(type.values) !== 0n) {
    throw invalid(path, `the tensor ${name} ${shape} has rows that are no multiple of ${type.values} values`);
  }
  const bytes = (values / BigInt(type.values)) * BigInt(type.bytes);
  const offset = cursor.u64();
  if (bytes > BigInt(Number.MAX_SAFE_INTEGER) || offset > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new ModelError(
      'MODEL_TRUNCATED',
      `${path}: the tensor ${name} ${shape} would take ${bytes} bytes from byte ${offset}, far past the end of the file`,
    );
  }
  return { name, type, dimensions: sizes.map(Number), offset: Number(offset), bytes: Number(bytes) };
}

function alignmentOf(metadata: ReadonlyMap<string, MetadataValue>, path: string): number {
  const alignment = metadata.get('general.alignment') ?? defaultAlignment;
  const valid =
    typeof alignment === 'number' &&
    alignment >= 1 &&
    alignment <= maxAlignment &&
    Number.isInteger(Math.log2(alignment));
  if (!valid)
    throw invalid(path, `general.alignment is ${String(alignment)}, which is no power of two up to ${maxAlignment}`);
  return alignment;
}

/** Makes the offsets absolute and checks that all tensors lie in the file, aligned, and apart. */
function placeTensors(
  tensors: GgufTensor[],
  path: string,
  fileBytes: number,
  headerEnd: number,
  alignment: number,
): void {
  const dataStart = Math.ceil(headerEnd / alignment) * alignment;
  for (const tensor of tensors) {
    if (tensor.offset % alignment !== 0) {
      throw invalid(path, `the tensor ${tensor.name} starts at ${tensor.offset}, which is no multiple of ${alignment}`);
    }
    tensor.offset += dataStart;
    if (tensor.offset + tensor.bytes > fileBytes) {
      throw new ModelError(
        'MODEL_TRUNCATED',
        `${path}: the tensor ${tensor.name} lies at bytes ${tensor.offset} to ${tensor.offset + tensor.bytes}, but the file has ${fileBytes}; fetch it again`,
      );
    }
  }
  let before: GgufTensor | undefined;
  for (const tensor of tensors.sort((a, b) => a.offset - b.offset)) {
    if (before && tensor.offset < before.offset + before.bytes) {
      throw invalid(path, `the tensors ${before.name} and ${tensor.name} overlap at byte ${tensor.offset}`);
    }
    before = tensor;
  }
}

const invalid = (path: string, message: string) =>
  new ModelError('MODEL_INVALID', `${path}: ${message}; the file is damaged`);
