import { readFile } from 'node:fs/promises';
import { perplexity as scoreText } from '@flash-slim/engine';
import { Tokenizer } from '@flash-slim/model/tokenizer';
import { Option } from 'commander';
import { command } from '../command.ts';
import { CliError, usageError } from '../errors.ts';
import { loadEngine } from '../load-engine.ts';
import { type EngineFlags, engineAliases, engineOptions, integer, requireModel, threadsOf } from '../options.ts';
import { prepareModel } from '../prepare.ts';

interface PerplexityFlags extends EngineFlags {
  file?: string;
  activations: 'int8' | 'f32';
  window: number;
}

/** Tokens and rows of logits of one pass: 32 rows of a 128k vocabulary are 16 MB. */
const passTokens = 32;

export const perplexity = command<PerplexityFlags>({
  define: (command) => {
    engineOptions(command, 512);
    command
      .option('--file <file>', 'the text to score')
      .option('--window <n>', 'tokens of a window, scored on its second half', integer(8), 512)
      .addOption(
        new Option('--activations <type>', 'f32: no rounding but the weights’ own, slower')
          .choices(['int8', 'f32'])
          .default('int8'),
      );
  },
  examples: [
    ['flash-slim perplexity --model smollm2 --file wiki.txt', 'as the model runs'],
    ['flash-slim perplexity --model smollm2 --file wiki.txt --activations f32 --json', 'with float activations'],
  ],
  aliases: engineAliases,
  run: async (context, flags) => {
    requireModel(flags);
    if (flags.file === undefined) throw usageError('which text? give --file');
    const text = await readFile(flags.file, 'utf8').catch((cause: Error) => {
      throw new CliError('FILE_UNREADABLE', `cannot read ${flags.file}: ${cause.message}`, { cause });
    });
    const prepared = await prepareModel(context, {
      model: flags.model,
      quantize: flags.quantize,
      weightCachePath: flags.weightCachePath,
      threads: threadsOf(flags),
    });
    const tokenizer = Tokenizer.fromBytes(await prepared.cache.readTokenizer());
    const tokens = tokenizer.encode(text, { addBos: tokenizer.addBos, parseSpecial: false });
    const { engine } = await loadEngine(context, {
      prepared,
      flags: { ...flags, contextLength: Math.max(flags.contextLength, flags.window) },
      maxTokensPerPass: passTokens,
      maxLogitRows: passTokens,
      activations: flags.activations,
    });
    let progress: ReturnType<typeof context.progress> | null = null;
    try {
      const report = await scoreText(engine, {
        tokens,
        bosToken: tokenizer.addBos ? tokenizer.bosId : null,
        window: flags.window,
        onWindow: (done, total) => {
          progress ??= context.progress('windows', total, 'count');
          progress.update(done);
        },
      });
      context.result(
        report,
        `perplexity ${report.perplexity.toFixed(4)} +/- ${report.standard_error.toFixed(4)} over ${report.tokens} tokens`,
      );
    } finally {
      (progress as { stop(): void } | null)?.stop();
      await engine.close();
    }
  },
});
