// Floats as safetensors hold them -> float32, exact.
import type { FloatForm } from '../types.ts';
import { halfValues } from './half.ts';

/** Bytes of a value. */
export const formBytes: Record<FloatForm, number> = { F32: 4, F16: 2, BF16: 2 };

/** `source` holds whole values, little-endian; fills `out` from its start. */
export function expandFloats(form: FloatForm, source: Uint8Array, out: Float32Array): void {
  if (form === 'F32') {
    new Uint8Array(out.buffer, out.byteOffset).set(source);
    return;
  }
  const halves = form === 'F16' ? halfValues() : null;
  // A bfloat16 is the upper half of a float32.
  const words = new Uint32Array(out.buffer, out.byteOffset, out.length);
  for (let at = 0, to = 0; at < source.length; at += 2, to++) {
    const bits = (source[at] as number) | ((source[at + 1] as number) << 8);
    if (halves) out[to] = halves[bits] as number;
    else words[to] = bits << 16;
  }
}
