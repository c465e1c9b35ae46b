// A decoder of architecture llama written out in plain loops and doubles, to hold the exported graph against: slow, and
// nothing to get wrong. The other architectures are held against llama.cpp (testing/golden.ts).
import { everyTensor, type LayerTensors } from '../architecture/layer-tensors.ts';
import { type ModelOutline, readOutline } from '../architecture/outline.ts';
import type { Rotary } from '../architecture/rotary.ts';
import { type GgufTensor, readGgufHeader } from '../gguf/header.ts';
import { TensorReader } from '../gguf/tensor-data.ts';

type Vector = Float64Array;

/** Logits of each position, [tokens][vocabulary]. */
export async function plainLogits(path: string, tokens: number[]): Promise<Vector[]> {
  const outline = readOutline(readGgufHeader(path));
  const reader = await TensorReader.open(path);
  try {
    const weights = new Map<GgufTensor, Float32Array>();
    const { embedding, head, outputNorm, attention, layers } = outline;
    const factors = attention.layers.flatMap(({ rotary }) => rotary?.factors?.short ?? []);
    for (const tensor of [embedding, head, outputNorm, ...factors, ...layers.flatMap(everyTensor)])
      weights.set(tensor, await reader.floats(tensor));
    return new Decoder(outline, weights).logits(tokens);
  } finally {
    await reader.close();
  }
}

class Decoder {
  readonly #outline: ModelOutline;
  readonly #weights: Map<GgufTensor, Float32Array>;

  constructor(outline: ModelOutline, weights: Map<GgufTensor, Float32Array>) {
    this.#outline = outline;
    this.#weights = weights;
  }

  logits(tokens: number[]): Vector[] {
    const { embedding, layers, outputNorm, head } = this.#outline;
    const hidden = this.#outline.config.hiddenSize;
    const residuals = tokens.map((token) =>
      Float64Array.from(this.#values(embedding).subarray(token * hidden, (token + 1) * hidden)),
    );
    for (const layer of layers) {
      const branches = this.#attention(
        layer,
        residuals.map((x) => this.#norm(layer.attentionNorm as GgufTensor, x)),
      );
      residuals.forEach((x, t) => {
        add(x, branches[t] as Vector);
        const y = this.#norm(layer.feedForwardNorm as GgufTensor, x);
        const up = this.#product(layer.up, y);
        const gated = this.#product(layer.gate, y).map((g, i) => (g / (1 + Math.exp(-g))) * (up[i] as number));
        add(x, this.#product(layer.down, gated));
      });
    }
    return residuals.map((x) => this.#product(head, this.#norm(outputNorm, x)));
  }

  #attention(layer: LayerTensors, inputs: Vector[]): Vector[] {
    const { heads, kvHeads, headSize } = this.#outline.config;
    const turn = (matrix: GgufTensor) => inputs.map((x, t) => this.#rotate(this.#product(matrix, x), t));
    const [queries, keys] = [turn(layer.q), turn(layer.k)];
    const values = inputs.map((x) => this.#product(layer.v, x));
    return queries.map((query, t) => {
      const mixed = new Float64Array(heads * headSize);
      for (let head = 0; head < heads; head++) {
        const shared = Math.floor((head * kvHeads) / heads) * headSize;
        const own = head * headSize;
        const scores = keys.slice(0, t + 1).map((key) => {
          let dot = 0;
          for (let i = 0; i < headSize; i++) dot += (query[own + i] as number) * (key[shared + i] as number);
          return dot / Math.sqrt(headSize);
        });
        const largest = Math.max(...scores);
        const shares = scores.map((score) => Math.exp(score - largest));
        const total = shares.reduce((sum, share) => sum + share, 0);
        shares.forEach((share, position) => {
          const value = values[position] as Vector;
          for (let i = 0; i < headSize; i++) {
            mixed[own + i] = (mixed[own + i] as number) + (share / total) * (value[shared + i] as number);
          }
        });
      }
      return this.#product(layer.attentionOutput, mixed);
    });
  }

  #rotate(heads: Vector, position: number): Vector {
    const { attention, config } = this.#outline;
    const rotary = attention.layers[0]?.rotary as Rotary;
    const factors = rotary.factors && this.#values(rotary.factors.short);
    return heads.map((value, at) => {
      const pair = Math.floor((at % config.headSize) / 2);
      const angle = (position * rotary.base ** ((-2 * pair) / config.headSize)) / (factors?.[pair] ?? 1);
      const partner = heads[at ^ 1] as number;
      return value * Math.cos(angle) + (at % 2 ? partner : -partner) * Math.sin(angle);
    });
  }

  #norm(weights: GgufTensor, x: Vector): Vector {
    const mean = x.reduce((sum, value) => sum + value * value, 0) / x.length;
    const factor = 1 / Math.sqrt(mean + this.#outline.normEpsilon);
    const w = this.#values(weights);
    return x.map((value, i) => value * factor * (w[i] as number));
  }

  #product(matrix: GgufTensor, x: Vector): Vector {
    const w = this.#values(matrix);
    return Float64Array.from({ length: w.length / x.length }, (_, row) =>
      x.reduce((sum, value, i) => sum + value * (w[row * x.length + i] as number), 0),
    );
  }

  #values(tensor: GgufTensor): Float32Array {
    return this.#weights.get(tensor) as Float32Array;
  }
}

function add(x: Vector, branch: Vector): void {
  for (let i = 0; i < x.length; i++) x[i] = (x[i] as number) + (branch[i] as number);
}
