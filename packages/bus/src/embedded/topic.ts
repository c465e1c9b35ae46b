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
import { retryPolicy, work } from '../work.ts';
import { checkSize, type Database } from './database.ts';
import { EmbeddedDeadLetters } from './dead-letters.ts';
import type { Doorbell } from './doorbell.ts';

interface Row {
  sequence: number;
  subject: string;
  id: string;
  body: Uint8Array;
  headers: string;
  at: number;
}

const columns = 'sequence, subject, id, body, headers, at';
const messageOf = ({ at, headers, ...row }: Row): TopicMessage => ({
  ...row,
  headers: JSON.parse(headers),
  published: new Date(at),
});

export class EmbeddedTopic implements Topic {
  readonly deadLetters: EmbeddedDeadLetters;
  readonly #database: Database;
  readonly #bell: Doorbell;
  readonly #name: string;
  readonly #scope: string;
  readonly #policy: RetryPolicy;
  readonly #options: TopicOptions;
  /** One message at a time for each durable consumer, however many consume under its name. */
  readonly #busy = new Set<string>();

  constructor(database: Database, bell: Doorbell, name: string, options: TopicOptions) {
    this.#database = database;
    this.#bell = bell;
    this.#name = name;
    this.#scope = `topic ${name}`;
    this.#policy = retryPolicy(options);
    this.#options = options;
    this.deadLetters = new EmbeddedDeadLetters(database, this.#scope);
  }

  async publish(subject: string, { id, body, headers = {} }: Message): Promise<Published & { sequence: number }> {
    checkKey(subject);
    checkName(id);
    checkSize(body);
    const database = this.#database;
    const outcome = database.transaction(() => {
      if (!database.isNew(this.#scope, id, this.#options.dedupeWindowMs ?? 120_000)) {
        const sql = 'SELECT sequence FROM seen WHERE scope = ? AND id = ?';
        const sequence = database.get<{ sequence: number }>(sql, this.#scope, id)?.sequence ?? 0;
        return { duplicate: true, sequence };
      }
      const { lastId: sequence } = database.run(
        'INSERT INTO topic_message (topic, subject, id, body, headers, at) VALUES (?, ?, ?, ?, ?, ?)',
        ...[this.#name, subject, id, body, JSON.stringify(headers), Date.now()],
      );
      database.run('UPDATE seen SET sequence = ? WHERE scope = ? AND id = ?', sequence, this.#scope, id);
      this.#trim(subject);
      return { duplicate: false, sequence };
    });
    if (!outcome.duplicate) this.#bell.ring(this.#scope);
    return outcome;
  }

  async consume(durable: string, handler: Handler, options: ConsumeOptions & { filter?: string }): Promise<void> {
    checkName(durable);
    checkFilter(options.filter);
    const { signal, filter } = options;
    this.#database.run('INSERT OR IGNORE INTO cursor VALUES (?, ?, 0, 0, 0)', this.#name, durable);
    while (!signal.aborted) {
      const cursor = this.#cursor(durable);
      const row = this.#busy.has(durable) ? undefined : this.#next(cursor.sequence, filter);
      const waitMs = row === undefined ? 60_000 : cursor.ready_at - Date.now();
      if (row === undefined || waitMs > 0) {
        await this.#bell.wait(this.#scope, Math.max(1, waitMs), signal);
        continue;
      }
      this.#busy.add(durable);
      try {
        await this.#handle(durable, row, cursor.attempts + 1, handler, options.abort ?? new AbortController().signal);
      } finally {
        this.#busy.delete(durable);
        this.#bell.ring(this.#scope);
      }
    }
  }

  async *follow({ signal, filter, from }: FollowOptions): AsyncIterable<TopicMessage> {
    checkFilter(filter);
    let last = this.#last();
    if (from === 'latest') {
      for (const row of this.#newestOfEach(filter)) if (row.sequence <= last) yield messageOf(row);
    } else if (from === 'all') last = 0;
    while (!signal.aborted) {
      const row = this.#next(last, filter);
      if (row === undefined) await this.#bell.wait(this.#scope, 60_000, signal);
      else {
        last = row.sequence;
        yield messageOf(row);
      }
    }
  }

  async latest(subject: string): Promise<TopicMessage | null> {
    checkKey(subject);
    const sql = `SELECT ${columns} FROM topic_message WHERE topic = ? AND subject = ? AND at >= ? ORDER BY sequence DESC LIMIT 1`;
    const row = this.#database.get<Row>(sql, this.#name, subject, this.#oldest());
    return row === undefined ? null : messageOf(row);
  }

  #cursor(durable: string): { sequence: number; attempts: number; ready_at: number } {
    const sql = 'SELECT sequence, attempts, ready_at FROM cursor WHERE topic = ? AND durable = ?';
    return this.#database.get(sql, this.#name, durable) as { sequence: number; attempts: number; ready_at: number };
  }

  #oldest(): number {
    return this.#options.maxAgeMs === undefined ? 0 : Date.now() - this.#options.maxAgeMs;
  }

  #last(): number {
    const sql = 'SELECT max(sequence) AS last FROM topic_message WHERE topic = ?';
    return this.#database.get<{ last: number | null }>(sql, this.#name)?.last ?? 0;
  }

  #next(after: number, filter: string | undefined): Row | undefined {
    const sql = `SELECT ${columns} FROM topic_message WHERE topic = ? AND sequence > ? AND at >= ? AND ${matching} ORDER BY sequence LIMIT 1`;
    return this.#database.get<Row>(sql, this.#name, after, this.#oldest(), ...matched(filter));
  }

  #newestOfEach(filter: string | undefined): Row[] {
    const sql = `SELECT ${columns} FROM topic_message WHERE sequence IN
      (SELECT max(sequence) FROM topic_message WHERE topic = ? AND at >= ? AND ${matching} GROUP BY subject) ORDER BY sequence`;
    return this.#database.all<Row>(sql, this.#name, this.#oldest(), ...matched(filter));
  }

  #trim(subject: string): void {
    const { maxPerSubject } = this.#options;
    this.#database.run('DELETE FROM topic_message WHERE topic = ? AND at < ?', this.#name, this.#oldest());
    if (maxPerSubject === undefined) return;
    this.#database.run(
      `DELETE FROM topic_message WHERE topic = ?1 AND subject = ?2 AND sequence NOT IN
         (SELECT sequence FROM topic_message WHERE topic = ?1 AND subject = ?2 ORDER BY sequence DESC LIMIT ?3)`,
      ...[this.#name, subject, maxPerSubject],
    );
  }

