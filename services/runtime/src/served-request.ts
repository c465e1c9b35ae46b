// One request from arrival to its figures: what the scheduler tells of it becomes text, spans and measurements. Spans never
// hold prompts or completions.
import { StreamDecoder } from '@flash-slim/model/tokenizer';
import { FinishReason, type GenerateResponse, type GenerateResult } from '@flash-slim/proto';
import {
  type Attributes,
  addLinks,
  openSpan,
  pastSpan,
  type Span,
  type Context as TraceContext,
} from '@flash-slim/telemetry';
import { add, Figures, noSteps, stepAttributes, tokensPerSecond } from './figures.ts';
import { type Loaded, planAttributes } from './host.ts';
import type { Measurements } from './measurements.ts';
import type { ScheduledEvent, StepFigures, TokenRequest } from './scheduler.ts';

/** Events a span may have; what follows is in the sums. */
const mostPassEvents = 100;
/** Passes whose chunks are told one by one, where that is asked for: each of them is hundreds of spans. */
const mostChunkPasses = 4;

export interface ServedOptions {
  /** The request's span. */
  span: Span;
  within: TraceContext;
  seed: number;
  traceId: string;
  measurements: Measurements;
}

export class ServedRequest {
  readonly #options: ServedOptions;
  readonly #arrived = Date.now();
  #begun = 0;
  /** When the prompt's passes began: a model may have been loaded first. */
  #prefillBegun = 0;
  #firstToken = 0;
  #request: TokenRequest | null = null;
  #loaded: Loaded | null = null;
  #decoder: StreamDecoder | null = null;
  #figures = new Figures();
  #finish: FinishReason = FinishReason.LENGTH;
  #lastToken = 0;
  /** The prompt is read again. */
  #again = false;
  /** Decode passes under the plan that is loaded. */
  #decode = noSteps();
  #passEvents: { time: number; step: StepFigures }[] = [];
  #chunkPasses = 0;

  constructor(options: ServedOptions) {
    this.#options = options;
  }

  get modelName(): string {
    return this.#loaded?.plan.modelName ?? '';
  }

  get promptTokens(): number {
    return this.#request?.promptTokens.length ?? 0;
  }

  get figures(): Figures {
    return this.#figures;
  }

