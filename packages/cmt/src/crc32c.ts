// Sums of concatenated bytes from the sums of their parts: a group's checksum is composed of its units', so planning
// never reads a weight.
//
// crc32c (Castagnoli, RFC 3720; reflected polynomial 0x82F63B78) is linear over GF(2): appending n bytes multiplies the
// sum's polynomial by x^(8n) modulo the generator. In the reflected form used here bit 31 is x^0.

const polynomial = 0x82f63b78;
const one = 0x80000000;

function multiply(a: number, b: number): number {
  let product = 0;
  for (let bit = one; bit !== 0 && (a & (bit | (bit - 1))) !== 0; bit >>>= 1) {
    if ((a & bit) !== 0) product ^= b;
    b = (b & 1) !== 0 ? (b >>> 1) ^ polynomial : b >>> 1;
  }
  return product >>> 0;
}

// x^(8 * 2^i) for i = 0..52: every length that a double counts exactly.
const powers: number[] = [];
for (let i = 0, power = 0x00800000; i < 53; i++, power = multiply(power, power)) powers.push(power);

// Units of a chunk share one length, so a plan of 65,000 units needs few operators.
let lastLength = 0;
let lastOperator = one;

function operatorFor(bytes: number): number {
  if (bytes === lastLength) return lastOperator;
  let operator = one;
  for (let rest = bytes, i = 0; rest > 0; rest = Math.floor(rest / 2), i++) {
    if (rest % 2 === 1) operator = multiply(operator, powers[i] as number);
  }
  lastLength = bytes;
  lastOperator = operator;
  return operator;
}

/** crc32c of A followed by B, from both sums and B's length in bytes. */
export function crc32cCombine(a: number, b: number, lengthB: number): number {
  return (multiply(operatorFor(lengthB), a >>> 0) ^ b) >>> 0;
}

/** Eight hex digits, as the formats store a sum. */
export function formatCrc32c(sum: number): string {
  return (sum >>> 0).toString(16).padStart(8, '0');
}
