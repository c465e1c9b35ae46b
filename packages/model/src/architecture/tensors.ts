// Takes tensors out of a header by name, each with the shape its part in the model asks for.
import type { GgufHeader, GgufTensor } from '../gguf/header.ts';
import { weightKind } from '../gguf/tensor-data.ts';
import { ModelError } from '../model-error.ts';

/** The weight layout's blocks along a row (docs/formats/weight-cache.md). */
const blockValues = 32;

export class TensorsByPart {
  readonly #header: GgufHeader;
  readonly #used = new Set<string>();

  constructor(header: GgufHeader) {
    this.#header = header;
  }

  find(name: string): GgufTensor | undefined {
    const tensor = this.#header.tensors.get(name);
    if (tensor) this.#used.add(name);
    return tensor;
  }

  /** A matrix of a kind that is computed with. */
  matrix(name: string, rows: number, columns: number): GgufTensor {
    return this.#checked(this.#get(name, [columns, rows]));
  }

  /** Matrices of one shape, one after the other: the rows of all, as of one matrix. */
  matrices(name: string, count: number, rows: number, columns: number): GgufTensor {
    const tensor = this.#get(name, [columns, rows, count]);
    return this.#checked({ ...tensor, dimensions: [columns, rows * count] });
  }

  /** A small vector that becomes part of the graph. */
  vector(name: string, size: number): GgufTensor {
    const tensor = this.#get(name, [size]);
    weightKind(this.#header.path, tensor);
    return tensor;
  }

  /** Throws where a tensor of the file was not asked for: the model computes something that is not known here. */
  refuseUnused(architecture: string): void {
    const unused = [...this.#header.tensors.keys()].filter((name) => !this.#used.has(name));
    if (unused.length === 0) return;
    const more = unused.length > 1 ? ` and ${unused.length - 1} more` : '';
    throw new ModelError(
      'UNSUPPORTED_ARCHITECTURE',
      `${this.#header.path}: the tensor ${unused[0]}${more} has no part in the architecture "${architecture}" as it is supported; this is a variant that is not`,
    );
  }

  #checked(matrix: GgufTensor): GgufTensor {
    const [columns] = matrix.dimensions as [number];
    weightKind(this.#header.path, matrix);
    if (columns % blockValues === 0) return matrix;
    throw new ModelError(
      'UNSUPPORTED_SHAPE',
      `${this.#header.path}: the rows of ${matrix.name} have ${columns} values; only multiples of ${blockValues} are supported`,
    );
  }

  #get(name: string, dimensions: number[]): GgufTensor {
    const tensor = this.find(name);
    if (!tensor)
      throw new ModelError(
        'MODEL_INVALID',
        `${this.#header.path}: the tensor ${name} is missing; convert the model again`,
      );
    const [found, expected] = [tensor.dimensions.join(', '), dimensions.join(', ')];
    if (found === expected) return tensor;
    throw new ModelError(
      'MODEL_INVALID',
      `${this.#header.path}: the tensor ${name} has the shape [${found}], where [${expected}] follows from the model's sizes`,
    );
  }
}
