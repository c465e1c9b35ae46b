// One JSON object a line on stderr, with the ids that lead from a line to its trace.
import { context, trace } from '@opentelemetry/api';
import { destination, type Logger, pino } from 'pino';

export type { Logger } from 'pino';

export interface LogOptions {
  level: string;
  /** Bound to every line: service, node. */
  fields?: Record<string, string>;
}

/** Lines never hold prompts or completions: nobody gives them one. */
export function createLogger({ level, fields = {} }: LogOptions): Logger {
  return pino(
    {
      level,
      base: fields,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      mixin: () => {
        const span = trace.getSpan(context.active())?.spanContext();
        return span === undefined ? {} : { trace_id: span.traceId, span_id: span.spanId };
      },
      serializers: {
        // An expected failure is its code and sentence; only what has no code is worth its stack.
        err: (error: Error & { code?: string }) =>
          error.code === undefined
            ? { message: error.message, stack: error.stack }
            : { code: error.code, message: error.message },
      },
    },
    destination({ dest: 2, sync: true }),
  );
}
