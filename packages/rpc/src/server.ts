// The frame of every gRPC service: TLS, token, health, reflection, traces, statuses, and an end that lets calls end.

import { setTimeout as sleep } from 'node:timers/promises';
import { createSecureContext } from 'node:tls';
import { readDescriptors } from '@flash-slim/proto';
import type { Logger } from '@flash-slim/telemetry';
import { logVerbosity, ServerCredentials, setLogVerbosity } from '@grpc/grpc-js';
import { type CompatServiceDefinition, createServer, type Server, type ServiceImplementation } from 'nice-grpc';
import { errorDetailsServerMiddleware } from 'nice-grpc-error-details';
import { HealthDefinition, HealthServiceImpl, HealthState } from 'nice-grpc-server-health';
import { ServerReflection, ServerReflectionService } from 'nice-grpc-server-reflection';
import { type ServiceDefinition, toleratingBadRequests } from './decode.ts';
import { explaining, requiringToken, tracing } from './middleware.ts';

export interface ServerSecurity {
  /** Listen beyond loopback without TLS. */
  insecure: boolean;
  authToken?: string;
  /** PEM texts. With `clientAuthority` clients must show a certificate that it signed. */
  tls?: { certificate: string; key: string; clientAuthority?: string };
}

export interface RpcServerOptions {
  /** host:port; port 0 takes a free one. */
  listen: string;
  security: ServerSecurity;
  log: Logger;
}

// Its own lines on stderr would be no JSON; what it knows comes as errors too.
setLogVerbosity(logVerbosity.NONE);

/** Of one message. What is larger does not come by gRPC. */
const maxMessageBytes = 4 << 20;

export class ListenError extends Error {
  override readonly name = 'ListenError';
  readonly code: 'LISTEN_INSECURE' | 'LISTEN_FAILED' | 'TLS_INVALID';

  constructor(code: 'LISTEN_INSECURE' | 'LISTEN_FAILED' | 'TLS_INVALID', message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export class RpcServer {
  readonly #server: Server;
  readonly #options: RpcServerOptions;
  readonly #health = HealthState();
  readonly #names: string[] = [];
  #address: string | null = null;

  constructor(options: RpcServerOptions) {
    this.#options = options;
    refuseInsecure(options);
    let server = createServer({ 'grpc.max_receive_message_length': maxMessageBytes })
      .use(errorDetailsServerMiddleware)
      .use(tracing)
      .use(explaining(options.log));
    if (options.security.authToken !== undefined) server = server.use(requiringToken(options.security.authToken));
    this.#server = server;
  }

  add<Service extends ServiceDefinition & CompatServiceDefinition>(
    definition: Service,
    implementation: ServiceImplementation<Service>,
  ): void {
    const tolerating = toleratingBadRequests(definition) as CompatServiceDefinition;
    this.#server.add(tolerating, implementation as ServiceImplementation<CompatServiceDefinition>);
    this.#names.push(definition.fullName);
    this.setReady(false);
  }

  /** What grpc.health.v1 answers: SERVING only when it can work. The name "liveness" is SERVING from the start. */
  setReady(ready: boolean): void {
    for (const name of ['', ...this.#names]) this.#health.setStatus(ready ? 'healthy' : 'unhealthy', name);
  }

  /** Ready as long as `works` says so; looked at every second until the signal. */
  async readyWhile(works: () => boolean, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.setReady(works());
      await sleep(1000, undefined, { signal }).catch(() => {});
    }
    this.setReady(false);
  }

  /** Throws ListenError. */
  async listen(): Promise<string> {
    const { listen, security } = this.#options;
    // Answers even where nothing else can be done: NATS being away is no reason to start this process anew.
    this.#health.setStatus('healthy', 'liveness');
    this.#server.add(HealthDefinition, HealthServiceImpl(this.#health));
    const names = [...this.#names, HealthDefinition.fullName];
    this.#server.add(ServerReflectionService, ServerReflection(await readDescriptors(), names));
    const credentials = credentialsOf(security);
    try {
      const port = await this.#server.listen(listen, credentials);
      this.#address = `${hostOf(listen)}:${port}`;
      return this.#address;
    } catch (cause) {
      throw new ListenError(
        'LISTEN_FAILED',
        `cannot listen at ${listen}: ${(cause as Error).message}; give another --listen`,
        { cause },
      );
    }
  }

  /** host:port that it listens at. */
  get address(): string {
    if (this.#address === null) throw new Error('the server does not listen yet');
    return this.#address;
  }

  /** No new calls; those under way have so long to end. */
  async stop(drainMs: number): Promise<void> {
    this.setReady(false);
    const timer = setTimeout(() => this.#server.forceShutdown(), drainMs);
    await this.#server.shutdown();
    clearTimeout(timer);
  }
}

const hostOf = (listen: string): string => listen.slice(0, listen.lastIndexOf(':'));

/** Whether only this machine can reach the address. A name other than localhost may be anybody's. */
export function isLoopback(address: string): boolean {
  const host = hostOf(address).replace(/^\[|\]$/g, '');
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function refuseInsecure({ listen, security }: RpcServerOptions): void {
  if (security.tls !== undefined || security.insecure || isLoopback(listen)) return;
  throw new ListenError(
    'LISTEN_INSECURE',
    `${listen} can be reached by others, without TLS: give --tls-cert-file and --tls-key-file, or --insecure if that is meant`,
  );
}

function credentialsOf({ tls }: ServerSecurity): ServerCredentials {
  if (tls === undefined) return ServerCredentials.createInsecure();
  const { certificate, key, clientAuthority } = tls;
  const pair = { cert_chain: Buffer.from(certificate), private_key: Buffer.from(key) };
  const authority = clientAuthority === undefined ? null : Buffer.from(clientAuthority);
  try {
    // Only tried: gRPC looks at them when it listens.
    createSecureContext({ cert: certificate, key, ...(clientAuthority !== undefined && { ca: clientAuthority }) });
    return ServerCredentials.createSsl(authority, [pair], authority !== null);
  } catch (cause) {
    throw new ListenError('TLS_INVALID', `the TLS certificate or key is not usable: ${(cause as Error).message}`, {
      cause,
    });
  }
}
