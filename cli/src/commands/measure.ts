import { basename, dirname, join } from 'node:path';
import { JsonWeightChunkMetaDataWriter } from '@flash-slim/cmt';
import { Engine, profilingPlan, StreamingWeightCacheProvider } from '@flash-slim/engine';
import { dropUnusedBinaryPages, releaseBinaryPages } from '@flash-slim/native';
import { openWeightCache } from '@flash-slim/weight-cache';
import { command } from '../command.ts';
import { usageError } from '../errors.ts';
import { integer, threadsOf } from '../options.ts';
import { cmtFileName } from '../prepare.ts';

interface MeasureOptions {
  weightCachePath?: string;
  numThreads: number;
  kernel: string;
  prefillTokens: number;
}

/** What `measure` tells. */
export interface Measured {
  cmt: string;
  model_digest: string;
  weight_cache_digest: string;
  weight_cache_bytes: number;
  chunks: number;
  kernel: string;
  threads: number;
}

/** The second half of `profile`, in a process of its own. */
export const measure = command<MeasureOptions>({
  define: (command) => {
    command
      .option('--weight-cache-path <file>', 'the weight cache to measure; the CMT goes beside it')
      .option('--num-threads <n>', 'compute threads, never more than the cores', integer(1), 4)
      .option('--kernel <name>', 'the kernel whose times are recorded', 'auto')
      .option('--prefill-tokens <n>', 'tokens of a prefill pass', integer(2), 64);
  },
  examples: [['flash-slim measure --weight-cache-path weights.fsw', 'the CMT of a weight cache that is there already']],
  run: async (context, options) => {
    if (options.weightCachePath === undefined) throw usageError('measure takes --weight-cache-path');
    const path = options.weightCachePath;
    const cache = await openWeightCache(path);
    const threads = threadsOf(options);
    dropUnusedBinaryPages();
    const engine = await Engine.open(cache);
    try {
      releaseBinaryPages();
      const report = await engine.load({
        plan: profilingPlan(cache, options.prefillTokens, threads),
        threads,
        kernel: options.kernel,
        signal: context.signal,
      });
      const writer = new JsonWeightChunkMetaDataWriter({
        manifest: cache.manifest,
        manifestDigest: cache.manifestDigest,
        weightCacheFile: basename(path),
        measuredWith: { kernel: report.kernel, threads },
      });
      let progress: ReturnType<typeof context.progress> | null = null;
      try {
        const provider = new StreamingWeightCacheProvider('PRE_RUNTIME', engine);
        await provider.profile(writer, options.prefillTokens, (done, total) => {
          progress ??= context.progress('profiling passes', total, 'count');
          progress.update(done);
        });
      } finally {
        (progress as { stop(): void } | null)?.stop();
      }
      const cmt = join(dirname(path), cmtFileName);
      await writer.writeMetadata(cmt);
      const table = writer.metadata().metadata;
      const measured: Measured = {
        cmt,
        model_digest: table.model_digest,
        weight_cache_digest: table.weight_cache_digest,
        weight_cache_bytes: cache.fileBytes,
        chunks: cache.manifest.chunks.length,
        kernel: report.kernel,
        threads,
      };
      context.result(measured, cmt);
    } finally {
      await engine.close();
    }
  },
});
