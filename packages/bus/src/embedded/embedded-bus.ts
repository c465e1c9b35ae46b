// The bus of one process: the same promises as NATS, kept by a SQLite file. Nothing here waits for anybody else.
import type { Bus, KeyValue, KeyValueOptions, QueueOptions, Topic, TopicOptions, WorkQueue } from '../bus.ts';
import { checkName } from '../names.ts';
import { Database, maxMessageBytes } from './database.ts';
import { Doorbell } from './doorbell.ts';
import { EmbeddedKeyValue } from './key-value.ts';
import { EmbeddedQueue } from './queue.ts';
import { EmbeddedTopic } from './topic.ts';

export class EmbeddedBus implements Bus {
  readonly name: string;
  readonly maxMessageBytes = maxMessageBytes;
  readonly connected = true;
  readonly #database: Database;
  readonly #bell = new Doorbell();
  readonly #buckets = new Map<string, EmbeddedKeyValue>();
  readonly #topics = new Map<string, EmbeddedTopic>();

  /** `path`: a SQLite file, or ":memory:" for what need not outlive the process. Throws BUS_MISCONFIGURED. */
  constructor(path: string) {
    this.name = path;
    this.#database = new Database(path);
  }

  async queue(name: string, options: QueueOptions = {}): Promise<WorkQueue> {
    return new EmbeddedQueue(this.#database, this.#bell, checkName(name), options);
  }

  async topic(name: string, options: TopicOptions = {}): Promise<Topic> {
    return kept(this.#topics, checkName(name), () => new EmbeddedTopic(this.#database, this.#bell, name, options));
  }

  async keyValue(name: string, options: KeyValueOptions = {}): Promise<KeyValue> {
    return kept(this.#buckets, checkName(name), () => new EmbeddedKeyValue(this.#database, this.#bell, name, options));
  }

  async close(): Promise<void> {
    this.#database.close();
  }
}

/** One object for each name: it knows who watches, and who is at work. */
function kept<T>(map: Map<string, T>, name: string, make: () => T): T {
  const there = map.get(name);
  if (there !== undefined) return there;
  const made = make();
  map.set(name, made);
  return made;
}
