// Random rows of a matrix, straight in the form in which a GGUF stores each kind. Values have mean 0 and the standard
// deviation asked for: blocks of quants take a scale of random sign, or the types without a minimum, whose quants reach
// further down than up, would add a constant to every product, and a model's activations would drift.
import { rowBytes } from '../gguf/tensor-types.ts';
import type { GgufKind } from '../types.ts';
import {
  blockBytes,
  blockFormats,
  blockValues,
  equalMinima,
  isFloatKind,
  putQuant,
  putUnitScales,
  type QuantizedKind,
} from './blocks.ts';
import type { Random } from './random.ts';

/** Standard deviation of numbers that are uniform over `levels` neighbouring integers. */
const uniformDeviation = (levels: number) => Math.sqrt((levels ** 2 - 1) / 12);
/** Root mean square of a sub-block's scale: 6 bits; in Q6_K a signed byte. */
const sixBitScale = Math.sqrt((63 * 127) / 6);
const signedByteScale = Math.sqrt(uniformDeviation(256) ** 2 + 0.25);

/** The nearest half of a number in the range of halves. */
export function toHalf(value: number): number {
  const sign = value < 0 ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (magnitude < 2 ** -14) return sign | Math.round(magnitude * 2 ** 24);
  const exponent = Math.floor(Math.log2(magnitude));
  const fraction = Math.round((magnitude / 2 ** exponent - 1) * 1024);
  return sign | (((exponent + 15) << 10) + fraction);
}

export type RowWriter = (random: Random, out: Uint8Array) => void;

/** Fills rows of `columns` values; `out` holds whole rows. */
export function randomRows(kind: GgufKind, deviation: number): RowWriter {
  switch (kind) {
    case 'F32':
      return (random, out) => {
        const floats = new Float32Array(out.length / 4);
        const width = deviation * Math.sqrt(12);
        for (let i = 0; i < floats.length; i++) floats[i] = (random.uniform() - 0.5) * width;
        out.set(new Uint8Array(floats.buffer));
      };
    case 'F16':
    case 'BF16':
      return shortRows(kind, deviation);
    default:
      return blockRows(kind, deviation);
  }
}

const steps = 64;

/** Halves of both signs around `scale`, so that blocks differ. */
const scales = (scale: number): Float64Array =>
  Float64Array.from({ length: steps }, (_, i) => (i % 2 ? -1 : 1) * scale * (0.8 + (0.4 * i) / (steps - 1)));

/** Upper half of a float, cut off. */
const toBfloat16 = (value: number): number => (new Uint32Array(Float32Array.of(value).buffer)[0] as number) >>> 16;

function shortRows(kind: 'F16' | 'BF16', deviation: number): RowWriter {
  const count = 4096;
  const width = deviation * Math.sqrt(12);
  const shorten = kind === 'F16' ? toHalf : toBfloat16;
  const shorts = Uint16Array.from({ length: count }, (_, i) => shorten(((i + 0.5) / count - 0.5) * width));
  return (random, out) => {
    const values = new Uint16Array(out.length / 2);
    for (let i = 0; i < values.length; i++) values[i] = shorts[random.u32() >>> 20] as number;
    out.set(new Uint8Array(values.buffer));
  };
}

function blockRows(kind: QuantizedKind, deviation: number): RowWriter {
  const { levels, scaleAt, minimumAt } = blockFormats[kind];
  const size = blockBytes(kind);
  const sixBits = kind === 'Q4_K' || kind === 'Q5_K';
  const subScale = sixBits ? sixBitScale : kind === 'Q6_K' ? signedByteScale : 1;
  const scaleValues = scales(deviation / (uniformDeviation(levels) * subScale));
  const scale = Uint16Array.from(scaleValues, toHalf);
  // In the middle of the quants; the K types subtract their minima.
  const middle = ((levels - 1) / 2) * (sixBits ? 1 : -1);
  const lowest = Uint16Array.from(scaleValues, (value) => toHalf(value * middle));
  return (random, out) => {
    const quants = new Uint32Array(Math.ceil(out.length / 4) + 1);
    for (let i = 0; i < quants.length; i++) quants[i] = random.u32();
    out.set(new Uint8Array(quants.buffer, 0, out.length));
    // The quants stay as they fell; what was drawn in a scale's place chooses the scale.
    for (let at = 0; at < out.length; at += size) {
      const step = (out[at + scaleAt] as number) % steps;
      putHalf(out, at + scaleAt, scale[step] as number);
      if (minimumAt !== undefined) putHalf(out, at + minimumAt, lowest[step] as number);
      if (sixBits) equalMinima(out, at);
    }
  };
}

function putHalf(out: Uint8Array, at: number, half: number): void {
  out[at] = half & 255;
  out[at + 1] = half >> 8;
}

/** A row of +deviation and -deviation at random: the same signs in every kind for the same generator. */
export function signRow(kind: GgufKind, columns: number, deviation: number, random: Random): Uint8Array {
  const signs = Uint8Array.from({ length: columns }, () => random.u32() >>> 31);
  const out = new Uint8Array(rowBytes(kind, columns));
  const view = new DataView(out.buffer);
  const sign = (i: number) => (signs[i] ? 1 : -1);
  if (isFloatKind(kind)) {
    for (let i = 0; i < columns; i++) {
      if (kind === 'F32') view.setFloat32(4 * i, sign(i) * deviation, true);
      else view.setUint16(2 * i, (kind === 'F16' ? toHalf : toBfloat16)(sign(i) * deviation), true);
    }
    return out;
  }
  const { levels, zeroPoint, scaleAt, minimumAt } = blockFormats[kind];
  // The ends of the quants; as far below as above 0 where there is no minimum.
  const most = kind === 'Q8_0' ? 127 : levels - 1;
  const least = zeroPoint === undefined ? 0 : 2 * zeroPoint - most;
  const scale = (2 * deviation) / (most - least);
  for (let at = 0, first = 0; at < out.length; at += blockBytes(kind), first += blockValues(kind)) {
    putHalf(out, at + scaleAt, toHalf(scale));
    if (minimumAt !== undefined) putHalf(out, at + minimumAt, toHalf(kind.endsWith('_K') ? deviation : -deviation));
    putUnitScales(kind, out, at);
    for (let i = 0; i < blockValues(kind); i++) putQuant(kind, out, at, i, signs[first + i] ? most : least);
  }
  return out;
}
