// The block formats as a generator sees them: where a block's numbers stand, and single quants put in their places.
import { rowBytes, tensorType, tensorTypeNumbers } from '../gguf/tensor-types.ts';
import type { GgufKind } from '../types.ts';

export type QuantizedKind = Exclude<GgufKind, 'F32' | 'F16' | 'BF16'>;

export interface BlockFormat {
  /** Values of quants; signed in Q8_0 alone. */
  levels: number;
  /** The quant that means 0; absent where there is a minimum. */
  zeroPoint?: number;
  scaleAt: number;
  minimumAt?: number;
}

export const blockFormats: Record<QuantizedKind, BlockFormat> = {
  Q8_0: { levels: 256, zeroPoint: 0, scaleAt: 0 },
  Q4_0: { levels: 16, zeroPoint: 8, scaleAt: 0 },
  Q4_1: { levels: 16, scaleAt: 0, minimumAt: 2 },
  Q5_0: { levels: 32, zeroPoint: 16, scaleAt: 0 },
  Q5_1: { levels: 32, scaleAt: 0, minimumAt: 2 },
  Q4_K: { levels: 16, scaleAt: 0, minimumAt: 2 },
  Q5_K: { levels: 32, scaleAt: 0, minimumAt: 2 },
  Q6_K: { levels: 64, zeroPoint: 32, scaleAt: 208 },
};

export const isFloatKind = (kind: GgufKind): kind is 'F32' | 'F16' | 'BF16' => !Object.hasOwn(blockFormats, kind);

export const blockValues = (kind: GgufKind): number => tensorType(tensorTypeNumbers[kind])?.values as number;
export const blockBytes = (kind: GgufKind): number => rowBytes(kind, blockValues(kind));

/** Writes quant `q` of value i into the block at `at`, where its bits are zero. */
export function putQuant(kind: QuantizedKind, out: Uint8Array, at: number, i: number, q: number): void {
  const add = (byte: number, bits: number) => {
    out[at + byte] = (out[at + byte] as number) | bits;
  };
  const nibble = (begin: number) => add(begin + (i % 16), (q & 15) << (i < 16 ? 0 : 4));
  const fifth = (begin: number) => add(begin + (i >> 3), (q >> 4) << (i % 8));
  const s = i >> 5;
  const l = i % 32;
  const pairNibble = (begin: number) => add(begin + 32 * (s >> 1) + l, (q & 15) << (s % 2 ? 4 : 0));
  switch (kind) {
    case 'Q8_0':
      add(2 + i, q & 255);
      return;
    case 'Q4_0':
      nibble(2);
      return;
    case 'Q4_1':
      nibble(4);
      return;
    case 'Q5_0':
      nibble(6);
      fifth(2);
      return;
    case 'Q5_1':
      nibble(8);
      fifth(4);
      return;
    case 'Q4_K':
      pairNibble(16);
      return;
    case 'Q5_K':
      pairNibble(48);
      add(16 + l, (q >> 4) << s);
      return;
    case 'Q6_K':
      add(64 * (s >> 2) + 32 * (s % 2) + l, (q & 15) << (s % 4 < 2 ? 0 : 4));
      add(128 + 32 * (s >> 2) + l, (q >> 4) << (2 * (s % 4)));
      return;
  }
}

/** Gives every sub-block of a K type in the block at `at` the scale (and minimum) 1. */
export function putUnitScales(kind: QuantizedKind, out: Uint8Array, at: number): void {
  if (kind === 'Q6_K') out.fill(1, at + 192, at + 208);
  if (kind === 'Q4_K' || kind === 'Q5_K') out.fill(1, at + 4, at + 12).fill(0x11, at + 12, at + 16);
}

/** Makes each sub-block's minimum as large as its scale, whatever that is, in a block of Q4_K or Q5_K at `at`. */
export function equalMinima(out: Uint8Array, at: number): void {
  for (let j = 0; j < 4; j++) {
    out[at + 8 + j] = out[at + 4 + j] as number;
    out[at + 12 + j] = ((out[at + 12 + j] as number) & 15) * 0x11;
  }
}
