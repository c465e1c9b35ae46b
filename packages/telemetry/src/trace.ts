// Spans, and the W3C context in the headers of calls, messages and manifests.
import {
  type Attributes,
  type Context,
  context,
  type Link,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';

export type { Attributes, Context, Span } from '@opentelemetry/api';
export { SpanKind } from '@opentelemetry/api';

/** traceparent and tracestate, as they are on the wire. */
export type TraceHeaders = Record<string, string>;

export interface SpanOptions {
  attributes?: Attributes;
  kind?: SpanKind;
  /** Headers that came with what causes the span; the current span unless told. */
  parent?: TraceHeaders | undefined;
  /** Headers of earlier work whose result is used. */
  /** The context of the span it is in, where that is not the current one. */
  within?: Context;
  links?: (TraceHeaders | undefined)[];
  startTime?: Date | number;
}

const tracer = () => trace.getTracer('flash-slim');

export const contextOf = (headers: TraceHeaders | undefined): Context =>
  headers === undefined ? context.active() : propagation.extract(context.active(), headers);

/** The current context as headers; {} without tracing. */
export function traceHeaders(): TraceHeaders {
  const headers: TraceHeaders = {};
  propagation.inject(context.active(), headers);
  return headers;
}

/** 32 hex digits, '' without tracing. */
export const currentTraceId = (): string => trace.getSpan(context.active())?.spanContext().traceId ?? '';

/** Runs `work` inside a span, which tells of its failure. */
export async function inSpan<T>(name: string, options: SpanOptions, work: (span: Span) => Promise<T>): Promise<T> {
  const { span, within } = openSpan(name, options);
  return await context.with(within, async () => {
    try {
      return await work(span);
    } catch (error) {
      failSpan(span, error);
      throw error;
    } finally {
      span.end();
    }
  });
}

/** For work that is no function: the caller ends the span. */
export function openSpan(name: string, options: SpanOptions = {}): { span: Span; within: Context } {
  const parent = options.within ?? contextOf(options.parent);
  const { attributes, kind = SpanKind.INTERNAL, startTime } = options;
  const links = (options.links ?? []).flatMap(linkTo);
  const span = tracer().startSpan(
    name,
    { kind, links, ...(attributes && { attributes }), ...(startTime !== undefined && { startTime }) },
    parent,
  );
  return { span, within: trace.setSpan(parent, span) };
}

/** A span that is over already, e.g. the time a request waited. */
export function pastSpan(
  name: string,
  startTime: Date | number,
  endTime: Date | number,
  options: SpanOptions = {},
): void {
  openSpan(name, { ...options, startTime }).span.end(endTime);
}

export const runWithin = <T>(within: Context, work: () => T): T => context.with(within, work);

/** Links that are known only once the span is open. */
export function addLinks(span: Span, headers: (TraceHeaders | undefined)[]): void {
  for (const link of headers.flatMap(linkTo)) span.addLink(link);
}

/** The caller's context in the environment: TRACEPARENT, TRACESTATE. */
export function environmentHeaders(environment: NodeJS.ProcessEnv = process.env): TraceHeaders | undefined {
  const { TRACEPARENT: traceparent, TRACESTATE: tracestate } = environment;
  if (!traceparent) return undefined;
  return { traceparent, ...(tracestate && { tracestate }) };
}

export function failSpan(span: Span, error: unknown): void {
  const { code, message } = error as { code?: unknown; message?: string };
  span.setStatus({ code: SpanStatusCode.ERROR, ...(message !== undefined && { message }) });
  if (typeof code === 'string') span.setAttribute('error.type', code);
}

function linkTo(headers: TraceHeaders | undefined): Link[] {
  const spanContext = headers && trace.getSpanContext(propagation.extract(context.active(), headers));
  return spanContext && trace.isSpanContextValid(spanContext) ? [{ context: spanContext }] : [];
}
