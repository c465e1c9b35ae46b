import { dirname, join, resolve } from 'node:path';
import { formatBytes } from '@flash-slim/plan';
import { command } from '../command.ts';
import { usageError } from '../errors.ts';
import { integer, type QuantizeFlag, quantizeOption } from '../options.ts';
import { profileModel } from '../prepare.ts';
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
    const measured = await profileModel(context, {
      model: model.path,
      weightCachePath: path,
      quantize: options.quantize,
      measure: [
        ...['--num-threads', String(options.numThreads), '--kernel', options.kernel],
        ...['--prefill-tokens', String(options.prefillTokens)],
      ],
    });
    context.result(
      { weight_cache: path, ...measured },
      `${path} (${formatBytes(measured.weight_cache_bytes)}, ${measured.chunks} chunks)\n${measured.cmt}`,
    );
  },
});
