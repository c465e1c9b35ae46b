import { AckPolicy, DeliverPolicy } from '@nats-io/jetstream';
import type {
  ConsumeOptions,
  FollowOptions,
  Handler,
  Message,
  Published,
  RetryPolicy,
  Topic,
  TopicMessage,
  TopicOptions,
} from '../bus.ts';
import { checkFilter, checkKey, checkName } from '../names.ts';
import { retryPolicy } from '../work.ts';
import { type Connected, checkSize, headersOf, idHeader, messageFields, plainHeaders } from './connection.ts';
import { consume } from './consume.ts';
import { getMessage, NatsDeadLetters } from './dead-letters.ts';
import { call } from './errors.ts';
import { outlive } from './outlive.ts';
import { ensureConsumer, ensureStream, nanoseconds } from './streams.ts';

const policies = { all: DeliverPolicy.All, latest: DeliverPolicy.LastPerSubject, new: DeliverPolicy.New } as const;

/** The stream NAMESPACE_topic_NAME, subjects NAMESPACE.topic.NAME.> */
export class NatsTopic implements Topic {
  readonly deadLetters: NatsDeadLetters;
  readonly #connected: Connected;
  readonly #stream: string;
  readonly #prefix: string;
  readonly #policy: RetryPolicy;

  private constructor(connected: Connected, name: string, policy: RetryPolicy, deadLetters: NatsDeadLetters) {
    this.#connected = connected;
    this.#stream = `${connected.namespace}_topic_${name}`;
    this.#prefix = `${connected.namespace}.topic.${name}.`;
    this.#policy = policy;
    this.deadLetters = deadLetters;
  }

  static async open(connected: Connected, name: string, options: TopicOptions): Promise<NatsTopic> {
    const deadLetters = await NatsDeadLetters.open(connected, `topic_${name}`);
    const topic = new NatsTopic(connected, name, retryPolicy(options), deadLetters);
    await ensureStream(connected.manager, {
      name: topic.#stream,
      subjects: [`${topic.#prefix}>`],
      // A stream's duplicate window may not be longer than its messages' age.
      duplicate_window: nanoseconds(Math.min(options.dedupeWindowMs ?? 120_000, options.maxAgeMs ?? Infinity)),
      ...(options.maxPerSubject !== undefined && { max_msgs_per_subject: options.maxPerSubject }),
      ...(options.maxAgeMs !== undefined && { max_age: nanoseconds(options.maxAgeMs) }),
    });
    return topic;
  }

  async publish(subject: string, { id, body, headers = {} }: Message): Promise<Published & { sequence: number }> {
    const { client, connection } = this.#connected;
    checkSize(connection, body);
    const target = this.#prefix + checkKey(subject);
    const options = { msgID: checkName(id), headers: headersOf(headers, id) };
    const { duplicate, seq } = await call(target, () => client.publish(target, body, options));
    return { duplicate, sequence: seq };
  }

  consume(durable: string, handler: Handler, options: ConsumeOptions & { filter?: string }): Promise<void> {
    checkName(durable);
    checkFilter(options.filter);
    const ensure = () =>
      ensureConsumer(this.#connected.manager, this.#stream, {
        durable_name: durable,
        ack_policy: AckPolicy.Explicit,
        deliver_policy: DeliverPolicy.All,
        ack_wait: nanoseconds(this.#policy.ackWaitMs),
        max_deliver: -1,
        // In order: the next one only when this one is settled.
        max_ack_pending: 1,
        filter_subject: this.#filter(options.filter),
      });
    const source = {
      stream: this.#stream,
      durable,
      prefix: this.#prefix,
      policy: this.#policy,
      deadLetters: this.deadLetters,
      ensure,
    };
    return consume(this.#connected, source, handler, { ...options, concurrency: 1 });
  }

  async *follow({ signal, filter, from }: FollowOptions): AsyncIterable<TopicMessage> {
    checkFilter(filter);
    let last = 0;
    const open = async () => {
      // After a loss: on from the last one seen.
      const begin =
        last > 0
          ? { opt_start_seq: last + 1, deliver_policy: DeliverPolicy.StartSequence }
          : { deliver_policy: policies[from] };
      const consumer = await this.#connected.client.consumers.get(this.#stream, {
        ...begin,
        filter_subjects: this.#filter(filter),
      });
      const messages = await consumer.consume();
      return { messages, stop: () => void messages.close() };
    };
    for await (const message of outlive(open, signal)) {
      last = message.seq;
      yield { ...messageFields(message, this.#prefix), sequence: message.seq };
    }
  }

  async latest(subject: string): Promise<TopicMessage | null> {
    const target = this.#prefix + checkKey(subject);
    const message = await call(target, () => getMessage(this.#connected.manager, this.#stream, target));
    if (message === null) return null;
    return {
      id: message.header.get(idHeader),
      subject,
      body: message.data,
      headers: plainHeaders(message.header),
      sequence: message.seq,
      published: message.time,
    };
  }

  #filter(filter: string | undefined): string {
    if (filter === undefined) return `${this.#prefix}>`;
    return this.#prefix + (filter.endsWith('.') ? `${filter}>` : filter);
  }
}
