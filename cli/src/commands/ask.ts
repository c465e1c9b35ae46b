import { FinishReason, GenerateResult, RuntimeServiceDefinition } from '@flash-slim/proto';
import { command } from '../command.ts';
import { usageError } from '../errors.ts';
import { type SamplingFlags, samplingOptions } from '../sampling-options.ts';
import { type ConnectFlags, connectOptions, withServices } from '../services/connect.ts';

interface AskFlags extends ConnectFlags, SamplingFlags {
  model: string;
  chat?: boolean;
  ignoreEos?: boolean;
  traceChunks?: boolean;
}

export const ask = command<AskFlags>({
  define: (command) => {
    command
      .argument('[prompt]', 'what to continue')
      .option('--model <model>', 'by name or sha256:<hex> (default: the one that is loaded)', '');
    samplingOptions(command, { leastSteps: 1 });
    command
      .option('--chat', "put the prompt into the model's own chat template")
      .option('--ignore-eos', 'go on past the end-of-text token')
      .option('--trace-chunks', 'a span for every pass, with the time of each chunk');
    connectOptions(command, 'runtime');
  },
  examples: [
    ['flash-slim ask "The sea is"', 'text, as it comes from the node'],
    ['flash-slim ask --chat "Why is the sky blue?" --json', 'the text and its figures as one object'],
  ],
  run: async (context, flags, [prompt]) => {
    if (prompt === undefined) throw usageError('what? give the prompt as the last word: flash-slim ask "The sea is"');
    const { temperature, topK, topP, minP, repetitionPenalty, seed } = flags;
    await withServices('ask', flags, async (connect) => {
      const client = connect('runtime').client(RuntimeServiceDefinition);
      const events = client.generate(
        {
          model: flags.model,
          input: flags.chat
            ? { $case: 'chat', value: { messages: [{ role: 'user', content: prompt }] } }
            : { $case: 'prompt', value: prompt },
          maxTokens: flags.maxDecodeSteps,
          sampling: { temperature, topK, topP, minP, repetitionPenalty, ...(seed !== undefined && { seed }) },
          ignoreEnd: flags.ignoreEos === true,
          traceChunks: flags.traceChunks === true,
        },
        { signal: context.signal },
      );
      let text = '';
      const tokenIds: number[] = [];
      let result: GenerateResult | null = null;
      for await (const { event } of events) {
        if (event?.$case === 'token') {
          text += event.value.text;
          tokenIds.push(event.value.id);
          context.write(event.value.text);
        } else if (event?.$case === 'result') result = event.value;
      }
      context.write('\n');
      if (result !== null)
        context.log(
          `${result.promptTokens} tokens read at ${result.prefillTokensPerSecond.toFixed(1)}/s, ${result.generatedTokens} generated ` +
            `at ${result.decodeTokensPerSecond.toFixed(1)}/s, first after ${result.timeToFirstTokenMs.toFixed(0)} ms` +
            `${result.finishReason === FinishReason.LENGTH ? '; it was cut at its length' : ''}`,
        );
      context.result({ text, token_ids: tokenIds, ...(result && (GenerateResult.toJSON(result) as object)) }, '');
    });
  },
});
