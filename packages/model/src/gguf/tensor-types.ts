// How GGUF numbers the types of its tensors, and their sizes: a row is a sequence of blocks of `values` values, each
// stored in `bytes` bytes. Types that are not computed with are here too: the file's structure is checked all the same,
// and a refusal can name them. Source: the GGUF specification and ggml.h.
import type { GgufKind } from '../types.ts';

export interface TensorType {
  name: string;
  values: number;
  bytes: number;
}

const type = (name: string, values: number, bytes: number): TensorType => ({ name, values, bytes });

const types: Record<number, TensorType> = {
  0: type('F32', 1, 4),
  1: type('F16', 1, 2),
  2: type('Q4_0', 32, 18),
  3: type('Q4_1', 32, 20),
  6: type('Q5_0', 32, 22),
  7: type('Q5_1', 32, 24),
  8: type('Q8_0', 32, 34),
  9: type('Q8_1', 32, 36),
  10: type('Q2_K', 256, 84),
  11: type('Q3_K', 256, 110),
  12: type('Q4_K', 256, 144),
  13: type('Q5_K', 256, 176),
  14: type('Q6_K', 256, 210),
  15: type('Q8_K', 256, 292),
  16: type('IQ2_XXS', 256, 66),
  17: type('IQ2_XS', 256, 74),
  18: type('IQ3_XXS', 256, 98),
  19: type('IQ1_S', 256, 50),
  20: type('IQ4_NL', 32, 18),
  21: type('IQ3_S', 256, 110),
  22: type('IQ2_S', 256, 82),
  23: type('IQ4_XS', 256, 136),
  24: type('I8', 1, 1),
  25: type('I16', 1, 2),
  26: type('I32', 1, 4),
  27: type('I64', 1, 8),
  28: type('F64', 1, 8),
  29: type('IQ1_M', 256, 56),
  30: type('BF16', 1, 2),
  34: type('TQ1_0', 256, 54),
  35: type('TQ2_0', 256, 66),
  39: type('MXFP4', 32, 17),
};

export const tensorType = (number: number): TensorType | undefined => types[number];

/** The number of a weight kind in a GGUF. */
export const tensorTypeNumbers: Record<GgufKind, number> = {
  F32: 0,
  F16: 1,
  Q4_0: 2,
  Q4_1: 3,
  Q5_0: 6,
  Q5_1: 7,
  Q8_0: 8,
  Q4_K: 12,
  Q5_K: 13,
  Q6_K: 14,
  BF16: 30,
};

export const tensorTypeNamed = (kind: GgufKind): TensorType => types[tensorTypeNumbers[kind]] as TensorType;

export const isWeightKind = (name: string): name is GgufKind => Object.hasOwn(tensorTypeNumbers, name);

/** Bytes of one row of `columns` values, a multiple of the kind's block. */
export function rowBytes(kind: GgufKind, columns: number): number {
  const { values, bytes } = types[tensorTypeNumbers[kind]] as TensorType;
  return (columns / values) * bytes;
}
