import { basename, dirname, join, resolve } from 'node:path';
import { JsonWeightChunkMetaDataWriter } from '@flash-slim/cmt';
import { Engine, profilingPlan, StreamingWeightCacheProvider } from '@flash-slim/engine';
import { dropUnmappedFilePages } from '@flash-slim/native';
import { formatBytes } from '@flash-slim/plan';
import { openWeightCache } from '@flash-slim/weight-cache';
import { runChild } from '../child.ts';
import { command } from '../command.ts';
import { usageError } from '../errors.ts';
import { integer, type QuantizeFlag, quantizeOption, threadsOf } from '../options.ts';
import { cmtFileName } from '../prepare.ts';
import { resolveModel } from '../store/resolve-model.ts';
import { makeDirectory } from '../store/store.ts';

interface ProfileOptions {
  model?: string;
  quantize: QuantizeFlag;
  out?: string;
  weightCachePath?: string;
  numThreads: number;
  kernel: string;
  prefillTokens: number;
}

export const profile = command<ProfileOptions>({
  define: (command) => {
    command
      .option('--model <model>', 'a name from the store, a path or a URL of a GGUF file, or a Hugging Face folder')
      .addOption(quantizeOption())
      .option('--out <directory>', 'where the weight cache and the CMT are written')
      .option('--weight-cache-path <file>', 'the weight cache itself, instead of --out; the CMT goes beside it')
      .option('--num-threads <n>', 'compute threads, never more than the cores', integer(1), 4)
      .option('--kernel <name>', 'the kernel whose times are recorded', 'auto')
      .option('--prefill-tokens <n>', 'tokens of a prefill pass', integer(2), 64);
  },
  examples: [
    ['flash-slim profile --model smollm2 --out ./smollm2', 'weights.fsw and weight_chunks_metadata_table.json'],
    ['flash-slim profile --model ./folder --quantize q4_0 --out ./m', 'config.json, safetensors and tokenizer.json'],
    ['flash-slim profile --model ./m.gguf --out /flash/m --num-threads 2', 'a file of your own, on another disk'],
  ],
  aliases: { '--tflite-model': '--model' },
  run: async (context, options) => {
    if (options.model === undefined) throw usageError('which model? give --model a name, a path or a URL');
    if ((options.out === undefined) === (options.weightCachePath === undefined))
      throw usageError('give --out a directory (or --weight-cache-path a file)');
    const model = await resolveModel(options.model, context);
    const path = resolve(options.weightCachePath ?? join(options.out as string, 'weights.fsw'));
    await makeDirectory(dirname(path), 'give another directory, or set FLASH_SLIM_HOME');
    // Importing takes memory that is given back only when its process ends.
    const { quantize } = options;
    await runChild(context, ['import', '--model', model.path, '--weight-cache-path', path, '--quantize', quantize]);
    const cache = await openWeightCache(path);
    const threads = threadsOf(options);
    const engine = await Engine.open(cache);
    try {
      dropUnmappedFilePages();
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
      context.result(
        {
          weight_cache: path,
          cmt,
          model_digest: table.model_digest,
          weight_cache_digest: table.weight_cache_digest,
          weight_cache_bytes: cache.fileBytes,
          chunks: cache.manifest.chunks.length,
          kernel: report.kernel,
          threads,
        },
        `${path} (${formatBytes(cache.fileBytes)}, ${cache.manifest.chunks.length} chunks)\n${cmt}`,
      );
    } finally {
      await engine.close();
    }
  },
});
