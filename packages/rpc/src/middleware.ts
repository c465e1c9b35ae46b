// What happens around every call: trace, token, and errors that become statuses.
import { createHash, timingSafeEqual } from 'node:crypto';
import { currentTraceId, failSpan, type Logger, openSpan, runWithin, SpanKind } from '@flash-slim/telemetry';
import { isAbortError } from 'abort-controller-x';
import {
  type CallContext,
  ServerError,
  type ServerMiddleware,
  type ServerMiddlewareCall,
  Status,
} from 'nice-grpc-common';
import { BadRequest, ErrorInfo, RichServerError } from 'nice-grpc-error-details';
import { Undecodable } from './decode.ts';
import { failureOf, RpcError } from './status.ts';

/** Answers whether somebody is alive and what is there to call; they need no token. */
const open = /^\/grpc\.(health|reflection)\./;

/** A server span that continues the caller's trace. */
export const tracing: ServerMiddleware = async function* tracing<Request, Response>(
  call: ServerMiddlewareCall<Request, Response>,
  context: CallContext,
) {
  if (open.test(call.method.path)) return yield* call.next(call.request, context);
  const [, service = '', method = ''] = call.method.path.split('/');
  const headers: Record<string, string> = {};
  for (const name of ['traceparent', 'tracestate']) {
    const value = context.metadata.get(name);
    if (typeof value === 'string') headers[name] = value;
  }
  const { span, within } = openSpan(`${service}/${method}`, {
    kind: SpanKind.SERVER,
    parent: headers,
    attributes: { 'rpc.system.name': 'grpc', 'rpc.method': `${service}/${method}` },
  });
  // A generator has no context of its own: each step of it is put into the span's.
  const steps = runWithin(within, () => call.next(call.request, context)) as AsyncGenerator<
    Response,
    Response,
    undefined
  >;
  try {
    for (;;) {
      const step = await runWithin(within, () => steps.next());
      if (step.done) return step.value;
      yield step.value;
    }
  } catch (error) {
    const status = error instanceof ServerError ? error.code : isAbortError(error) ? Status.CANCELLED : Status.UNKNOWN;
    span.setAttribute('rpc.response.status_code', Status[status] as string);
    failSpan(span, error);
    throw error;
  } finally {
    await runWithin(within, () => steps.return(undefined as Response));
    span.end();
  }
};

/** Refuses calls without the bearer token. Both are hashed, so that comparing tells nothing of the token's length. */
export function requiringToken(token: string): ServerMiddleware {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  const expected = digest(`Bearer ${token}`);
  return async function* authorize(call, context) {
    const given = context.metadata.get('authorization') ?? '';
    if (!open.test(call.method.path) && !timingSafeEqual(digest(given), expected))
      throw new RpcError(
        Status.UNAUTHENTICATED,
        given === '' ? 'TOKEN_MISSING' : 'TOKEN_WRONG',
        `${given === '' ? 'no token' : 'a wrong token'}: send "authorization: Bearer <token>"`,
      );
    return yield* call.next(call.request, context);
  };
}

/** Statuses with details instead of exceptions; logs what nobody expected. */
export function explaining(log: Logger): ServerMiddleware {
  return async function* explain(call, context) {
    try {
      if (call.request instanceof Undecodable)
        throw new RpcError(
          Status.INVALID_ARGUMENT,
          'REQUEST_UNDECODABLE',
          `not a message of ${call.method.path}: ${call.request.reason}`,
        );
      return yield* call.next(call.request, context);
    } catch (error) {
      if (error instanceof ServerError || isAbortError(error)) throw error;
      // The call has ended, or was ended by its deadline: whatever was thrown is only its way of stopping.
      context.signal.throwIfAborted();
      const { status, code, message, field } = failureOf(error);
      if (status === Status.INTERNAL) log.error({ err: error, method: call.method.path }, 'call failed');
      const traceId = currentTraceId();
      const details = [
        ErrorInfo.fromPartial({ reason: code, domain: 'flash-slim', metadata: traceId ? { trace_id: traceId } : {} }),
      ];
      const violations =
        field === undefined ? [] : [BadRequest.fromPartial({ fieldViolations: [{ field, description: message }] })];
      throw new RichServerError(status, message, [...details, ...violations]);
    }
  };
}
