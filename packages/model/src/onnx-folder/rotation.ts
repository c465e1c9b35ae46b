// Cosine and sine caches as what they were made from. RaggedAttention computes its own rotations, so that a context needs
// no table: pair i turns by position * inverse frequency i and grows by one magnitude. A cache that says anything else
// (another speed from some position on, say) is refused.
import type { NodeProto } from '../onnx/generated/onnx.ts';
import { TensorProto_DataType as types } from '../onnx/generated/onnx.ts';
import type { GraphView } from './graph-view.ts';

export interface CachedRotation {
  /** Values of a head that rotate. */
  dim: number;
  inverseFrequencies: Float32Array;
  magnitude: number;
  /** Positions that the cache has. */
  positions: number;
}

/** @param node who uses the caches, for errors */
export function readRotation(view: GraphView, node: NodeProto, cosines: string, sines: string): CachedRotation {
  const [cos, sin] = [cosines, sines].map((value) => {
    const constant = view.constant(value);
    if (constant === null || constant.transposed) throw view.refuse(node, 'its cosines and sines are no constants');
    const values = view.floats(constant.initializer);
    if (values === null) throw view.refuse(node, 'its cosines and sines are neither f32 nor f16');
    return { values, dims: constant.dims, half: constant.initializer.dataType === types.FLOAT16 };
  }) as [Cache, Cache];
  const [positions = 0, pairs = 0] = cos.dims;
  if (cos.dims.length !== 2 || positions < 2 || pairs < 1 || sin.dims.join() !== cos.dims.join()) {
    throw view.refuse(node, `its cosines and sines have the shapes [${cos.dims}] and [${sin.dims}]`);
  }
  const magnitude = cos.values[0] as number;
  if (!(magnitude > 0 && Number.isFinite(magnitude)))
    throw view.refuse(node, `its rotations have the magnitude ${magnitude}`);
  const at = (pair: number, position: number) => ({
    cosine: (cos.values[position * pairs + pair] as number) / magnitude,
    sine: (sin.values[position * pairs + pair] as number) / magnitude,
  });
  const frequencies = Float64Array.from({ length: pairs }, (_, pair) => {
    let frequency = 0;
    // Each doubling halves the error that rounding left, and is too small a step to miss a turn.
    for (let position = 1; position < positions; position *= 2) {
      const { cosine, sine } = at(pair, position);
      const turned = Math.atan2(sine, cosine) - frequency * position;
      frequency += (turned - 2 * Math.PI * Math.round(turned / (2 * Math.PI))) / position;
    }
    return frequency;
  });
  // Angles were rounded to 24 bits before their cosine was taken.
  const tolerance = cos.half ? 2e-3 : 2e-5;
  for (let position = 0; position < positions; position += Math.max(1, Math.floor(position / 16))) {
    for (let pair = 0; pair < pairs; pair++) {
      const angle = position * (frequencies[pair] as number);
      const { cosine, sine } = at(pair, position);
      const off = Math.max(Math.abs(cosine - Math.cos(angle)), Math.abs(sine - Math.sin(angle)));
      if (!(off <= tolerance + Math.abs(angle) * 3e-7)) {
        throw view.refuse(
          node,
          `its rotation of pair ${pair} at position ${position} is not that of a constant frequency`,
        );
      }
    }
  }
  return { dim: 2 * pairs, inverseFrequencies: Float32Array.from(frequencies), magnitude, positions };
}

interface Cache {
  values: Float32Array;
  dims: number[];
  half: boolean;
}
