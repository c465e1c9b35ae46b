// Random rows of a matrix, straight in the form in which a GGUF stores each kind. Values have mean 0 and the standard
// deviation asked for: blocks of quants take a scale of random sign, or the types without a minimum, whose quants reach
// further down than up, would add a constant to every product, and a model's activations would drift.
import { rowBytes } from '../gguf/tensor-types.ts';
import type { WeightKind } from '../types.ts';
import type { Random } from './random.ts';

/** Standard deviation of the quants themselves, uniform over all their values. */
const nibbleDeviation = Math.sqrt((16 ** 2 - 1) / 12);
const byteDeviation = Math.sqrt((256 ** 2 - 1) / 12);

/** The nearest half of a number in the range of normal halves; smaller ones become 0. */
export function toHalf(value: number): number {
  const sign = value < 0 ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (magnitude < 2 ** -14) return sign;
  const exponent = Math.floor(Math.log2(magnitude));
  const fraction = Math.round((magnitude / 2 ** exponent - 1) * 1024);
  return sign | (((exponent + 15) << 10) + fraction);
}

export type RowWriter = (random: Random, out: Uint8Array) => void;

/** Fills rows of `columns` values; `out` holds whole rows. */
export function randomRows(kind: WeightKind, deviation: number): RowWriter {
  switch (kind) {
    case 'F32':
      return (random, out) => {
        const floats = new Float32Array(out.length / 4);
        const width = deviation * Math.sqrt(12);
        for (let i = 0; i < floats.length; i++) floats[i] = (random.uniform() - 0.5) * width;
        out.set(new Uint8Array(floats.buffer));
      };
    case 'F16':
      return halfRows(deviation);
    case 'Q8_0':
      return blockRows(34, 2, scales(deviation / byteDeviation));
    case 'Q4_0':
      return blockRows(18, 2, scales(deviation / nibbleDeviation));
    case 'Q4_1':
      return blockRows(20, 4, scales(deviation / nibbleDeviation), -7.5);
  }
}

const steps = 64;

/** Halves of both signs around `scale`, so that blocks differ. */
const scales = (scale: number): Float64Array =>
  Float64Array.from({ length: steps }, (_, i) => (i % 2 ? -1 : 1) * scale * (0.8 + (0.4 * i) / (steps - 1)));

function halfRows(deviation: number): RowWriter {
  const count = 4096;
  const width = deviation * Math.sqrt(12);
  const halves = Uint16Array.from({ length: count }, (_, i) => toHalf(((i + 0.5) / count - 0.5) * width));
  return (random, out) => {
    const values = new Uint16Array(out.length / 2);
    for (let i = 0; i < values.length; i++) values[i] = halves[random.u32() >>> 20] as number;
    out.set(new Uint8Array(values.buffer));
  };
}

/** `minimum`: the stored minimum, in scales; undefined where the kind has none. */
function blockRows(blockBytes: number, quantsAt: number, scaleValues: Float64Array, minimum?: number): RowWriter {
  const scale = Uint16Array.from(scaleValues, toHalf);
  const lowest = Uint16Array.from(scaleValues, (value) => toHalf(value * (minimum ?? 0)));
  return (random, out) => {
    const quants = new Uint32Array(Math.ceil(out.length / 4) + 1);
    for (let i = 0; i < quants.length; i++) quants[i] = random.u32();
    out.set(new Uint8Array(quants.buffer, 0, out.length));
    // The quants stay as they fell; what was drawn in a scale's place chooses the scale.
    for (let at = 0; at < out.length; at += blockBytes) {
      const step = (out[at] as number) % steps;
      putHalf(out, at, scale[step] as number);
      if (quantsAt === 4) putHalf(out, at + 2, lowest[step] as number);
    }
  };
}

function putHalf(out: Uint8Array, at: number, half: number): void {
  out[at] = half & 255;
  out[at + 1] = half >> 8;
}

/** A row of +deviation and -deviation at random: the same signs in every kind for the same generator. */
export function signRow(kind: WeightKind, columns: number, deviation: number, random: Random): Uint8Array {
  const signs = Uint8Array.from({ length: columns }, () => random.u32() >>> 31);
  const out = new Uint8Array(rowBytes(kind, columns));
  const view = new DataView(out.buffer);
  const sign = (i: number) => (signs[i] ? 1 : -1);
  if (kind === 'F32') for (let i = 0; i < columns; i++) view.setFloat32(4 * i, sign(i) * deviation, true);
  if (kind === 'F16') for (let i = 0; i < columns; i++) putHalf(out, 2 * i, toHalf(sign(i) * deviation));
  if (kind === 'F32' || kind === 'F16') return out;
  const blockBytes = rowBytes(kind, 32);
  for (let block = 0, at = 0; at < out.length; block++, at += blockBytes) {
    const first = 32 * block;
    if (kind === 'Q8_0') {
      putHalf(out, at, toHalf(deviation / 127));
      for (let i = 0; i < 32; i++) view.setInt8(at + 2 + i, 127 * sign(first + i));
      continue;
    }
    const withMinimum = kind === 'Q4_1';
    putHalf(out, at, toHalf(withMinimum ? deviation / 7.5 : deviation / 7));
    if (withMinimum) putHalf(out, at + 2, toHalf(-deviation));
    const nibble = (i: number) => (signs[first + i] ? 15 : withMinimum ? 0 : 1);
    for (let i = 0; i < 16; i++) out[at + blockBytes - 16 + i] = nibble(i) | (nibble(i + 16) << 4);
  }
  return out;
}
