import { importModel } from '@flash-slim/model';
import { buildWeightCache } from '@flash-slim/weight-cache';
import { command } from '../command.ts';
import { usageError } from '../errors.ts';

interface ImportOptions {
  model?: string;
  weightCachePath?: string;
}

/** The first half of `profile`, in a process of its own. */
export const importCommand = command<ImportOptions>({
  define: (command) => {
    command
      .option('--model <path>', 'path of a GGUF file')
      .option('--weight-cache-path <file>', 'the weight cache to build');
  },
  examples: [
    ['flash-slim import --model m.gguf --weight-cache-path weights.fsw', 'the weight cache alone, without a CMT'],
  ],
  run: async (context, options) => {
    if (options.model === undefined || options.weightCachePath === undefined)
      throw usageError('import takes --model and --weight-cache-path');
    const model = await importModel(options.model);
    let progress: ReturnType<typeof context.progress> | null = null;
    try {
      const manifest = await buildWeightCache(model, options.weightCachePath, {
        signal: context.signal,
        onProgress: ({ bytesDone, bytesTotal, waiting }) => {
          const label = waiting ? 'another process builds the weight cache' : 'building the weight cache';
          progress ??= context.progress(label, bytesTotal, 'bytes');
          progress.update(bytesDone);
        },
      });
      context.result(
        { weight_cache: options.weightCachePath, model_digest: manifest.model.digest, chunks: manifest.chunks.length },
        options.weightCachePath,
      );
    } finally {
      (progress as { stop(): void } | null)?.stop();
    }
  },
});