  /** Its turn has come. */
  turnCame(): void {
    this.#begun = Date.now();
    pastSpan('queue', this.#arrived, this.#begun, { within: this.#options.within });
  }

  /** What a client is told of it, if anything. */
  take(event: ScheduledEvent): GenerateResponse | null {
    switch (event.kind) {
      case 'begin':
        this.#begin(event.request);
        return null;
      case 'moved':
        this.#measure();
        this.#loaded = event.loaded;
        this.#again = true;
        this.#options.span.addEvent('plan switched', planAttributes(event.loaded.plan));
        return null;
      case 'token':
        return this.#token(event);
    }
  }

  /** After the last token: the one that ended the text, with what of it was held back; then the result. */
  *end(): Generator<GenerateResponse, void> {
    const reason = this.#finish === FinishReason.END ? 'stop' : 'length';
    this.#options.span.setAttribute('gen_ai.response.finish_reasons', [reason]);
    if (this.#finish === FinishReason.END) yield token(this.#lastToken, this.#decoder?.end() ?? '');
    yield { event: { $case: 'result', value: this.#result() } };
  }

  /** However it ended. */
  close(): void {
    this.#measure();
    const { span } = this.#options;
    const request = this.#request;
    if (request === null) return;
    const end = Date.now();
    const { prefill, decode, generatedTokens } = this.#figures;
    const decodeBegun = this.#firstToken || end;
    this.#open('prefill', this.#prefillBegun, stepAttributes(prefill)).span.end(decodeBegun);
    if (this.#firstToken > 0) {
      const { span: decoding } = this.#open('decode', decodeBegun, stepAttributes(decode));
      for (const { time, step } of this.#passEvents) decoding.addEvent('pass', stepAttributes(step), time);
      decoding.end(end);
    }
    span.setAttributes({
      ...planAttributes((this.#loaded as Loaded).plan),
      'gen_ai.usage.input_tokens': request.promptTokens.length,
      'gen_ai.usage.output_tokens': generatedTokens,
    });
  }

  #begin(request: TokenRequest): void {
    this.#prefillBegun = Date.now();
    this.#figures = new Figures();
    this.#request = request;
    this.#loaded = request.loaded;
    this.#decoder = new StreamDecoder(request.loaded.tokenizer);
    addLinks(this.#options.span, request.loaded.traces);
  }

  #token({ token: id, step, chunkMs }: Extract<ScheduledEvent, { kind: 'token' }>): GenerateResponse | null {
    const request = this.#request as TokenRequest;
    const first = this.#figures.generatedTokens === 0;
    this.#figures.addToken(step, this.#again);
    if (first) this.#firstToken = Date.now();
    else if (!this.#again) {
      add(this.#decode, step);
      if (this.#passEvents.length < mostPassEvents) this.#passEvents.push({ time: Date.now(), step });
    }
    this.#again = false;
    if (chunkMs !== null && this.#chunkPasses++ < mostChunkPasses) this.#traceChunks(chunkMs, step);
    this.#lastToken = id;
    if (!request.isEnd(id)) return token(id, this.#textOf(id));
    this.#finish = FinishReason.END;
    return null;
  }

  /** What the token adds. A last one brings what was held back, half a character perhaps, too: no event comes twice. */
  #textOf(id: number): string {
    const { loaded, maxTokens, promptTokens } = this.#request as TokenRequest;
    const room = loaded.prefetchPlan.metadata.context_length - promptTokens.length;
    const decoder = this.#decoder as StreamDecoder;
    const text = decoder.push(id);
    return this.#figures.generatedTokens === Math.min(maxTokens, room) ? text + decoder.end() : text;
  }

  /** A span for the pass, and in it one for each chunk, laid end to end as long as each computed. */
  #traceChunks(chunkMs: Float64Array, step: StepFigures): void {
    const { chunks } = (this.#loaded as Loaded).engine.cache.manifest;
    const end = Date.now();
    let time = end - step.wallMs;
    const pass = this.#open('pass', time, stepAttributes(step));
    for (const { weights_id: id, op, name } of chunks) {
      const ms = chunkMs[id] ?? 0;
      if (op !== 'StreamMatMul' || ms === 0) continue;
      pastSpan(`chunk ${name}`, time, time + ms, { within: pass.within, attributes: { 'flash_slim.weights_id': id } });
      time += ms;
    }
    pass.span.end(end);
  }

  #measure(): void {
    if (this.#loaded !== null && this.#decode.passes > 0)
      this.#options.measurements.add(this.#loaded.plan, this.#decode);
    this.#decode = noSteps();
  }

  #open(name: string, startTime: number, attributes: Attributes = {}) {
    return openSpan(name, { within: this.#options.within, startTime, attributes });
  }

  #result(): GenerateResult {
    const { plan, prefetchPlan } = this.#loaded as Loaded;
    const figures = this.#figures;
    return {
      finishReason: this.#finish,
      promptTokens: (this.#request as TokenRequest).promptTokens.length,
      generatedTokens: figures.generatedTokens,
      queueMs: this.#begun - this.#arrived,
      timeToFirstTokenMs: figures.timeToFirstTokenMs,
      prefillTokensPerSecond: tokensPerSecond(figures.prefill),
      decodeTokensPerSecond: tokensPerSecond(figures.decode),
      bytesRead: figures.sum('bytesRead'),
      computeMs: figures.computeMs,
      stallMs: figures.sum('stallMs'),
      predictedPassMs: prefetchPlan.metadata.predicted_pass_ms_by_mode.DECODE,
      measuredPassMs: figures.passMs,
      planId: plan.id,
      planVersion: plan.version,
      modelDigest: plan.modelDigest,
      seed: this.#options.seed,
      traceId: this.#options.traceId,
    };
  }
}

const token = (id: number, text: string): GenerateResponse => ({ event: { $case: 'token', value: { id, text } } });
