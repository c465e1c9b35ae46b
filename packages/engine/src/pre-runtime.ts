// PRE_RUNTIME: the passes that the profiler runs through the engine that will serve, to tell the planner what each chunk
// costs to compute. Waiting for bytes is not counted, so a profile made under any budget serves every other.
import type { JsonWeightChunkMetaDataWriter, Mode } from '@flash-slim/cmt';
import type { Engine } from './engine.ts';

export type ProviderMode = 'PRE_RUNTIME' | 'RUNTIME';

const warmUpPasses = 1;
const passesByMode: Record<Mode, number> = { PREFILL: 2, DECODE: 6 };

/** Gives the engine's chunk accesses to a metadata writer in PRE_RUNTIME mode, and to nobody in RUNTIME mode. */
export class StreamingWeightCacheProvider {
  readonly mode: ProviderMode;
  readonly #engine: Engine;

  constructor(mode: ProviderMode, engine: Engine) {
    this.mode = mode;
    this.#engine = engine;
  }

  /** Warm-up, then prefill passes of `prefillTokens` and decode passes; each chunk's time goes to `writer`. */
  async profile(
    writer: JsonWeightChunkMetaDataWriter,
    prefillTokens: number,
    onProgress?: (passes: number, total: number) => void,
  ): Promise<void> {
    if (this.mode !== 'PRE_RUNTIME') throw new Error('only PRE_RUNTIME mode records chunk accesses');
    const engine = this.#engine;
    const vocabulary = engine.cache.manifest.model.config.vocabularySize;
    const sequence = await engine.allocateKvCache();
    const total = 2 * warmUpPasses + passesByMode.PREFILL + passesByMode.DECODE;
    let done = 0;
    try {
      for (const mode of ['PREFILL', 'DECODE'] as const) {
        const tokens = mode === 'PREFILL' ? prefillTokens : 1;
        let otherMs = 0;
        for (let pass = 0; pass < warmUpPasses + passesByMode[mode]; pass++) {
          if (mode === 'PREFILL') await engine.truncateSequence(sequence, 0);
          const ids = Int32Array.from({ length: tokens }, (_, i) => (1000 + 37 * (done * tokens + i)) % vocabulary);
          const result = await engine.pass([{ sequence, tokens: ids }], [tokens - 1], [], false);
          onProgress?.(++done, total);
          if (pass < warmUpPasses) continue;
          otherMs += Math.max(0, (result.wallNs - result.stallNs - result.streamedComputeNs) / 1e6);
          const computeMs = await engine.chunkComputeMs();
          for (const chunk of engine.cache.manifest.chunks)
            if (chunk.op === 'StreamMatMul')
              writer.onChunkAccess({
                mode,
                weightsId: chunk.weights_id,
                computeMs: computeMs[chunk.weights_id] as number,
              });
        }
        writer.setPassTimes(mode, { tokensPerPass: tokens, otherComputeMs: otherMs / passesByMode[mode] });
      }
    } finally {
      await engine.freeSequence(sequence);
    }
  }
}
