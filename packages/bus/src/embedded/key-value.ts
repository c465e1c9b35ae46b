import type { Change, Entry, KeyValue, KeyValueOptions } from '../bus.ts';
import { BusError } from '../error.ts';
import { checkFilter, checkKey, matches } from '../names.ts';
import { checkSize, type Database } from './database.ts';
import type { Doorbell } from './doorbell.ts';

interface Row {
  key: string;
  value: Uint8Array;
  revision: number;
  at: number;
}

const entryOf = ({ at, ...row }: Row): Entry => ({ ...row, changed: new Date(at) });

export class EmbeddedKeyValue implements KeyValue {
  readonly #database: Database;
  readonly #bell: Doorbell;
  readonly #bucket: string;
  readonly #scope: string;
  readonly #ttlMs: number | undefined;
  /** Keys that changed, for each watcher that did not look yet. */
  readonly #watchers = new Set<Set<string>>();

  constructor(database: Database, bell: Doorbell, bucket: string, options: KeyValueOptions) {
    this.#database = database;
    this.#bell = bell;
    this.#bucket = bucket;
    this.#scope = `bucket ${bucket}`;
    this.#ttlMs = options.ttlMs;
  }

  async get(key: string): Promise<Entry | null> {
    return this.#entry(checkKey(key));
  }

  async put(key: string, value: Uint8Array): Promise<number> {
    checkKey(key);
    return this.#write(key, value, () => true);
  }

  async create(key: string, value: Uint8Array): Promise<number> {
    checkKey(key);
    return this.#write(key, value, (entry) => entry === null);
  }

  async update(key: string, value: Uint8Array, revision: number): Promise<number> {
    checkKey(key);
    return this.#write(key, value, (entry) => entry?.revision === revision);
  }

  async delete(key: string, revision?: number): Promise<void> {
    checkKey(key);
    this.#database.transaction(() => {
      if (revision !== undefined && this.#entry(key)?.revision !== revision) throw conflict(this.#bucket, key);
      this.#database.run('DELETE FROM entry WHERE bucket = ? AND key = ?', this.#bucket, key);
    });
    this.#changed(key);
  }

  async entries(prefix?: string): Promise<Entry[]> {
    checkFilter(prefix);
    const sql = 'SELECT key, value, revision, at FROM entry WHERE bucket = ? AND at >= ? ORDER BY key';
    const rows = this.#database.all<Row>(sql, this.#bucket, this.#oldest());
    return rows.filter(({ key }) => matches(prefix, key)).map(entryOf);
  }

  async *watch({ signal, prefix }: { signal: AbortSignal; prefix?: string }): AsyncIterable<Change> {
    checkFilter(prefix);
    const changed = new Set<string>();
    this.#watchers.add(changed);
    try {
      for (const entry of await this.entries(prefix)) yield { key: entry.key, entry };
      while (!signal.aborted) {
        const [key] = changed;
        if (key === undefined) {
          await this.#bell.wait(this.#scope, 60_000, signal);
          continue;
        }
        changed.delete(key);
        if (matches(prefix, key)) yield { key, entry: this.#entry(key) };
      }
    } finally {
      this.#watchers.delete(changed);
    }
  }

  #entry(key: string): Entry | null {
    const sql = 'SELECT key, value, revision, at FROM entry WHERE bucket = ? AND key = ? AND at >= ?';
    const row = this.#database.get<Row>(sql, this.#bucket, key, this.#oldest());
    return row === undefined ? null : entryOf(row);
  }

  #oldest(): number {
    return this.#ttlMs === undefined ? 0 : Date.now() - this.#ttlMs;
  }

  #write(key: string, value: Uint8Array, allowed: (entry: Entry | null) => boolean): number {
    checkSize(value);
    const database = this.#database;
    const revision = database.transaction(() => {
      if (!allowed(this.#entry(key))) throw conflict(this.#bucket, key);
      const { last } = database.get<{ last: number }>('UPDATE revision SET last = last + 1 RETURNING last') as {
        last: number;
      };
      database.run('INSERT OR REPLACE INTO entry VALUES (?, ?, ?, ?, ?)', this.#bucket, key, value, last, Date.now());
      return last;
    });
    this.#changed(key);
    return revision;
  }

  #changed(key: string): void {
    for (const changed of this.#watchers) changed.add(key);
    this.#bell.ring(this.#scope);
  }
}

const conflict = (bucket: string, key: string) =>
  new BusError('BUS_CONFLICT', `${key} in ${bucket} was changed by another; read it again`);
