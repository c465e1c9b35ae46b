// Rows as the file stores them -> float32, exact: scale times quant has at most 19 significant bits, and with a minimum
// added the sum of two such numbers is exact in a double, so that the one rounding is the last, to float32.
//   Q4_0  [scale f16][16 bytes: value i in low nibble of byte i, value i + 16 in its high nibble]   (q - 8) * scale
//   Q4_1  [scale f16][minimum f16][16 bytes likewise]                                               q * scale + minimum
//   Q8_0  [scale f16][32 signed bytes]                                                              q * scale
import type { WeightKind } from '../types.ts';
import { halfValues } from './half.ts';

/** `rows` holds whole blocks of the kind; fills `out` from its start, one float per value. */
export function dequantize(kind: WeightKind, rows: Uint8Array, out: Float32Array): void {
  switch (kind) {
    case 'F32':
      new Uint8Array(out.buffer, out.byteOffset).set(rows);
      return;
    case 'F16':
      fromHalf(rows, out);
      return;
    case 'Q8_0':
      fromBytes(rows, out);
      return;
    case 'Q4_0':
      fromNibbles(rows, out, 18, (view, at) => -8 * half(view, at));
      return;
    case 'Q4_1':
      fromNibbles(rows, out, 20, (view, at) => half(view, at + 2));
      return;
  }
}

const half = (bytes: Uint8Array, at: number): number =>
  halfValues()[(bytes[at] as number) | ((bytes[at + 1] as number) << 8)] as number;

function fromHalf(rows: Uint8Array, out: Float32Array): void {
  for (let at = 0, to = 0; at < rows.length; at += 2) out[to++] = half(rows, at);
}

function fromBytes(rows: Uint8Array, out: Float32Array): void {
  const signed = new Int8Array(rows.buffer, rows.byteOffset, rows.length);
  for (let at = 0, to = 0; at < rows.length; at += 34) {
    const scale = half(rows, at);
    for (let i = 0; i < 32; i++) out[to++] = (signed[at + 2 + i] as number) * scale;
  }
}

/** `base` is the value of quant 0. Quants are the last 16 bytes of a block. */
function fromNibbles(
  rows: Uint8Array,
  out: Float32Array,
  blockBytes: number,
  base: (rows: Uint8Array, at: number) => number,
): void {
  for (let at = 0, to = 0; at < rows.length; at += blockBytes, to += 32) {
    const scale = half(rows, at);
    const lowest = base(rows, at);
    for (let i = 0; i < 16; i++) {
      const pair = rows[at + blockBytes - 16 + i] as number;
      out[to + i] = (pair & 15) * scale + lowest;
      out[to + i + 16] = (pair >> 4) * scale + lowest;
    }
  }
}
