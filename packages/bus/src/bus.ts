// What services say to each other, and what they remember together. Two implementations pass one conformance suite
// (conformance/): NATS JetStream, and one process with a SQLite file.
//
//   WorkQueue   each message is worked off once in effect: acked after the effect, else delivered again with backoff, a
//               bounded number of times; then it is a dead letter, with the reason
//   Topic       an ordered record of messages by subject; durable consumers go on where they were, followers look
//   KeyValue    entries with revisions: compare-and-set, watch, an age after which an entry is gone
//
// Names, keys and subjects are checked (BUS_NAME_INVALID): tokens of letters, digits, _ and -, divided by dots.

export type Headers = Readonly<Record<string, string>>;

export interface Message {
  /** The same id again within the dedupe window is the same message. Letters, digits, _ and -. */
  id: string;
  body: Uint8Array;
  headers?: Headers;
}

export interface Published {
  /** True where a message of that id was there already. */
  duplicate: boolean;
}

export interface Delivery extends Required<Message> {
  subject: string;
  /** 1 for the first delivery. */
  attempt: number;
  published: Date;
  /** Aborted when the consumer stops at once; a handler that then throws has its message delivered again. */
  signal: AbortSignal;
}

/** Resolved: the effect is durable, and the message acked. Thrown: later again, or a dead letter (PermanentError). */
export type Handler = (delivery: Delivery) => Promise<void>;

export interface RetryPolicy {
  /** A message that nobody worked on for so long is delivered again. Work is reported as long as a handler runs. */
  ackWaitMs: number;
  maxAttempts: number;
  /** Before the second delivery, the third, ...; the last one stands for all that follow. */
  backoffMs: number[];
}

export const defaultRetryPolicy: RetryPolicy = {
  ackWaitMs: 30_000,
  maxAttempts: 5,
  backoffMs: [1_000, 5_000, 20_000, 60_000],
};

export interface ConsumeOptions {
  /** Takes no new messages once it is aborted. */
  signal: AbortSignal;
  /** Handlers at once; 1 unless told. */
  concurrency?: number;
  /** Aborts the handlers too. */
  abort?: AbortSignal;
}

export interface DeadLetter extends Required<Message> {
  /** Of a queue: its name; of a topic: the subject. */
  subject: string;
  attempts: number;
  code: string;
  reason: string;
  died: Date;
}

export interface DeadLetters {
  list(): Promise<DeadLetter[]>;
  /** Takes the letter out: whoever wants its message again publishes it under a new id. */
  take(id: string): Promise<DeadLetter | null>;
}

export interface QueueOptions extends Partial<RetryPolicy> {
  dedupeWindowMs?: number;
}

export interface WorkQueue {
  publish(message: Message): Promise<Published>;
  /** Works until the signal; resolves when the handlers under way have ended. Outlives the loss of the server. */
  consume(handler: Handler, options: ConsumeOptions): Promise<void>;
  readonly deadLetters: DeadLetters;
  /** Messages that wait or are worked on. */
  size(): Promise<number>;
}

export interface TopicOptions extends Partial<RetryPolicy> {
  dedupeWindowMs?: number;
  /** Messages kept for each subject; all unless told. */
  maxPerSubject?: number;
  maxAgeMs?: number;
}

export interface TopicMessage extends Required<Message> {
  subject: string;
  sequence: number;
  published: Date;
}

export interface FollowOptions {
  signal: AbortSignal;
  /** Only this subject, or with a dot at its end all below it; all unless told. */
  filter?: string;
  /** all: everything that is kept; latest: first the newest of each subject; new: only what comes. */
  from: 'all' | 'latest' | 'new';
}

export interface Topic {
  publish(subject: string, message: Message): Promise<Published & { sequence: number }>;
  /**
   * In order, one at a time over all consumers of that durable name; starts with what is kept. What cannot be handled
   * becomes a dead letter, and the next one follows.
   */
  consume(durable: string, handler: Handler, options: ConsumeOptions & { filter?: string }): Promise<void>;
  /** Without acks: for whoever only wants to know. Outlives the loss of the server, and then may repeat messages. */
  follow(options: FollowOptions): AsyncIterable<TopicMessage>;
  latest(subject: string): Promise<TopicMessage | null>;
  readonly deadLetters: DeadLetters;
}

export interface Entry {
  key: string;
  value: Uint8Array;
  /** Grows with every change of the bucket. */
  revision: number;
  changed: Date;
}

export interface KeyValueOptions {
  /** An entry that was not put again for so long is gone. Its end is not told to watchers: who needs it, looks. */
  ttlMs?: number;
}

export type Change = { key: string; entry: Entry | null };

export interface KeyValue {
  get(key: string): Promise<Entry | null>;
  /** Whatever is there. The revision. */
  put(key: string, value: Uint8Array): Promise<number>;
  /** Throws BUS_CONFLICT where the key is taken. */
  create(key: string, value: Uint8Array): Promise<number>;
  /** Throws BUS_CONFLICT where the entry has another revision, or is gone. */
  update(key: string, value: Uint8Array, revision: number): Promise<number>;
  /** With a revision: throws BUS_CONFLICT where the entry has another. */
  delete(key: string, revision?: number): Promise<void>;
  /** Of a key, or with a dot at its end all below it; all unless told. */
  entries(prefix?: string): Promise<Entry[]>;
  /** What is there, then each change, the newest of each key at least. Outlives the loss of the server. */
  watch(options: { signal: AbortSignal; prefix?: string }): AsyncIterable<Change>;
}

export interface Bus {
  /** For people. */
  readonly name: string;
  /** Bytes that a message may have. */
  readonly maxMessageBytes: number;
  /** Whether the server is there at the moment. */
  readonly connected: boolean;
  queue(name: string, options?: QueueOptions): Promise<WorkQueue>;
  topic(name: string, options?: TopicOptions): Promise<Topic>;
  keyValue(name: string, options?: KeyValueOptions): Promise<KeyValue>;
  close(): Promise<void>;
}
