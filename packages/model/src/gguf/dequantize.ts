// Rows as the file stores them -> float32, exact: scale times quant has at most 23 significant bits, and with a minimum
// added the sum of two such numbers is exact in a double, so that the one rounding is the last, to float32.
//   Q4_0  [scale f16][16 bytes: value i in low nibble of byte i, value i + 16 in its high nibble]   (q - 8) * scale
//   Q4_1  [scale f16][minimum f16][16 bytes likewise]                                               q * scale + minimum
//   Q5_0  [scale f16][u32: bit i is the fifth of value i][16 bytes likewise]                        (q - 16) * scale
//   Q5_1  [scale f16][minimum f16][u32 likewise][16 bytes likewise]                                 q * scale + minimum
//   Q8_0  [scale f16][32 signed bytes]                                                              q * scale
// The K types are in dequantize-k.ts.
import type { GgufKind } from '../types.ts';
import { fromQ4K, fromQ5K, fromQ6K } from './dequantize-k.ts';
import { half } from './half.ts';

/** `rows` holds whole blocks of the kind; fills `out` from its start, one float per value. */
export function dequantize(kind: GgufKind, rows: Uint8Array, out: Float32Array): void {
  switch (kind) {
    case 'F32':
      new Uint8Array(out.buffer, out.byteOffset).set(rows);
      return;
    case 'F16':
      fromHalf(rows, out);
      return;
    case 'BF16':
      fromBfloat16(rows, out);
      return;
    case 'Q8_0':
      fromBytes(rows, out);
      return;
    case 'Q4_0':
      fromNibbles(rows, out, { blockBytes: 18 }, (at) => -8 * half(rows, at));
      return;
    case 'Q4_1':
      fromNibbles(rows, out, { blockBytes: 20 }, (at) => half(rows, at + 2));
      return;
    case 'Q5_0':
      fromNibbles(rows, out, { blockBytes: 22, highAt: 2 }, (at) => -16 * half(rows, at));
      return;
    case 'Q5_1':
      fromNibbles(rows, out, { blockBytes: 24, highAt: 4 }, (at) => half(rows, at + 2));
      return;
    case 'Q4_K':
      fromQ4K(rows, out);
      return;
    case 'Q5_K':
      fromQ5K(rows, out);
      return;
    case 'Q6_K':
      fromQ6K(rows, out);
      return;
  }
}

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

/** Brain floats are the upper halves of floats. */
function fromBfloat16(rows: Uint8Array, out: Float32Array): void {
  const bits = new Uint32Array(out.buffer, out.byteOffset, rows.length / 2);
  for (let at = 0, to = 0; at < rows.length; at += 2)
    bits[to++] = ((rows[at] as number) << 16) | ((rows[at + 1] as number) << 24);
}

/** `base(at)`: the value of quant 0 in the block at `at`. Low nibbles are the last 16 bytes of a block. */
function fromNibbles(
  rows: Uint8Array,
  out: Float32Array,
  { blockBytes, highAt }: { blockBytes: number; highAt?: number },
  base: (at: number) => number,
): void {
  const view = new DataView(rows.buffer, rows.byteOffset, rows.length);
  for (let at = 0, to = 0; at < rows.length; at += blockBytes, to += 32) {
    const scale = half(rows, at);
    const lowest = base(at);
    const high = highAt === undefined ? 0 : view.getUint32(at + highAt, true);
    for (let i = 0; i < 16; i++) {
      const pair = rows[at + blockBytes - 16 + i] as number;
      out[to + i] = ((pair & 15) + 16 * ((high >>> i) & 1)) * scale + lowest;
      out[to + i + 16] = ((pair >> 4) + 16 * ((high >>> (i + 16)) & 1)) * scale + lowest;
    }
  }
}
