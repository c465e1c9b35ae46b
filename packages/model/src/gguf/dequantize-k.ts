// The K types: 256 values a block, whose sub-blocks have scales of their own. Source: ggml's block_q4_K and its kin.
//   Q4_K  [d f16][dmin f16][12 bytes: scale and minimum, 6 bits each, of 8 sub-blocks of 32][128 bytes]
//   Q5_K  [d f16][dmin f16][12 bytes likewise][32 bytes: bit s of byte l is the fifth of value l in sub-block s][128 bytes]
//         q * (d * scale) - dmin * minimum; a pair of sub-blocks has 32 bytes, low nibbles the first, high ones the second
//   Q6_K  [128 bytes: low 4 bits][64 bytes: upper 2 bits][16 signed scales of 16 values each][d f16]
//         (q - 32) * (d * scale); 128 values have 64 and 32 bytes: quarter g of 32 values takes its bits from
//         low byte 32 * (g % 2) + l (low nibble in the first two quarters) and from bits 2g, 2g + 1 of upper byte l
import { half } from './half.ts';

export const fromQ4K = (rows: Uint8Array, out: Float32Array): void => fromSixBitScales(rows, out, 144, 16);
export const fromQ5K = (rows: Uint8Array, out: Float32Array): void => fromSixBitScales(rows, out, 176, 48, 16);

function fromSixBitScales(
  rows: Uint8Array,
  out: Float32Array,
  blockBytes: number,
  nibblesAt: number,
  highAt?: number,
): void {
  const byte = (at: number) => rows[at] as number;
  for (let at = 0, to = 0; at < rows.length; at += blockBytes) {
    const d = half(rows, at);
    const dmin = half(rows, at + 2);
    for (let s = 0; s < 8; s++) {
      const low = at + 4 + (s % 4);
      // The first four have 6 bits together; the others 4 of them in the last 4 bytes, 2 above the first four's.
      const scale = d * (s < 4 ? byte(low) & 63 : (byte(low + 8) & 15) | ((byte(low) >> 6) << 4));
      const minimum = dmin * (s < 4 ? byte(low + 4) & 63 : (byte(low + 8) >> 4) | ((byte(low + 4) >> 6) << 4));
      for (let l = 0; l < 32; l++) {
        const pair = byte(at + nibblesAt + 32 * (s >> 1) + l);
        const high = highAt === undefined ? 0 : 16 * ((byte(at + highAt + l) >> s) & 1);
        out[to++] = ((s % 2 ? pair >> 4 : pair & 15) + high) * scale - minimum;
      }
    }
  }
}

export function fromQ6K(rows: Uint8Array, out: Float32Array): void {
  const byte = (at: number) => rows[at] as number;
  for (let at = 0, to = 0; at < rows.length; at += 210) {
    const d = half(rows, at + 208);
    for (let s = 0; s < 8; s++) {
      const quarter = s % 4;
      for (let l = 0; l < 32; l++) {
        const pair = byte(at + 64 * (s >> 2) + 32 * (s % 2) + l);
        const upper = (byte(at + 128 + 32 * (s >> 2) + l) >> (2 * quarter)) & 3;
        const scale = d * ((byte(at + 192 + 2 * s + (l >> 4)) << 24) >> 24);
        out[to++] = ((quarter < 2 ? pair & 15 : pair >> 4) + 16 * upper - 32) * scale;
      }
    }
  }
}
