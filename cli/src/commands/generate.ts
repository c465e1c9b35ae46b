import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type AdapterUse,
  GenAIMetrics,
  generate as generateTokens,
  peakMemory,
  weightsBytes,
} from '@flash-slim/engine';
import { StreamDecoder, Tokenizer } from '@flash-slim/model/tokenizer';
import { formatBytes } from '@flash-slim/plan';
import type { Command } from 'commander';
import { command } from '../command.ts';
import type { Context } from '../context.ts';
import { CliError } from '../errors.ts';
import { type LoadedEngine, loadEngine } from '../load-engine.ts';
import { collectLora, type LoraFlag, type Loras, readLoras } from '../lora.ts';
import { type EngineFlags, engineAliases, engineOptions, requireModel, threadsOf } from '../options.ts';
import { type PreparedModel, prepareModel } from '../prepare.ts';
import { readPrompts } from '../prompts.ts';
import { type SamplingFlags, samplingOf, samplingOptions } from '../sampling-options.ts';

export interface GenerateFlags extends EngineFlags, SamplingFlags {
  tokenizer?: string;
  prompt?: string;
  promptFile?: string;
  csvProfileOutputPath?: string;
  chat?: boolean;
  ignoreEos?: boolean;
  lora?: LoraFlag[];
}

export function defineGenerate(command: Command): void {
  engineOptions(command, 2048);
  command
    .option(
      '--tokenizer <file>',
      "another tokenizer instead of the model's own: a GGUF, tokenizer.json, .model or rank file, or a folder",
    )
    .option('--prompt <text>', 'what to continue')
    .option('--prompt-file <file>', 'the prompt from a file; a .json file may hold several: ["one", "two"]');
  samplingOptions(command);
  command
    .option('--csv-profile-output-path <file>', 'write the time of every operator as CSV')
    .option('--chat', "put the prompt into the model's own chat template")
    .option('--lora <folder[:scale]>', 'a PEFT adapter beside the weights, scaled; may be given again', collectLora)
    .option('--ignore-eos', 'go on past the end-of-text token');
}

export const generate = command<GenerateFlags>({
  define: defineGenerate,
  examples: [
    ['flash-slim generate --model smollm2 --prompt "The sea is"', 'text, as it comes'],
    [
      'flash-slim generate --model smollm2 --memory-budget 180MB --chat --prompt "Why is the sky blue?"',
      'within 180 MB',
    ],
    ['flash-slim generate --model smollm2 --prompt-file p.txt --temperature 0 --json', 'reproducible, for a script'],
    ['flash-slim generate --model smollm2 --lora ./adapter:0.8 --prompt "The sea is"', 'as it was fine-tuned, mostly'],
  ],
  aliases: engineAliases,
  run: async (context, flags) => {
    requireModel(flags);
    const prompts = await readPrompts(flags.prompt, flags.promptFile);
    const results = await generateAll(context, flags, prompts);
    const single = results.length === 1 ? results[0] : undefined;
    context.result(single ?? { results }, '');
  },
});

export type GenerateResult = Awaited<ReturnType<typeof generateOne>>;

/** Every prompt through one engine, streamed to stdout; the figures of each. */
export async function generateAll(
  context: Context,
  flags: GenerateFlags,
  prompts: string[],
): Promise<GenerateResult[]> {
  const prepared = await prepareModel(context, {
    ...flags,
    model: flags.model,
    weightCachePath: flags.weightCachePath,
    threads: threadsOf(flags),
  });
  const tokenizer = await openTokenizer(prepared, flags.tokenizer);
  const encoded = await Promise.all(
    prompts.map((prompt) => encodePrompt(prepared, tokenizer, prompt, flags.chat === true)),
  );
  const loras = await readLoras(context, flags.lora ?? [], prepared);
  const profiling = flags.csvProfileOutputPath === undefined ? null : await import('../operator-csv.ts');
  const traceDirectory = flags.csvProfileOutputPath === undefined ? null : await mkdtemp(join(tmpdir(), 'flash-slim-'));
  try {
    const loaded = await loadEngine(context, {
      prepared,
      flags,
      maxTokensPerPass: null,
      maxLogitRows: 1,
      activations: 'int8',
      adapterBytes: loras.bytes,
      ...(profiling === null
        ? {}
        : {
            profilePrefix: join(traceDirectory as string, 'operators'),
            profileBytes: profiling.OperatorProfile.memoryBytes,
          }),
    });
    const { engine } = loaded;
    const profile = profiling && new profiling.OperatorProfile(engine, prepared.cache.manifest.chunks.length);
    try {
      const adapters = await loras.load(engine, loaded.plan);
      const results: GenerateResult[] = [];
      for (const tokens of encoded) {
        const afterPass = () => profile?.afterPass();
        results.push(
          await generateOne(context, flags, { loaded, prepared, tokenizer, loras, adapters, afterPass }, tokens),
        );
      }
      if (profile !== null && profiling !== null) {
        const csv = flags.csvProfileOutputPath as string;
        const { rows, passes } = await profile.write(csv);
        const summary = profiling.summarizeOperators(rows);
        context.log(`time by operator in the first ${passes} passes (each in ${csv}):\n${summary}`);
      }
      return results;
    } finally {
      await loaded.engine.close();
    }
  } finally {
    if (traceDirectory !== null) await rm(traceDirectory, { recursive: true, force: true });
  }
}

