import { type KV, type KvEntry, Kvm } from '@nats-io/kv';
import type { Change, Entry, KeyValue, KeyValueOptions } from '../bus.ts';
import { BusError } from '../error.ts';
import { checkFilter, checkKey } from '../names.ts';
import { type Connected, checkSize } from './connection.ts';
import { call } from './errors.ts';
import { outlive } from './outlive.ts';

const entryOf = (entry: KvEntry): Entry | null =>
  entry.operation === 'PUT'
    ? { key: entry.key, value: entry.value, revision: entry.revision, changed: entry.created }
    : null;

const pattern = (prefix: string | undefined): string =>
  prefix === undefined ? '>' : prefix.endsWith('.') ? `${prefix}>` : prefix;

/** The bucket NAMESPACE_NAME. */
export class NatsKeyValue implements KeyValue {
  readonly #connected: Connected;
  readonly #bucket: KV;
  readonly #name: string;

  private constructor(connected: Connected, bucket: KV, name: string) {
    this.#connected = connected;
    this.#bucket = bucket;
    this.#name = name;
  }

  static async open(connected: Connected, name: string, { ttlMs }: KeyValueOptions): Promise<NatsKeyValue> {
    const full = `${connected.namespace}_${name}`;
    const kvm = new Kvm(connected.client);
    const bucket = await call(`bucket ${full}`, () =>
      kvm.create(full, { history: 1, ...(ttlMs !== undefined && { ttl: ttlMs }) }),
    );
    return new NatsKeyValue(connected, bucket, full);
  }

  async get(key: string): Promise<Entry | null> {
    checkKey(key);
    const entry = await this.#call(key, () => this.#bucket.get(key));
    return entry === null ? null : entryOf(entry);
  }

  async put(key: string, value: Uint8Array): Promise<number> {
    checkKey(key);
    checkSize(this.#connected.connection, value);
    return this.#call(key, () => this.#bucket.put(key, value));
  }

  async create(key: string, value: Uint8Array): Promise<number> {
    checkKey(key);
    checkSize(this.#connected.connection, value);
    return this.#conditional(key, value, () => this.#bucket.create(key, value));
  }

  async update(key: string, value: Uint8Array, revision: number): Promise<number> {
    checkKey(key);
    checkSize(this.#connected.connection, value);
    // NATS would take an update of the revision of a deletion.
    if ((await this.get(key))?.revision !== revision) throw conflict(this.#name, key);
    return this.#conditional(key, value, () => this.#bucket.update(key, value, revision));
  }

  async delete(key: string, revision?: number): Promise<void> {
    checkKey(key);
    const options = revision === undefined ? {} : { previousSeq: revision };
    await call(`${key} in ${this.#name}`, () => this.#bucket.delete(key, options), revision === undefined);
  }

  async entries(prefix?: string): Promise<Entry[]> {
    checkFilter(prefix);
    return this.#call(prefix ?? 'entries', async () => {
      const keys: string[] = [];
      for await (const key of await this.#bucket.keys(pattern(prefix))) keys.push(key);
      const entries = await Promise.all(keys.sort().map((key) => this.#bucket.get(key)));
      return entries.flatMap((entry) => (entry === null ? [] : (entryOf(entry) ?? [])));
    });
  }

  async *watch({ signal, prefix }: { signal: AbortSignal; prefix?: string }): AsyncIterable<Change> {
    checkFilter(prefix);
    const open = async () => {
      const messages = await this.#bucket.watch({ key: pattern(prefix) });
      return { messages, stop: () => messages.stop() };
    };
    for await (const entry of outlive(open, signal)) yield { key: entry.key, entry: entryOf(entry) };
  }

  #call<T>(key: string, work: () => Promise<T>): Promise<T> {
    return call(`${key} in ${this.#name}`, work);
  }

  /** Not repeated blindly: after an answer that was lost, the conflict may be with our own write. */
  async #conditional(key: string, value: Uint8Array, write: () => Promise<number>): Promise<number> {
    try {
      return await call(`${key} in ${this.#name}`, write, false);
    } catch (error) {
      if (!(error instanceof BusError) || !error.retryable) throw error;
      const entry = await this.get(key);
      if (entry !== null && Buffer.from(value).equals(entry.value)) return entry.revision;
      throw error;
    }
  }
}

const conflict = (bucket: string, key: string) =>
  new BusError('BUS_CONFLICT', `${key} in ${bucket} was changed by another; read it again`);
