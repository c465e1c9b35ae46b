// The bus on NATS JetStream; any server from 2.9 on.
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { type Authenticator, credsAuthenticator, type NatsConnection } from '@nats-io/nats-core';
import { connect } from '@nats-io/transport-node';
import type { Bus, KeyValue, KeyValueOptions, QueueOptions, Topic, TopicOptions, WorkQueue } from '../bus.ts';
import { BusError } from '../error.ts';
import { checkName } from '../names.ts';
import { type Connected, maxMessageBytes } from './connection.ts';
import { busError } from './errors.ts';
import { NatsKeyValue } from './key-value.ts';
import { NatsQueue } from './queue.ts';
import { NatsTopic } from './topic.ts';

export interface NatsOptions {
  /** nats://host:port, tls://host:port; several divided by commas. */
  servers: string;
  /** Beginning of every name on the server. */
  namespace?: string;
  /** For the server's list of connections. */
  clientName?: string;
  user?: string;
  password?: string;
  token?: string;
  /** Contents of a .creds file. */
  credentials?: string;
  /** PEM texts. A certificate authority alone asks for TLS. */
  tls?: { certificateAuthority?: string; certificate?: string; key?: string };
}

export class NatsBus implements Bus {
  readonly name: string;
  readonly #connected: Connected;
  #isConnected = true;

  private constructor(connected: Connected, name: string) {
    this.#connected = connected;
    this.name = name;
    this.#watch(connected.connection);
  }

  /** Throws BUS_UNAVAILABLE, BUS_ACCESS_DENIED, BUS_MISCONFIGURED. Once connected it connects again for ever. */
  static async connect(options: NatsOptions): Promise<NatsBus> {
    const servers = options.servers.split(',').map((server) => server.trim());
    const { user, password, token, credentials, tls } = options;
    const clientName = checkName(options.clientName ?? 'flash-slim');
    const authenticator: Authenticator | undefined =
      credentials === undefined ? undefined : credsAuthenticator(new TextEncoder().encode(credentials));
    let connection: NatsConnection;
    try {
      connection = await connect({
        servers,
        name: clientName,
        // An inbox of its own: with permissions nobody hears what is answered to others.
        inboxPrefix: `_INBOX_${clientName}`,
        timeout: 5000,
        maxReconnectAttempts: -1,
        reconnectTimeWait: 500,
        // Credentials that a server refuses for a moment (it reloads its configuration) are tried again too.
        ignoreAuthErrorAbort: true,
        // A connection that died without a word is noticed within half a minute.
        pingInterval: 10_000,
        ...(user !== undefined && { user, pass: password ?? '' }),
        ...(token !== undefined && { token }),
        ...(authenticator && { authenticator }),
        ...(tls && { tls: tlsOptions(tls) }),
      });
    } catch (cause) {
      throw busError(cause, servers.join(', '));
    }
    try {
      const manager = await jetstreamManager(connection, { timeout: 5000 });
      const client = jetstream(connection, { timeout: 5000 });
      const namespace = checkName(options.namespace ?? 'flashslim');
      return new NatsBus({ connection, client, manager, namespace }, servers.join(', '));
    } catch (cause) {
      await connection.close();
      if (cause instanceof Error && cause.name === 'JetStreamNotEnabled')
        throw new BusError('BUS_MISCONFIGURED', `${servers.join(', ')} has no JetStream: start it with -js`, { cause });
      throw busError(cause, servers.join(', '));
    }
  }

  get maxMessageBytes(): number {
    return maxMessageBytes(this.#connected.connection);
  }

  get connected(): boolean {
    return this.#isConnected && !this.#connected.connection.isClosed();
  }

  queue(name: string, options: QueueOptions = {}): Promise<WorkQueue> {
    return NatsQueue.open(this.#connected, checkName(name), options);
  }

  topic(name: string, options: TopicOptions = {}): Promise<Topic> {
    return NatsTopic.open(this.#connected, checkName(name), options);
  }

  keyValue(name: string, options: KeyValueOptions = {}): Promise<KeyValue> {
    return NatsKeyValue.open(this.#connected, checkName(name), options);
  }

  async close(): Promise<void> {
    const { connection } = this.#connected;
    if (connection.isClosed()) return;
    // Draining waits for a server that is away; what matters was confirmed already.
    if (this.#isConnected) await Promise.race([connection.drain().catch(() => {}), later(2000)]);
    await connection.close();
  }

  async #watch(connection: NatsConnection): Promise<void> {
    for await (const { type } of connection.status()) {
      if (type === 'disconnect') this.#isConnected = false;
      else if (type === 'reconnect') this.#isConnected = true;
    }
  }
}

const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms).unref());

const tlsOptions = ({ certificateAuthority, certificate, key }: NonNullable<NatsOptions['tls']>) => ({
  ...(certificateAuthority !== undefined && { ca: certificateAuthority }),
  ...(certificate !== undefined && { cert: certificate }),
  ...(key !== undefined && { key }),
});
