// Reads the header of a safetensors file: what tensors it holds, and where. The values are not read. Nothing in the file
// is believed: the header's length is held against the file's size before memory is taken for it, and every tensor must
// lie inside the file, as long as its shape makes it, clear of the others. So what comes after can trust the offsets.
//
//   [bytes of the header u64][header: JSON {"name": {"dtype", "shape", "data_offsets": [begin, end]}, "__metadata__": {}}]
//   [data; offsets count from its beginning]
// Format: https://github.com/huggingface/safetensors (README, "Format").
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { ModelError } from '../model-error.ts';

/** Bytes of a value. Types that are not computed with are here too, so that the file's structure is checked all the same. */
const valueBytes = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  F8_E8M0: 1,
  U16: 2,
  I16: 2,
  F16: 2,
  BF16: 2,
  U32: 4,
  I32: 4,
  F32: 4,
  U64: 8,
  I64: 8,
  F64: 8,
};

export type SafetensorsType = keyof typeof valueBytes;

export interface SafetensorsTensor {
  name: string;
  dtype: SafetensorsType;
  /** Rows first, as PyTorch says it; empty for a single value. */
  shape: number[];
  /** Absolute, in the file. */
  offset: number;
  bytes: number;
}

export interface SafetensorsHeader {
  path: string;
  fileBytes: number;
  /** What the writer noted, e.g. format "pt". */
  metadata: ReadonlyMap<string, string>;
  tensors: ReadonlyMap<string, SafetensorsTensor>;
}

/** The format's own bound. */
const maxHeaderBytes = 100_000_000;
const maxDimensions = 8;

/** Throws ModelError. */
export function readSafetensorsHeader(path: string): SafetensorsHeader {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (cause) {
    throw unreadable(path, cause);
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw new ModelError('MODEL_UNREADABLE', `${path} is not a file`);
    return readHeader(fd, path, stat.size);
  } catch (error) {
    if (error instanceof ModelError) throw error;
    throw unreadable(path, error);
  } finally {
    closeSync(fd);
  }
}

function readHeader(fd: number, path: string, fileBytes: number): SafetensorsHeader {
  const length = Buffer.alloc(8);
  if (readFully(fd, length, 0) < length.length) throw truncated(path, `the file has only ${fileBytes} bytes`);
  const headerBytes = length.readBigUInt64LE();
  if (headerBytes > BigInt(maxHeaderBytes) || headerBytes < 2n) {
    throw invalid(path, `its first 8 bytes say that a header of ${headerBytes} bytes follows`);
  }
  const dataStart = 8 + Number(headerBytes);
  if (dataStart > fileBytes) {
    throw truncated(path, `the header takes ${headerBytes} bytes, the file has ${fileBytes}`);
  }
  const text = Buffer.alloc(Number(headerBytes));
  if (readFully(fd, text, 8) < text.length) throw truncated(path, 'the file ends inside its header');
  const metadata = new Map<string, string>();
  const tensors = new Map<string, SafetensorsTensor>();
  for (const [name, value] of Object.entries(parse(text, path))) {
    if (name !== '__metadata__') tensors.set(name, readTensor(name, value, path, dataStart, fileBytes));
    else readMetadata(value, metadata, path);
  }
  checkPlaces([...tensors.values()], path, dataStart, fileBytes);
  return { path, fileBytes, metadata, tensors };
}

function parse(text: Buffer, path: string): object {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(text));
  } catch (cause) {
    throw invalid(path, `its header is not JSON: ${(cause as Error).message.slice(0, 200)}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(path, 'its header is no JSON object');
  }
  return value;
}

function readMetadata(value: unknown, into: Map<string, string>, path: string): void {
  if (typeof value !== 'object' || value === null) throw invalid(path, '__metadata__ is no object');
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string') throw invalid(path, `__metadata__ has no text for ${shown(key)}`);
    into.set(key, text);
  }
}

function readTensor(
  name: string,
  value: unknown,
  path: string,
  dataStart: number,
  fileBytes: number,
): SafetensorsTensor {
  const tensor = `the tensor ${shown(name)}`;
  const { dtype, shape, data_offsets: offsets } = (value ?? {}) as Record<string, unknown>;
  if (typeof dtype !== 'string') throw invalid(path, `${tensor} has no dtype`);
  if (!Object.hasOwn(valueBytes, dtype)) {
    throw new ModelError('UNSUPPORTED_TYPE', `${path}: ${tensor} is ${shown(dtype)}, which is not known`);
  }
  if (!isSizes(shape) || shape.length > maxDimensions) throw invalid(path, `${tensor} has no valid shape`);
  if (!isSizes(offsets) || offsets.length !== 2) throw invalid(path, `${tensor} has no valid data_offsets`);
  const [begin, end] = offsets as [number, number];
  // As bigints: a product of hostile sizes must not be rounded to one that fits.
  const values = shape.reduce((product, size) => product * BigInt(size), 1n);
  const bytes = values * BigInt(valueBytes[dtype as SafetensorsType]);
  if (BigInt(end) - BigInt(begin) !== bytes) {
    throw invalid(path, `${tensor} ${dtype} [${shape}] takes ${bytes} bytes, and its offsets are ${begin} to ${end}`);
  }
  if (dataStart + end > fileBytes) {
    throw truncated(path, `${tensor} ends at byte ${dataStart + end}, the file at ${fileBytes}`);
  }
  return { name, dtype: dtype as SafetensorsType, shape, offset: dataStart + begin, bytes: end - begin };
}

const isSizes = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);

/** The format has no gaps: a byte that no tensor claims means a header of another file. */
function checkPlaces(tensors: SafetensorsTensor[], path: string, dataStart: number, fileBytes: number): void {
  let end = dataStart;
  let before = 'the header';
  for (const tensor of tensors.sort((a, b) => a.offset - b.offset || a.bytes - b.bytes)) {
    if (tensor.offset !== end) {
      const how = tensor.offset < end ? 'overlap' : 'leave a gap';
      throw invalid(path, `${before} and the tensor ${shown(tensor.name)} ${how} at byte ${tensor.offset}`);
    }
    end = tensor.offset + tensor.bytes;
    before = `the tensor ${shown(tensor.name)}`;
  }
  if (end !== fileBytes) throw invalid(path, `its tensors end at byte ${end}, the file at ${fileBytes}`);
}

function readFully(fd: number, into: Buffer, position: number): number {
  let filled = 0;
  while (filled < into.length) {
    const read = readSync(fd, into, filled, into.length - filled, position + filled);
    if (read === 0) break;
    filled += read;
  }
  return filled;
}

/** Names come from the file: as long as it pleases. */
const shown = (name: string): string => (name.length > 80 ? `${JSON.stringify(name.slice(0, 80))}...` : name);

const invalid = (path: string, what: string) =>
  new ModelError('MODEL_INVALID', `${path} is no sound safetensors file: ${what}; get it again`);

const truncated = (path: string, what: string) =>
  new ModelError('MODEL_TRUNCATED', `${path} was cut off: ${what}; get it again`);

const unreadable = (path: string, cause: unknown) =>
  new ModelError('MODEL_UNREADABLE', `cannot read ${path}: ${cause instanceof Error ? cause.message : cause}`, {
    cause,
  });
