// A conversation as the one text a model was trained on, by the Jinja template in its file. A template is a program of
// the model's author: it runs in an interpreter that knows nothing but what it is given here, for a bounded time.
import { Script } from 'node:vm';
import { ChatTemplateError } from './error.ts';
import { formatTime } from './format-time.ts';

export interface ChatMessage {
  role: string;
  content: string;
}

export interface ChatOptions {
  /** End with the opening of the assistant's turn, so that the model answers. */
  addGenerationPrompt: boolean;
  /** Texts of the tokens, for templates that write them; empty where the model has none. */
  bosToken: string;
  eosToken: string;
  /** JSON descriptions of functions the model may call. */
  tools?: readonly unknown[];
  /** What templates that write the date take it from; the current time if not given. */
  now?: Date;
}

const timeLimitMs = 2000;
/** Templates count messages with it; without a bound, range(10**9) exhausts memory. */
const longestRange = 100_000;

/**
 * @returns the text to encode with encodeChat
 * @throws ChatTemplateError where the template is wrong, refuses these messages, or takes too long
 */
export async function renderChat(
  template: string,
  messages: readonly ChatMessage[],
  options: ChatOptions,
): Promise<string> {
  // Loaded here and not above: generating from plain prompts needs none of it.
  const { Environment, Interpreter, parse, tokenize } = await import('@huggingface/jinja');
  const environment = new Environment();
  let refusal: string | null = null;
  const globals = {
    true: true,
    True: true,
    false: false,
    False: false,
    none: null,
    None: null,
    raise_exception: (message: unknown) => {
      refusal = String(message);
      throw new Error(refusal);
    },
    strftime_now: (format: unknown) => formatTime(options.now ?? new Date(), String(format)),
    range: boundedRange,
    messages: messages.map(({ role, content }) => ({ role, content })),
    add_generation_prompt: options.addGenerationPrompt,
    bos_token: options.bosToken,
    eos_token: options.eosToken,
    ...(options.tools === undefined ? {} : { tools: options.tools }),
  };
  for (const [name, value] of Object.entries(globals)) environment.set(name, value);
  const run = () => {
    // How chat templates are written for: a block's line leaves neither its indent nor its line break.
    const program = parse(tokenize(template, { lstrip_blocks: true, trim_blocks: true }));
    return new Interpreter(environment).run(program).value;
  };
  try {
    // vm's time limit also ends a loop in the function it calls, which nothing else on this thread could.
    const text: unknown = new Script('run()').runInNewContext({ run }, { timeout: timeLimitMs });
    if (typeof text !== 'string') throw new Error(`it yields ${typeof text}`);
    return text;
  } catch (error) {
    throw new ChatTemplateError(describe(error, refusal), { cause: error });
  }
}

function describe(error: unknown, refusal: string | null): string {
  if (refusal !== null) {
    return `The model's chat template refuses these messages: ${refusal}. Change their roles or order.`;
  }
  const { code, message } = error as { code?: unknown; message?: unknown };
  const what =
    code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
      ? `was not done after ${timeLimitMs / 1000} s`
      : `cannot be used: ${String(message ?? error)}`;
  return `The model's chat template ${what}. Pass the prompt as plain text, without the chat template.`;
}

function boundedRange(...bounds: unknown[]): number[] {
  const [first, second, step = 1] = bounds.filter((bound) => typeof bound === 'number');
  const [start, stop] = second === undefined ? [0, first ?? 0] : [first ?? 0, second];
  if (step === 0) throw new Error('range() with a step of 0');
  const length = Math.max(0, Math.ceil((stop - start) / step));
  if (!(length <= longestRange)) throw new Error(`range() of ${length} numbers, more than ${longestRange}`);
  return Array.from({ length }, (_, i) => start + i * step);
}