interface Ready {
  loaded: LoadedEngine;
  prepared: PreparedModel;
  tokenizer: Tokenizer;
  loras: Loras;
  adapters: AdapterUse[];
  /** Called between passes. */
  afterPass(): void;
}

async function generateOne(
  context: Context,
  flags: GenerateFlags,
  { loaded, prepared, tokenizer, loras, adapters, afterPass }: Ready,
  promptTokens: ArrayLike<number>,
) {
  const { engine, plan, report } = loaded;
  const decoder = new StreamDecoder(tokenizer);
  const metrics = new GenAIMetrics(engine);
  const tokenIds: number[] = [];
  let text = '';
  const write = (piece: string) => {
    text += piece;
    context.write(piece);
  };
  const steps = generateTokens(engine, {
    promptTokens,
    maxDecodeSteps: flags.maxDecodeSteps,
    sampling: samplingOf(flags),
    adapters,
    isEnd: (token) => flags.ignoreEos !== true && tokenizer.endOfGeneration(token),
    metrics,
    onPrefill: afterPass,
  });
  for await (const token of steps) {
    afterPass();
    tokenIds.push(token);
    if (flags.ignoreEos === true || !tokenizer.endOfGeneration(token)) write(decoder.push(token));
  }
  write(decoder.end());
  context.write('\n');
  const { measured_pass_ms, io_busy_ms, ...figures } = metrics.report();
  const peak = peakMemory();
  const result = {
    text,
    token_ids: tokenIds,
    ...figures,
    io_busy_ms,
    budget_bytes: loaded.budgetBytes,
    peak_memory_bytes: peak.bytes,
    peak_memory_source: peak.source,
    baseline_bytes: loaded.baselineBytes,
    weights_bytes: weightsBytes(prepared.cache.manifest),
    resident_bytes: report.residentBytes,
    streamed_bytes_per_pass: report.streamedBytes,
    kernel: report.kernel,
    reader: report.reader === '' ? 'none: all resident' : report.reader,
    direct_io: report.direct,
    huge_pages: report.slotHugeBytes > 0,
    residents_locked: report.residentsLocked,
    lora: loras.report,
    plan: {
      strategy: plan.metadata.strategy,
      predicted_pass_ms: plan.metadata.predicted_pass_ms_by_mode.DECODE,
      measured_pass_ms,
      ledger: plan.metadata.ledger,
    },
  };
  context.log(
    `${result.prompt_tokens} tokens read at ${figures.prefill_tokens_per_second.toFixed(1)}/s, ` +
      `${result.generated_tokens} generated at ${figures.decode_tokens_per_second.toFixed(1)}/s, ` +
      `first after ${figures.time_to_first_token_ms.toFixed(0)} ms; peak ${formatBytes(peak.bytes)} of ${formatBytes(loaded.budgetBytes)}`,
  );
  return result;
}

async function openTokenizer(prepared: PreparedModel, other: string | undefined): Promise<Tokenizer> {
  if (other === undefined) return Tokenizer.fromBytes(await prepared.cache.readTokenizer());
  const { importTokenizer } = await import('@flash-slim/model');
  const tokenizer = Tokenizer.fromBytes(await importTokenizer(other));
  const expected = prepared.cache.manifest.model.config.vocabularySize;
  if (tokenizer.vocabularySize > expected)
    throw new CliError(
      'TOKENIZER_MISMATCH',
      `${other} has ${tokenizer.vocabularySize} tokens, the model ${expected}; use the model's own tokenizer`,
    );
  return tokenizer;
}

async function encodePrompt(
  prepared: PreparedModel,
  tokenizer: Tokenizer,
  prompt: string,
  chat: boolean,
): Promise<ArrayLike<number>> {
  if (!chat) return tokenizer.encode(prompt, { addBos: tokenizer.addBos, parseSpecial: true });
  const template = prepared.cache.manifest.chat_template;
  if (template === null) throw new CliError('NO_CHAT_TEMPLATE', 'this model has no chat template; leave --chat away');
  const { encodeConversation } = await import('@flash-slim/model/chat');
  return encodeConversation(tokenizer, template, [{ role: 'user', content: prompt }]);
}
