// Clients of the services: TLS, token, deadlines, and the caller's trace.

import { failSpan, openSpan, runWithin, SpanKind, traceHeaders } from '@flash-slim/telemetry';
import { ChannelCredentials } from '@grpc/grpc-js';
import { type Channel, type Client, type CompatServiceDefinition, createChannel, createClientFactory } from 'nice-grpc';
import { deadlineMiddleware } from 'nice-grpc-client-middleware-deadline';
import {
  type CallOptions,
  ClientError,
  type ClientMiddleware,
  type ClientMiddlewareCall,
  Metadata,
  Status,
} from 'nice-grpc-common';
import { ErrorInfo, errorDetailsClientMiddleware, RichClientError } from 'nice-grpc-error-details';

export interface ClientSecurity {
  authToken?: string;
  /** PEM texts; `authority` asks for TLS. */
  tls?: { authority?: string; certificate?: string; key?: string };
}

/** A call that failed: the service's own code and sentence, and the gRPC status. */
export class CallError extends Error {
  override readonly name = 'CallError';
  readonly code: string;
  readonly status: Status;

  constructor(code: string, status: Status, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.status = status;
  }
}

const tracing: ClientMiddleware = async function* tracing<Request, Response>(
  call: ClientMiddlewareCall<Request, Response>,
  options: CallOptions,
) {
  const method = call.method.path.slice(1);
  const { span, within } = openSpan(method, {
    kind: SpanKind.CLIENT,
    attributes: { 'rpc.system.name': 'grpc', 'rpc.method': method },
  });
  const metadata = Metadata(options.metadata);
  for (const [name, value] of Object.entries(runWithin(within, traceHeaders))) metadata.set(name, value);
  try {
    return yield* call.next(call.request, { ...options, metadata });
  } catch (error) {
    failSpan(span, error);
    throw error;
  } finally {
    span.end();
  }
};

/** Errors as every package has them. */
function explaining(address: string): ClientMiddleware {
  return async function* explain(call, options) {
    try {
      return yield* call.next(call.request, options);
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      const info =
        error instanceof RichClientError &&
        error.extra.find((detail) => '$type' in detail && detail.$type === ErrorInfo.$type);
      if (info) throw new CallError((info as ErrorInfo).reason, error.code, error.details, { cause: error });
      const status = Status[error.code] as string;
      const advice = error.code === Status.UNAVAILABLE ? `; is a service listening at ${address}?` : '';
      throw new CallError(`RPC_${status}`, error.code, `${address}: ${error.details}${advice}`, { cause: error });
    }
  };
}

export interface RpcConnection {
  client<Service extends CompatServiceDefinition>(definition: Service): Client<Service, { deadline?: Date | number }>;
  close(): void;
}

/** `address`: host:port. Connects when a call is made. */
export function connectRpc(address: string, security: ClientSecurity = {}): RpcConnection {
  const { tls, authToken } = security;
  const pem = (text: string | undefined) => (text === undefined ? null : Buffer.from(text));
  const credentials =
    tls === undefined
      ? ChannelCredentials.createInsecure()
      : ChannelCredentials.createSsl(pem(tls.authority), pem(tls.key), pem(tls.certificate));
  const channel: Channel = createChannel(address, credentials);
  // The last one is the outermost.
  const factory = createClientFactory()
    .use(deadlineMiddleware)
    .use(tracing)
    .use(errorDetailsClientMiddleware)
    .use(explaining(address));
  const metadata = authToken === undefined ? undefined : Metadata({ authorization: `Bearer ${authToken}` });
  return {
    client: (definition) => factory.create(definition, channel, metadata && { '*': { metadata } }),
    close: () => channel.close(),
  };
}
