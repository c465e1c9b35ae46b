// Dead letters lie in one stream, each under a subject of its own: NAMESPACE.dead.SCOPE.ID.
import type { JetStreamManager, StoredMsg } from '@nats-io/jetstream';
import type { DeadLetter, DeadLetters, Delivery } from '../bus.ts';
import { checkName } from '../names.ts';
import { type Connected, headersOf, idHeader, plainHeaders } from './connection.ts';
import { call, isNotFound } from './errors.ts';
import { ensureStream } from './streams.ts';

const codeHeader = 'Flash-Slim-Error-Code';
const reasonHeader = 'Flash-Slim-Reason';
const attemptsHeader = 'Flash-Slim-Attempts';
const subjectHeader = 'Flash-Slim-Subject';
const own = new Set([codeHeader, reasonHeader, attemptsHeader, subjectHeader].map((name) => name.toLowerCase()));

export class NatsDeadLetters implements DeadLetters {
  readonly #connected: Connected;
  readonly #stream: string;
  readonly #prefix: string;

  private constructor(connected: Connected, stream: string, prefix: string) {
    this.#connected = connected;
    this.#stream = stream;
    this.#prefix = prefix;
  }

  static async open(connected: Connected, scope: string): Promise<NatsDeadLetters> {
    const { namespace, manager } = connected;
    const stream = `${namespace}_dead`;
    await ensureStream(manager, {
      name: stream,
      subjects: [`${namespace}.dead.>`],
      max_msgs_per_subject: 1,
      max_bytes: 256 << 20,
    });
    return new NatsDeadLetters(connected, stream, `${namespace}.dead.${scope}.`);
  }

  async bury(delivery: Delivery, code: string, reason: string): Promise<void> {
    const headers = headersOf(delivery.headers, delivery.id);
    headers.set(codeHeader, code);
    // A header is one line.
    headers.set(reasonHeader, reason.replace(/\s+/g, ' ').slice(0, 1000));
    headers.set(attemptsHeader, String(delivery.attempt));
    headers.set(subjectHeader, delivery.subject);
    const id = /^[A-Za-z0-9_-]+$/.test(delivery.id) ? delivery.id : `unnamed-${delivery.published.getTime()}`;
    await call('dead letter', () => this.#connected.client.publish(this.#prefix + id, delivery.body, { headers }));
  }

  async list(): Promise<DeadLetter[]> {
    const { manager } = this.#connected;
    const filter = `${this.#prefix}>`;
    const { state } = await call('dead letters', () => manager.streams.info(this.#stream, { subjects_filter: filter }));
    const letters = await Promise.all(Object.keys(state.subjects ?? {}).map((subject) => this.#read(subject)));
    return letters.filter((letter) => letter !== null).sort((a, b) => a.died.getTime() - b.died.getTime());
  }

  async take(id: string): Promise<DeadLetter | null> {
    const subject = this.#prefix + checkName(id);
    const letter = await this.#read(subject);
    if (letter === null) return null;
    const { purged } = await call('dead letter', () =>
      this.#connected.manager.streams.purge(this.#stream, { filter: subject }),
    );
    return purged > 0 ? letter : null;
  }

  async #read(subject: string): Promise<DeadLetter | null> {
    const message = await call('dead letter', () => getMessage(this.#connected.manager, this.#stream, subject));
    if (message === null) return null;
    const headers = plainHeaders(message.header);
    return {
      id: message.header.get(idHeader),
      subject: message.header.get(subjectHeader),
      body: message.data,
      headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !own.has(name.toLowerCase()))),
      attempts: Number(message.header.get(attemptsHeader)),
      code: message.header.get(codeHeader),
      reason: message.header.get(reasonHeader),
      died: message.time,
    };
  }
}

export async function getMessage(
  manager: JetStreamManager,
  stream: string,
  subject: string,
): Promise<StoredMsg | null> {
  try {
    return await manager.streams.getMessage(stream, { last_by_subj: subject });
  } catch (error) {
    if (isNotFound(error)) return null;
    throw error;
  }
}