  async #handle(durable: string, row: Row, attempt: number, handler: Handler, signal: AbortSignal): Promise<void> {
    const { id, subject, body, headers, published } = messageOf(row);
    const delivery = { id, subject, body, headers, published, attempt, signal };
    const database = this.#database;
    const at = (sequence: number, attempts: number, readyAt: number) =>
      void database.run(
        'UPDATE cursor SET sequence = ?, attempts = ?, ready_at = ? WHERE topic = ? AND durable = ?',
        ...[sequence, attempts, readyAt, this.#name, durable],
      );
    // Counted before the work: a consumer that is killed by it must not try for ever.
    at(row.sequence - 1, attempt, 0);
    await work(
      delivery,
      handler,
      {
        ack: async () => at(row.sequence, 0, 0),
        again: async (delayMs) => at(row.sequence - 1, attempt, Date.now() + delayMs),
        bury: async (code, reason) =>
          database.transaction(() => {
            this.deadLetters.bury(delivery, code, reason);
            at(row.sequence, 0, 0);
          }),
        working: () => {},
      },
      this.#policy,
    );
  }
}

const matching = '(subject = ? OR substr(subject, 1, length(?)) = ?)';

function matched(filter: string | undefined): [string, string, string] {
  // '' is the beginning of every subject; a subject of its own is no beginning, so nothing may match there.
  if (filter === undefined) return ['', '', ''];
  return filter.endsWith('.') ? ['', filter, filter] : [filter, '.', ' '];
}
