// Writes safetensors for tests.
import type { FloatForm } from '../types.ts';

export interface RawTensor {
  name: string;
  dtype: FloatForm;
  shape: number[];
  values: Float32Array;
}

export function safetensorsBytes(tensors: RawTensor[]): Uint8Array {
  const header: Record<string, object> = { __metadata__: { format: 'pt' } };
  const parts: Uint8Array[] = [];
  let end = 0;
  for (const { name, dtype, shape, values } of tensors) {
    const bytes = floatBytes(dtype, values);
    header[name] = { dtype, shape, data_offsets: [end, end + bytes.length] };
    end += bytes.length;
    parts.push(bytes);
  }
  const text = Buffer.from(JSON.stringify(header));
  // Writers fill up with spaces, so that the data begins at a multiple of 8.
  const padded = Buffer.alloc(Math.ceil(text.length / 8) * 8, ' ');
  text.copy(padded);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  return Buffer.concat([length, padded, ...parts]);
}

/** Values are rounded to nearest even. */
export function floatBytes(dtype: FloatForm, values: Float32Array): Uint8Array {
  if (dtype === 'F32') return new Uint8Array(values.slice().buffer);
  const bits = new Uint32Array(values.slice().buffer);
  const to = dtype === 'BF16' ? upperHalf : half;
  return new Uint8Array(Uint16Array.from(bits, to).buffer);
}

const upperHalf = (bits: number): number => (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;

/** Normal and subnormal numbers; what is too large becomes infinity. */
function half(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const exponent = ((bits >>> 23) & 255) - 112;
  if (exponent >= 31) return sign | 0x7c00;
  const drop = exponent > 0 ? 13 : 14 - exponent;
  if (drop > 24) return sign;
  const mantissa = (bits & 0x7fffff) | 0x800000;
  const rounded = (mantissa + (1 << (drop - 1)) - 1 + ((mantissa >>> drop) & 1)) >>> drop;
  return exponent > 0 ? sign | (rounded + ((exponent - 1) << 10)) : sign | rounded;
}
