// What the parts of the NATS bus share.
import type { JetStreamClient, JetStreamManager, JsMsg } from '@nats-io/jetstream';
import { headers as createHeaders, type MsgHdrs, type NatsConnection } from '@nats-io/nats-core';
import type { Headers } from '../bus.ts';
import { BusError } from '../error.ts';

export interface Connected {
  connection: NatsConnection;
  client: JetStreamClient;
  manager: JetStreamManager;
  /** Beginning of every stream's, bucket's and subject's name. */
  namespace: string;
}

/** The message id, in a header of its own too: NATS keeps Nats-Msg-Id, but not where a message is moved. */
export const idHeader = 'Flash-Slim-Message-Id';

export function headersOf(headers: Headers, id: string): MsgHdrs {
  const all = createHeaders();
  for (const [name, value] of Object.entries(headers)) all.set(name, value);
  all.set(idHeader, id);
  return all;
}

export function plainHeaders(headers: MsgHdrs | undefined): Record<string, string> {
  const plain: Record<string, string> = {};
  for (const name of headers?.keys() ?? [])
    if (name !== idHeader && !/^nats-/i.test(name)) plain[name] = headers?.get(name) ?? '';
  return plain;
}

export const messageFields = (message: JsMsg, prefix: string) => ({
  id: message.headers?.get(idHeader) ?? '',
  subject: message.subject.slice(prefix.length),
  body: message.data,
  headers: plainHeaders(message.headers),
  published: message.time,
});

export const maxMessageBytes = (connection: NatsConnection): number =>
  // Headers count, and leave room for them.
  Math.min((connection.info?.max_payload ?? 1 << 20) - 4096, 8 << 20);

export function checkSize(connection: NatsConnection, body: Uint8Array): void {
  const most = maxMessageBytes(connection);
  if (body.length > most)
    throw new BusError('MESSAGE_TOO_LARGE', `the message has ${body.length} bytes, and the server takes ${most}`);
}
