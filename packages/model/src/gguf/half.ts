// IEEE 754 half precision. By table, since millions of block scales pass through here (Float16Array is not in Node 22).

function widen(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

let table: Float32Array | undefined;

/** [65536]: the value of each half. */
export function halfValues(): Float32Array {
  table ??= Float32Array.from({ length: 65536 }, (_, bits) => widen(bits));
  return table;
}

/** Of the two bytes at `at`, little-endian. */
export const half = (bytes: Uint8Array, at: number): number =>
  halfValues()[(bytes[at] as number) | ((bytes[at + 1] as number) << 8)] as number;
