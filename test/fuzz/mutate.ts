// Structured mutation: changes that a damaged or hostile file has, from a seed. Integers get the values that break bounds,
// ranges are cut, doubled, moved and filled, and pieces of one file get into another.

/** Small, fast and the same everywhere (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }
}

const telling = [0n, 1n, 2n, 7n, 8n, 31n, 32n, 255n, 256n, 4095n, 4096n, 65535n, 65536n, 2n ** 31n - 1n, 2n ** 31n];
const huge = [
  2n ** 32n - 1n,
  2n ** 32n,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 62n,
  2n ** 63n - 1n,
  2n ** 63n,
  2n ** 64n - 1n,
];

/** Where a mutation strikes: mostly near the start, where headers are. */
function place(random: Random, length: number): number {
  const range = random.next() < 0.7 ? Math.min(length, 2048) : length;
  return random.below(Math.max(1, range));
}

function setInteger(bytes: Buffer, random: Random): void {
  const width = random.pick([1, 2, 4, 8]);
  if (bytes.length < width) return;
  const at = Math.min(place(random, bytes.length), bytes.length - width);
  const old = width === 8 ? bytes.readBigUInt64LE(at) : BigInt(bytes.readUIntLE(at, width));
  const value = random.pick([
    random.pick(telling),
    random.pick(huge),
    old + BigInt(random.below(5) - 2),
    old * 2n,
    BigInt(bytes.length),
    BigInt(bytes.length - at),
    BigInt(random.below(2 ** 31)),
  ]);
  const wrapped = BigInt.asUintN(8 * width, value);
  if (width === 8) bytes.writeBigUInt64LE(wrapped, at);
  else bytes.writeUIntLE(Number(wrapped), at, width);
}

function flipBits(bytes: Buffer, random: Random): void {
  for (let n = 1 + random.below(8); n > 0 && bytes.length > 0; n--) {
    const at = place(random, bytes.length);
    bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << random.below(8)), at);
  }
}

function range(bytes: Buffer, random: Random): [begin: number, end: number] {
  const begin = place(random, bytes.length);
  return [begin, Math.min(bytes.length, begin + 1 + random.below(random.pick([4, 16, 256, 8192])))];
}

/** Numbers in text (JSON) become others of the kind that breaks bounds. */
function setNumberInText(bytes: Buffer<ArrayBuffer>, random: Random): Buffer<ArrayBuffer> {
  const text = bytes.toString('latin1');
  const numbers = [...text.matchAll(/-?\d+(\.\d+)?/g)];
  if (numbers.length === 0) return bytes;
  const match = random.pick(numbers);
  const other = random.pick([
    '0',
    '-1',
    '1',
    '4096',
    '4097',
    '1e308',
    '-1e9',
    '9007199254740993',
    '2147483648',
    '1.5',
    'null',
    '""',
    '[]',
    '{}',
  ]);
  return Buffer.from(text.slice(0, match.index) + other + text.slice(match.index + match[0].length), 'latin1');
}

/** One to four changes to a copy of `input`; `other` is another file of the corpus. */
export function mutate(input: Buffer, other: Buffer, random: Random): Buffer<ArrayBuffer> {
  let bytes = Buffer.from(input);
  for (let n = 1 + random.below(4); n > 0; n--) {
    const [begin, end] = range(bytes, random);
    switch (random.below(9)) {
      case 0:
      case 1:
        setInteger(bytes, random);
        break;
      case 2:
        flipBits(bytes, random);
        break;
      case 3: // cut off
        bytes = bytes.subarray(0, random.next() < 0.5 ? begin : random.below(bytes.length + 1));
        break;
      case 4: // taken out
        bytes = Buffer.concat([bytes.subarray(0, begin), bytes.subarray(end)]);
        break;
      case 5: // twice, or many times
        bytes = Buffer.concat([
          bytes.subarray(0, end),
          ...Array.from({ length: 1 + random.below(8) }, () => bytes.subarray(begin, end)),
          bytes.subarray(end),
        ]);
        break;
      case 6:
        bytes.fill(random.pick([0, 0xff, 0x20, 0x5b, 0x7b]), begin, end);
        break;
      case 7: {
        const [from, to] = range(other, random);
        bytes = Buffer.concat([bytes.subarray(0, begin), other.subarray(from, to), bytes.subarray(begin)]);
        break;
      }
      default:
        bytes = setNumberInText(bytes, random);
    }
  }
  return bytes;
}
