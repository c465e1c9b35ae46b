// Published shapes, to make models of random weights with.

export interface ModelShape {
  hiddenSize: number;
  feedForwardSize: number;
  layers: number;
  heads: number;
  kvHeads: number;
  headSize: number;
  contextLength: number;
  tiedHead: boolean;
  ropeBase: number;
  normEpsilon: number;
  /** Llama 3's RoPE scaling, which a GGUF holds as a tensor of factors; null where there is none. */
  llama3Scaling: {
    factor: number;
    lowFrequencyFactor: number;
    highFrequencyFactor: number;
    originalContext: number;
  } | null;
}

const llama32 = {
  kvHeads: 8,
  contextLength: 131072,
  tiedHead: true,
  ropeBase: 500000,
  normEpsilon: 1e-5,
  llama3Scaling: { factor: 32, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContext: 8192 },
};

const smallLayers = {
  contextLength: 8192,
  tiedHead: true,
  ropeBase: 100000,
  normEpsilon: 1e-5,
  llama3Scaling: null,
};

export const shapes = {
  'llama-3.2-1b': { ...llama32, hiddenSize: 2048, feedForwardSize: 8192, layers: 16, heads: 32, headSize: 64 },
  'llama-3.2-3b': { ...llama32, hiddenSize: 3072, feedForwardSize: 8192, layers: 28, heads: 24, headSize: 128 },
  'smollm2-135m': {
    ...smallLayers,
    hiddenSize: 576,
    feedForwardSize: 1536,
    layers: 30,
    heads: 9,
    kvHeads: 3,
    headSize: 64,
  },
  /** For tests: made in milliseconds. */
  tiny: {
    ...smallLayers,
    hiddenSize: 64,
    feedForwardSize: 160,
    layers: 3,
    heads: 4,
    kvHeads: 2,
    headSize: 16,
    contextLength: 512,
  },
} satisfies Record<string, ModelShape>;

export type ShapeName = keyof typeof shapes;

/**
 * Factors that divide the inverse frequencies: 1 for short waves, `factor` for long ones, in between a linear blend of
 * the frequencies (the Llama 3.1 reference code's apply_scaling).
 */
export function llama3Factors(shape: ModelShape): Float32Array | null {
  const scaling = shape.llama3Scaling;
  if (!scaling) return null;
  const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalContext } = scaling;
  return Float32Array.from({ length: shape.headSize / 2 }, (_, pair) => {
    const wavelength = 2 * Math.PI * shape.ropeBase ** ((2 * pair) / shape.headSize);
    const turns = originalContext / wavelength;
    const share = Math.min(Math.max((turns - low) / (high - low), 0), 1);
    return 1 / ((1 - share) / factor + share);
  });
}
