import { createInterface } from 'node:readline';
import { Tokenizer } from '@flash-slim/model/tokenizer';
import { Conversation, type Turn } from '../chat/conversation.ts';
import { chatHelp, runSlashCommand } from '../chat/slash-commands.ts';
import { command } from '../command.ts';
import type { Context } from '../context.ts';
import { CliError, exitCodes } from '../errors.ts';
import { type LoadedEngine, loadEngine } from '../load-engine.ts';
import { type EngineFlags, engineAliases, engineOptions, requireModel, threadsOf } from '../options.ts';
import { prepareModel } from '../prepare.ts';
import { type SamplingFlags, samplingOf, samplingOptions } from '../sampling-options.ts';

interface ChatFlags extends EngineFlags, SamplingFlags {
  system?: string;
}

export const chat = command<ChatFlags>({
  define: (command) => {
    engineOptions(command, 2048);
    samplingOptions(command);
    command.option('--system <text>', 'what the model is told before the conversation begins');
    command.addHelpText('after', `\nIn the conversation:\n${chatHelp.replace(/^/gm, '  ')}`);
  },
  examples: [
    ['flash-slim chat --model smollm2', 'talk, line by line'],
    ['flash-slim chat --model smollm2 --memory-budget 180MB --system "You are a poet."', 'within 180 MB'],
    ['printf "Hi\\nWhy?\\n" | flash-slim chat --model smollm2 --json', 'two turns, as one JSON object'],
  ],
  aliases: engineAliases,
  run: async (context, flags) => {
    requireModel(flags);
    const prepared = await prepareModel(context, {
      ...flags,
      model: flags.model,
      weightCachePath: flags.weightCachePath,
      threads: threadsOf(flags),
    });
    const template = prepared.cache.manifest.chat_template;
    if (template === null)
      throw new CliError('NO_CHAT_TEMPLATE', 'this model has no chat template: use `flash-slim generate`');
    const { encodeConversation } = await import('@flash-slim/model/chat');
    const tokenizer = Tokenizer.fromBytes(await prepared.cache.readTokenizer());
    const request = { prepared, flags, maxTokensPerPass: null, maxLogitRows: 1, activations: 'int8' as const };
    const loaded = await loadEngine(context, request);
    try {
      const conversation = await Conversation.start({
        engine: loaded.engine,
        tokenizer,
        encode: (messages) => encodeConversation(tokenizer, template, messages),
        sampling: () => samplingOf(flags),
        maxDecodeSteps: flags.maxDecodeSteps,
        system: flags.system ?? null,
        onDrop: (messages) =>
          process.stderr.write(`(the context is full: the oldest ${messages} messages are left out from now on)\n`),
      });
      await converse(context, conversation, loaded);
    } finally {
      await loaded.engine.close();
    }
  },
});

/** Reads lines until they end, one answer for each. */
async function converse(context: Context, conversation: Conversation, loaded: LoadedEngine): Promise<void> {
  const terminal = process.stdin.isTTY === true && !context.json;
  const lines = createInterface({
    input: process.stdin,
    ...(terminal ? { output: process.stderr, prompt: '> ' } : {}),
    signal: context.signal,
  });
  let open = true;
  lines.on('close', () => {
    open = false;
  });
  const prompt = () => {
    if (terminal && open) lines.prompt();
  };
  const turns: Turn[] = [];
  const say = (text: string) => process.stderr.write(`${text}\n`);
  const interrupts = watchInterrupts(context, conversation, () => {
    if (terminal) say('\n(Ctrl-C again leaves, and so does /exit)');
    prompt();
  });
  lines.on('SIGINT', interrupts.onInterrupt); // on a terminal, readline takes the key
  if (terminal) say('/help tells what there is besides talking');
  try {
    prompt();
    for await (const line of lines) {
      context.signal.throwIfAborted();
      interrupts.quiet();
      if (line.startsWith('/')) {
        if (!(await runSlashCommand(line, conversation, say))) break;
      } else if (line.trim() !== '') {
        const turn = await interrupts.answering(() => answer(context, conversation, line, say));
        if (turn !== null) turns.push(turn);
      }
      context.signal.throwIfAborted();
      prompt();
    }
    context.signal.throwIfAborted();
  } finally {
    interrupts.release();
    lines.close();
  }
  const { messages } = conversation;
  context.result({ messages, turns, budget_bytes: loaded.budgetBytes }, '');
}

/** A message that does not fit is told of and forgotten; whatever else fails ends the conversation. */
async function answer(
  context: Context,
  conversation: Conversation,
  line: string,
  say: (text: string) => void,
): Promise<Turn | null> {
  try {
    const turn = await conversation.say(line, context.write);
    context.write('\n');
    if (turn.interrupted) say('(stopped)');
    return turn;
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'PROMPT_TOO_LONG') throw error;
    say((error as Error).message);
    return null;
  }
}

/** The first Ctrl-C stops an answer, or is asked back between answers; the second in a row leaves. */
function watchInterrupts(context: Context, conversation: Conversation, onIdle: () => void) {
  let underWay = false;
  let before = false;
  const onInterrupt = () => {
    if (before) return context.interrupt(exitCodes.interrupted);
    before = true;
    if (underWay) conversation.stop();
    else onIdle();
  };
  const release = context.takeInterrupts(onInterrupt);
  return {
    onInterrupt,
    release,
    /** Something else was done: the next Ctrl-C is a first one again. */
    quiet: () => {
      before = false;
    },
    answering: async <T>(work: () => Promise<T>): Promise<T> => {
      underWay = true;
      try {
        return await work();
      } finally {
        underWay = false;
      }
    },
  };
}
