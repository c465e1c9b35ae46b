// A conversation with a model: what was said, and what of it lies in the KV cache. Each turn renders all that was said and
// runs only the tokens after the common beginning with what the cache holds.
import { type Engine, EngineError, getDecodeRunner, getPrefillRunner, type SamplerOptions } from '@flash-slim/engine';
import type { ChatMessage } from '@flash-slim/model/chat';
import { StreamDecoder, type Tokenizer } from '@flash-slim/model/tokenizer';

export interface Turn {
  answer: string;
  /** Of all that was said, in the template. */
  prompt_tokens: number;
  /** Of these, already in the KV cache. */
  reused_tokens: number;
  generated_tokens: number;
  /** Oldest messages that no longer fitted. */
  dropped_messages: number;
  /** It was stopped before it had come to its end. */
  interrupted: boolean;
}

export interface ConversationOptions {
  engine: Engine;
  tokenizer: Tokenizer;
  encode(messages: ChatMessage[]): Promise<Int32Array>;
  sampling(): SamplerOptions;
  maxDecodeSteps: number;
  system: string | null;
  /** Called when messages were left out. */
  onDrop(messages: number): void;
}

/** Room that the history leaves for an answer: this share of the context, at most so many tokens. */
const answerShare = 0.25;
const mostAnswerRoom = 512;
/** Once turns are left out, the rest fills this share of the room: the cache is of no use to a history that lost its beginning. */
const shareAfterDrop = 0.7;

export class Conversation {
  readonly #options: ConversationOptions;
  readonly #sequence: number;
  readonly messages: ChatMessage[] = [];
  /** Tokens whose keys and values the sequence holds. */
  #cached: number[] = [];
  #stopped = false;

  private constructor(options: ConversationOptions, sequence: number) {
    this.#options = options;
    this.#sequence = sequence;
    this.reset();
  }

  static async start(options: ConversationOptions): Promise<Conversation> {
    return new Conversation(options, await options.engine.allocateKvCache());
  }

  /** Forgets what was said, but for the system's message. What the cache holds stays useful for the next beginning. */
  reset(): void {
    const { system } = this.#options;
    this.messages.length = 0;
    if (system !== null) this.messages.push({ role: 'system', content: system });
  }

  /** Ends the answer that is under way, within a pass; what there is of it stays in the history. */
  stop(): void {
    this.#stopped = true;
    this.#options.engine.cancelPass();
  }

  /**
   * The answer, piece by piece through `write`. Where it throws (PROMPT_TOO_LONG: the message alone does not fit; a read
   * that failed), the history is as it was before.
   */
  async say(text: string, write: (piece: string) => void): Promise<Turn> {
    this.#stopped = false;
    const before = [...this.messages];
    this.messages.push({ role: 'user', content: text });
    try {
      const { tokens, dropped } = await this.#fit();
      if (dropped > 0) this.#options.onDrop(dropped);
      const turn = await this.#answer(tokens, write);
      this.messages.push({ role: 'assistant', content: turn.answer });
      return { ...turn, prompt_tokens: tokens.length, dropped_messages: dropped };
    } catch (error) {
      this.messages.splice(0, this.messages.length, ...before);
      throw error;
    }
  }

  /** Leaves out oldest turns until the rest fits beside an answer. */
  async #fit(): Promise<{ tokens: Int32Array; dropped: number }> {
    const context = this.#options.engine.plan.metadata.context_length;
    const room = context - Math.min(mostAnswerRoom, Math.floor(context * answerShare));
    const first = this.#options.system === null ? 0 : 1;
    for (let dropped = 0; ; ) {
      const tokens = await this.#options.encode(this.messages);
      const left = this.messages.length - first;
      const most = dropped === 0 ? room : room * shareAfterDrop;
      // The last message alone may take the answer's room too, but for one token.
      if (tokens.length <= most || (left === 1 && tokens.length < context)) return { tokens, dropped };
      if (left === 1) {
        throw new EngineError(
          'PROMPT_TOO_LONG',
          `this message makes ${tokens.length} tokens and the context has room for ${context}; shorten it or start with a larger --context-length`,
        );
      }
      const turn = Math.min(2, left - 1); // a question and its answer: templates want them to take turns
      this.messages.splice(first, turn);
      dropped += turn;
    }
  }

  async #answer(tokens: Int32Array, write: (piece: string) => void) {
    const { engine, tokenizer, maxDecodeSteps } = this.#options;
    const reused = await this.#keepCommon(tokens);
    const decoder = new StreamDecoder(tokenizer);
    let answer = '';
    const put = (piece: string) => {
      answer += piece;
      write(piece);
    };
    const sampler = engine.createSampler(this.#options.sampling(), tokens);
    let generated = 0;
    try {
      const prefill = getPrefillRunner(engine, this.#sequence, sampler);
      const decode = getDecodeRunner(engine, this.#sequence, sampler);
      const rest = tokens.subarray(reused);
      let token = await prefill(rest, (done) =>
        this.#cached.splice(reused, Number.POSITIVE_INFINITY, ...rest.subarray(0, done)),
      );
      for (;;) {
        generated++;
        if (tokenizer.endOfGeneration(token)) break;
        put(decoder.push(token));
        const full = this.#cached.length + 1 >= engine.plan.metadata.context_length;
        if (this.#stopped || full || generated >= maxDecodeSteps) break;
        const next = await decode(token);
        this.#cached.push(token);
        token = next;
      }
    } catch (error) {
      if (!this.#stopped || (error as { code?: unknown }).code !== 'CANCELLED') throw error;
    } finally {
      engine.freeSampler(sampler);
    }
    put(decoder.end());
    return { answer, reused_tokens: reused, generated_tokens: generated, interrupted: this.#stopped };
  }

  /** Forgets the cached tokens after the common beginning; one token at least is left to run, for its logits. */
  async #keepCommon(tokens: Int32Array): Promise<number> {
    const most = Math.min(this.#cached.length, tokens.length - 1);
    let common = 0;
    while (common < most && this.#cached[common] === tokens[common]) common++;
    await this.#options.engine.truncateSequence(this.#sequence, common);
    this.#cached.length = common;
    return common;
  }
}
