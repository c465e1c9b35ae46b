import type { ConsumeOptions, Handler, Message, Published, QueueOptions, RetryPolicy, WorkQueue } from '../bus.ts';
import { checkName } from '../names.ts';
import { retryPolicy, work } from '../work.ts';
import { checkSize, type Database } from './database.ts';
import { EmbeddedDeadLetters } from './dead-letters.ts';
import type { Doorbell } from './doorbell.ts';

interface Row {
  sequence: number;
  id: string;
  body: Uint8Array;
  headers: string;
  at: number;
  attempts: number;
}

/** A message that is worked on is one that is ready again only after ackWaitMs. */
export class EmbeddedQueue implements WorkQueue {
  readonly deadLetters: EmbeddedDeadLetters;
  readonly #database: Database;
  readonly #bell: Doorbell;
  readonly #name: string;
  readonly #scope: string;
  readonly #policy: RetryPolicy;
  readonly #dedupeWindowMs: number;

  constructor(database: Database, bell: Doorbell, name: string, options: QueueOptions) {
    this.#database = database;
    this.#bell = bell;
    this.#name = name;
    this.#scope = `queue ${name}`;
    this.#policy = retryPolicy(options);
    this.#dedupeWindowMs = options.dedupeWindowMs ?? 120_000;
    this.deadLetters = new EmbeddedDeadLetters(database, this.#scope);
  }

  async publish({ id, body, headers = {} }: Message): Promise<Published> {
    checkName(id);
    checkSize(body);
    const isNew = this.#database.transaction(() => {
      if (!this.#database.isNew(this.#scope, id, this.#dedupeWindowMs)) return false;
      this.#database.run(
        'INSERT INTO queue_message (queue, id, body, headers, at, attempts, ready_at) VALUES (?, ?, ?, ?, ?, 0, 0)',
        ...[this.#name, id, body, JSON.stringify(headers), Date.now()],
      );
      return true;
    });
    if (isNew) this.#bell.ring(this.#scope);
    return { duplicate: !isNew };
  }

  async consume(handler: Handler, { signal, abort, concurrency = 1 }: ConsumeOptions): Promise<void> {
    const lane = async () => {
      while (!signal.aborted) {
        const row = this.#take();
        if (row === undefined) await this.#bell.wait(this.#scope, this.#untilReady(), signal);
        else await this.#handle(row, handler, abort ?? new AbortController().signal);
      }
    };
    await Promise.all(Array.from({ length: concurrency }, lane));
  }

  async size(): Promise<number> {
    const sql = 'SELECT count(*) AS count FROM queue_message WHERE queue = ?';
    return this.#database.get<{ count: number }>(sql, this.#name)?.count ?? 0;
  }

  #take(): Row | undefined {
    const now = Date.now();
    return this.#database.get<Row>(
      `UPDATE queue_message SET attempts = attempts + 1, ready_at = ? WHERE sequence =
         (SELECT sequence FROM queue_message WHERE queue = ? AND ready_at <= ? ORDER BY sequence LIMIT 1)
       RETURNING sequence, id, body, headers, at, attempts`,
      ...[now + this.#policy.ackWaitMs, this.#name, now],
    );
  }

  #untilReady(): number {
    const sql = 'SELECT min(ready_at) AS at FROM queue_message WHERE queue = ?';
    const at = this.#database.get<{ at: number | null }>(sql, this.#name)?.at;
    return at === null || at === undefined ? 60_000 : Math.max(1, at - Date.now());
  }

  async #handle(row: Row, handler: Handler, signal: AbortSignal): Promise<void> {
    const delivery = {
      id: row.id,
      subject: this.#name,
      body: row.body,
      headers: JSON.parse(row.headers),
      attempt: row.attempts,
      published: new Date(row.at),
      signal,
    };
    const database = this.#database;
    const remove = () => database.run('DELETE FROM queue_message WHERE sequence = ?', row.sequence);
    const readyIn = (ms: number) =>
      database.run('UPDATE queue_message SET ready_at = ? WHERE sequence = ?', Date.now() + ms, row.sequence);
    const settlement = {
      ack: async () => void remove(),
      again: async (delayMs: number) => {
        readyIn(delayMs);
        this.#bell.ring(this.#scope);
      },
      bury: async (code: string, reason: string) =>
        database.transaction(() => {
          this.deadLetters.bury(delivery, code, reason);
          remove();
        }),
      working: () => void readyIn(this.#policy.ackWaitMs),
    };
    await work(delivery, handler, settlement, this.#policy);
  }
}
