// What is measured, and what the project asks of it. Data alone: the sections turn it into commands.

export type ModelName = 'llama-3.2-1b' | 'smollm2';

export interface ModelSource {
  title: string;
  /** A name that `flash-slim pull` knows, or arguments of bench/make-gguf.ts, which takes its tokenizer from another model. */
  pull?: string;
  make?: { arguments: string[]; tokenizerOf: ModelName };
}

export const models: Record<ModelName, ModelSource> = {
  smollm2: { title: 'SmolLM2-135M-Instruct, Q4_1', pull: 'smollm2' },
  'llama-3.2-1b': {
    title: 'Llama-3.2-1B shape, Q4_0, random weights',
    make: { arguments: ['--shape', 'llama-3.2-1b', '--type', 'Q4_0'], tokenizerOf: 'smollm2' },
  },
};

export const repetitions = { full: 3, quick: 1 };

/** Ratios wanted: to llama.cpp repacked (decode, prefill) and not repacked (decodePlain). */
export const inMemory = {
  promptTokens: 128,
  decodeTokens: 64,
  contextLength: 256,
  models: {
    'llama-3.2-1b': { decode: 1.0, decodePlain: 1.2, prefill: 1.2 },
    smollm2: { decode: 1.3, decodePlain: 1.3, prefill: 1.3 },
  } satisfies Partial<Record<ModelName, { decode: number; decodePlain: number; prefill: number }>>,
};

/** Ratios wanted: to the better of llama.cpp's runs with a small and a large readahead. */
export const underLimits = {
  model: 'llama-3.2-1b' as ModelName,
  limits: [
    { percent: 33, ratio: 1 },
    { percent: 50, ratio: 1.9 },
    { percent: 70, ratio: 2.2 },
    { percent: 93, ratio: 4 },
    { percent: 105, ratio: 1 },
  ],
  contextLength: 256,
  decodeTokens: 24,
  /** Few, since demand paging is slow. */
  peerDecodeTokens: 8,
  peerReadaheadKb: [128, 8192],
};

/** Pass time wanted: at most `far` times the limit, `near` within `crossing` of where reading and computing take equally long. */
export const passTimes = {
  model: 'llama-3.2-1b' as ModelName,
  tokensPerPass: [1, 4, 8, 16, 64],
  residentShare: 0.3,
  contextLength: 256,
  passes: { full: 15, quick: 4 },
  far: 1.1,
  near: 1.25,
  crossing: 0.3,
};

/** First token wanted within `passes` decode passes and `extraMs`. */
export const firstToken = {
  model: 'llama-3.2-1b' as ModelName,
  percents: [33, 50, 93],
  contextLength: 256,
  decodeTokens: 16,
  passes: 1.5,
  extraMs: 1000,
};
