import { AckPolicy, DeliverPolicy, RetentionPolicy } from '@nats-io/jetstream';
import type { ConsumeOptions, Handler, Message, Published, QueueOptions, RetryPolicy, WorkQueue } from '../bus.ts';
import { checkName } from '../names.ts';
import { retryPolicy } from '../work.ts';
import { type Connected, checkSize, headersOf } from './connection.ts';
import { consume } from './consume.ts';
import { NatsDeadLetters } from './dead-letters.ts';
import { call } from './errors.ts';
import { ensureConsumer, ensureStream, nanoseconds } from './streams.ts';

const durable = 'workers';

/** The stream NAMESPACE_queue_NAME, subject NAMESPACE.queue.NAME, one consumer that all workers share. */
export class NatsQueue implements WorkQueue {
  readonly deadLetters: NatsDeadLetters;
  readonly #connected: Connected;
  readonly #stream: string;
  readonly #subject: string;
  readonly #policy: RetryPolicy;

  private constructor(connected: Connected, name: string, policy: RetryPolicy, deadLetters: NatsDeadLetters) {
    this.#connected = connected;
    this.#stream = `${connected.namespace}_queue_${name}`;
    this.#subject = `${connected.namespace}.queue.${name}`;
    this.#policy = policy;
    this.deadLetters = deadLetters;
  }

  static async open(connected: Connected, name: string, options: QueueOptions): Promise<NatsQueue> {
    const deadLetters = await NatsDeadLetters.open(connected, `queue_${name}`);
    const queue = new NatsQueue(connected, name, retryPolicy(options), deadLetters);
    await ensureStream(connected.manager, {
      name: queue.#stream,
      subjects: [queue.#subject],
      retention: RetentionPolicy.Workqueue,
      duplicate_window: nanoseconds(options.dedupeWindowMs ?? 120_000),
    });
    return queue;
  }

  async publish({ id, body, headers = {} }: Message): Promise<Published> {
    const { client, connection } = this.#connected;
    checkSize(connection, body);
    const options = { msgID: checkName(id), headers: headersOf(headers, id) };
    const { duplicate } = await call(this.#subject, () => client.publish(this.#subject, body, options));
    return { duplicate };
  }

  consume(handler: Handler, options: ConsumeOptions): Promise<void> {
    const ensure = () =>
      ensureConsumer(this.#connected.manager, this.#stream, {
        durable_name: durable,
        ack_policy: AckPolicy.Explicit,
        deliver_policy: DeliverPolicy.All,
        ack_wait: nanoseconds(this.#policy.ackWaitMs),
        // Without a bound of its own: past ours the message is buried with the reason, not just left.
        max_deliver: -1,
      });
    const source = {
      stream: this.#stream,
      durable,
      prefix: this.#subject.slice(0, this.#subject.lastIndexOf('.') + 1),
      policy: this.#policy,
      deadLetters: this.deadLetters,
      ensure,
    };
    return consume(this.#connected, source, handler, options);
  }

  async size(): Promise<number> {
    const { state } = await call(this.#stream, () => this.#connected.manager.streams.info(this.#stream));
    return state.messages;
  }
}
