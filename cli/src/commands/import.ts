import { realpath } from 'node:fs/promises';
import { importModel } from '@flash-slim/model';
import { releaseBinaryPages } from '@flash-slim/native';
import { buildWeightCache } from '@flash-slim/weight-cache';
import { command } from '../command.ts';
import { usageError } from '../errors.ts';
import { type QuantizeFlag, quantizeOption } from '../options.ts';
import { recordedDigest } from '../store/store.ts';

interface ImportOptions {
  model?: string;
  quantize: QuantizeFlag;
  weightCachePath?: string;
}

/** The first half of `profile`, in a process of its own. */
export const importCommand = command<ImportOptions>({
  define: (command) => {
    command
      .option('--model <path>', 'path of a GGUF file or a Hugging Face folder')
      .addOption(quantizeOption())
      .option('--weight-cache-path <file>', 'the weight cache to build');
  },
  examples: [
    ['flash-slim import --model m.gguf --weight-cache-path weights.fsw', 'the weight cache alone, without a CMT'],
  ],
  run: async (context, options) => {
    if (options.model === undefined || options.weightCachePath === undefined)
      throw usageError('import takes --model and --weight-cache-path');
    releaseBinaryPages();
    const model = await importModel(options.model, { quantize: options.quantize });
    let progress: ReturnType<typeof context.progress> | null = null;
    try {
      const manifest = await buildWeightCache(model, options.weightCachePath, {
        signal: context.signal,
        digest: await recordedDigest(await realpath(options.model)),
        onProgress: ({ bytesDone, bytesTotal, waiting }) => {
          const label = waiting ? 'another process builds the weight cache' : 'building the weight cache';
          progress ??= context.progress(label, bytesTotal, 'bytes');
          progress.update(bytesDone);
        },
      });
      const { quantization: lost = null } = manifest;
      if (lost !== null) {
        const share = (100 * lost.relative_rms_error).toFixed(2);
        context.log(`quantized: the weights are off by ${share}% of their size (rms), by ${lost.max_error} at most`);
      }
      context.result(
        {
          weight_cache: options.weightCachePath,
          model_digest: manifest.model.digest,
          chunks: manifest.chunks.length,
          quantization: lost && { relative_rms_error: lost.relative_rms_error, max_error: lost.max_error },
        },
        options.weightCachePath,
      );
    } finally {
      (progress as { stop(): void } | null)?.stop();
    }
  },
});
