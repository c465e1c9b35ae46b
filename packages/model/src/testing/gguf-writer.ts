// Writes GGUF headers, well-formed or not: values are written as they are given. For tests and generators.
import { tensorTypeNumbers } from '../gguf/tensor-types.ts';
import type { GgufKind } from '../types.ts';

export type MetadataEntry =
  | { key: string; type: 'u32' | 'i32'; value: number }
  | { key: string; type: 'f32'; value: number }
  | { key: string; type: 'bool'; value: boolean }
  | { key: string; type: 'string'; value: string }
  | { key: string; type: 'strings'; value: readonly string[] }
  | { key: string; type: 'i32s'; value: readonly number[] }
  | { key: string; type: 'bools'; value: readonly boolean[] }
  /** Type and value as they stand in another file. */
  | { key: string; type: 'raw'; value: Uint8Array };

export interface TensorEntry {
  name: string;
  dimensions: number[];
  kind: GgufKind;
  /** From the start of the tensor data. */
  offset: number;
}

const types = { u32: 4, i32: 5, f32: 6, bool: 7, string: 8, array: 9 };

export const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
export const u64 = (value: number | bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
};
export const ggufString = (text: string): Buffer => Buffer.concat([u64(Buffer.byteLength(text)), Buffer.from(text)]);

function metadataValue(entry: MetadataEntry): Uint8Array {
  switch (entry.type) {
    case 'u32':
    case 'i32':
      return Buffer.concat([u32(types[entry.type]), u32(entry.value >>> 0)]);
    case 'f32':
      return Buffer.concat([u32(types.f32), new Uint8Array(Float32Array.of(entry.value).buffer)]);
    case 'bool':
      return Buffer.concat([u32(types.bool), Uint8Array.of(entry.value ? 1 : 0)]);
    case 'string':
      return Buffer.concat([u32(types.string), ggufString(entry.value)]);
    case 'strings':
      return Buffer.concat([
        u32(types.array),
        u32(types.string),
        u64(entry.value.length),
        ...entry.value.map(ggufString),
      ]);
    case 'i32s':
      return Buffer.concat([
        u32(types.array),
        u32(types.i32),
        u64(entry.value.length),
        new Uint8Array(Int32Array.from(entry.value).buffer),
      ]);
    case 'bools':
      return Buffer.concat([
        u32(types.array),
        u32(types.bool),
        u64(entry.value.length),
        Uint8Array.from(entry.value, Number),
      ]);
    case 'raw':
      return entry.value;
  }
}

export const metadataEntry = (entry: MetadataEntry): Buffer =>
  Buffer.concat([ggufString(entry.key), metadataValue(entry)]);

export const tensorEntry = ({ name, dimensions, kind, offset }: TensorEntry): Buffer =>
  Buffer.concat([
    ggufString(name),
    u32(dimensions.length),
    ...dimensions.map(u64),
    u32(tensorTypeNumbers[kind]),
    u64(offset),
  ]);

/** Everything before the tensor data, padding included. */
export function ggufHeader(metadata: MetadataEntry[], tensors: TensorEntry[], alignment = 32): Buffer {
  const header = Buffer.concat([
    Buffer.from('GGUF'),
    u32(3),
    u64(tensors.length),
    u64(metadata.length),
    ...metadata.map(metadataEntry),
    ...tensors.map(tensorEntry),
  ]);
  return Buffer.concat([header, Buffer.alloc((alignment - (header.length % alignment)) % alignment)]);
}
