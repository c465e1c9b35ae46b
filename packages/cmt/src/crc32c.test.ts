import assert from 'node:assert/strict';
import test from 'node:test';
import { crc32cCombine, formatCrc32c } from './crc32c.ts';
import { seededRandom } from './testing.ts';

/** Bit by bit, as RFC 3720 defines it. */
function crc32c(bytes: Uint8Array): number {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum & 1) !== 0 ? (sum >>> 1) ^ 0x82f63b78 : sum >>> 1;
  }
  return (sum ^ 0xffffffff) >>> 0;
}

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

test('known vectors (RFC 3720 B.4, and the usual check value) are composed of the sums of their parts', () => {
  const vectors: [Uint8Array, number][] = [
    [ascii('123456789'), 0xe3069283],
    [new Uint8Array(32), 0x8a9136aa],
    [new Uint8Array(32).fill(0xff), 0x62a8ab43],
    [Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    [Uint8Array.from({ length: 32 }, (_, i) => 31 - i), 0x113fdb5c],
  ];
  for (const [bytes, sum] of vectors) {
    assert.equal(crc32c(bytes), sum);
    for (let cut = 0; cut <= bytes.length; cut++) {
      assert.equal(crc32cCombine(crc32c(bytes.subarray(0, cut)), crc32c(bytes.subarray(cut)), bytes.length - cut), sum);
    }
  }
});

test('combining is associative at lengths beyond 32 bits', () => {
  const [a, b, c] = [0xe3069283, 0x8a9136aa, 0x46dd794e];
  const [lengthB, lengthC] = [2 ** 33 + 7, 2 ** 40 + 12345];
  const left = crc32cCombine(crc32cCombine(a, b, lengthB), c, lengthC);
  const right = crc32cCombine(a, crc32cCombine(b, c, lengthC), lengthB + lengthC);
  assert.equal(left, right);
});

test('random parts of random bytes', () => {
  const random = seededRandom(7);
  const bytes = Uint8Array.from({ length: 5000 }, () => Math.floor(random() * 256));
  let sum = 0;
  for (let at = 0; at < bytes.length; ) {
    const length = Math.min(bytes.length - at, Math.floor(random() * 600));
    sum = crc32cCombine(sum, crc32c(bytes.subarray(at, at + length)), length);
    at += length;
  }
  assert.equal(sum, crc32c(bytes));
});

test('sums are written as eight digits', () => {
  assert.equal(formatCrc32c(0), '00000000');
  assert.equal(formatCrc32c(0xe3069283), 'e3069283');
  assert.equal(formatCrc32c(-1), 'ffffffff');
});
