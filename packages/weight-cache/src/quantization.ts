// What quantizing at import lost, tensor by tensor and in all: part of the manifest, so that a cache says what it is.
import type { ChunkSpec } from '@flash-slim/model';
import type { ConversionError } from '@flash-slim/native';
import type { Quantization } from './manifest.ts';

/** The error whose figures take the most digits in JSON: JavaScript writes 0.00000123456, but 1.23457e-7. */
export const longestError: ConversionError = { squaredError: 1.23456e-6 ** 2, squaredValues: 1, maxError: 1.23456e-6 };

/** @param errors by chunk and tensor. Null where every tensor kept its own bits or became F32, which loses none. */
export function quantizationOf(chunks: ChunkSpec[], errors: ConversionError[][]): Quantization | null {
  const total: ConversionError = { squaredError: 0, squaredValues: 0, maxError: 0 };
  const tensors = chunks.flatMap((chunk, c) =>
    chunk.tensors.flatMap(({ name, form }, t) => {
      if (form === undefined || chunk.kind === 'F32') return [];
      const error = errors[c]?.[t] as ConversionError;
      total.squaredError += error.squaredError;
      total.squaredValues += error.squaredValues;
      total.maxError = Math.max(total.maxError, error.maxError);
      return [{ name, from: form, to: chunk.kind, ...figures(error) }];
    }),
  );
  return tensors.length === 0 ? null : { ...figures(total), tensors };
}

const figures = ({ squaredError, squaredValues, maxError }: ConversionError) => ({
  relative_rms_error: rounded(squaredValues === 0 ? 0 : Math.sqrt(squaredError / squaredValues)),
  max_error: rounded(maxError),
});

const rounded = (value: number): number => Number(value.toPrecision(6));
