// The tables of the in-process bus. SQLite, so that what was acknowledged is there after a crash, without a format of ours.
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { BusError } from '../error.ts';

/** What a NATS server takes unless it is told otherwise: what works here works there. */
export const maxMessageBytes = 1 << 20;

export function checkSize(body: Uint8Array): Uint8Array {
  if (body.length <= maxMessageBytes) return body;
  throw new BusError('MESSAGE_TOO_LARGE', `the message has ${body.length} bytes, and the bus takes ${maxMessageBytes}`);
}

const tables = `
  CREATE TABLE IF NOT EXISTS seen (scope TEXT, id TEXT, at INTEGER, sequence INTEGER, PRIMARY KEY (scope, id)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS queue_message (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT, id TEXT, body BLOB, headers TEXT, at INTEGER,
    attempts INTEGER, ready_at INTEGER);
  CREATE INDEX IF NOT EXISTS queue_order ON queue_message (queue, ready_at, sequence);
  CREATE TABLE IF NOT EXISTS topic_message (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT, subject TEXT, id TEXT, body BLOB, headers TEXT, at INTEGER);
  CREATE INDEX IF NOT EXISTS topic_order ON topic_message (topic, sequence);
  CREATE INDEX IF NOT EXISTS topic_subject ON topic_message (topic, subject, sequence);
  CREATE TABLE IF NOT EXISTS cursor (
    topic TEXT, durable TEXT, sequence INTEGER, attempts INTEGER, ready_at INTEGER, PRIMARY KEY (topic, durable));
  CREATE TABLE IF NOT EXISTS dead_letter (
    scope TEXT, id TEXT, subject TEXT, body BLOB, headers TEXT, attempts INTEGER, code TEXT, reason TEXT, at INTEGER,
    PRIMARY KEY (scope, id));
  CREATE TABLE IF NOT EXISTS entry (bucket TEXT, key TEXT, value BLOB, revision INTEGER, at INTEGER, PRIMARY KEY (bucket, key));
  CREATE TABLE IF NOT EXISTS revision (last INTEGER);
  INSERT INTO revision SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM revision);
  UPDATE queue_message SET ready_at = 0 WHERE ready_at > 0;
  UPDATE cursor SET ready_at = 0;
`;

export class Database {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  /** `path`: a file, or ":memory:". Throws BUS_MISCONFIGURED, also where another process has it open. */
  constructor(path: string) {
    try {
      if (path !== ':memory:') mkdirSync(dirname(path), { recursive: true });
      this.#database = new DatabaseSync(path);
      // EXCLUSIVE: one process owns the file. A second one would not be woken by the first one's messages.
      this.#database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
      this.#database.exec(tables);
    } catch (cause) {
      const { message } = cause as Error;
      const advice = message.includes('locked')
        ? 'another process uses it; stop that one, or give another directory'
        : message;
      throw new BusError('BUS_MISCONFIGURED', `cannot use ${path} for the bus: ${advice}`, { cause });
    }
  }

  run(sql: string, ...values: SQLInputValue[]): { changes: number; lastId: number } {
    const { changes, lastInsertRowid } = this.#prepare(sql).run(...values);
    return { changes: Number(changes), lastId: Number(lastInsertRowid) };
  }

  get<Row>(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#prepare(sql).get(...values) as Row | undefined;
  }

  all<Row>(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#prepare(sql).all(...values) as Row[];
  }

  /** All of `work` or nothing. */
  transaction<T>(work: () => T): T {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#database.exec('COMMIT');
      return result;
    } catch (error) {
      this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  /** True the first time that an id is seen within the window. */
  isNew(scope: string, id: string, windowMs: number, sequence = 0): boolean {
    const now = Date.now();
    this.run('DELETE FROM seen WHERE scope = ? AND at < ?', scope, now - windowMs);
    return this.run('INSERT OR IGNORE INTO seen VALUES (?, ?, ?, ?)', scope, id, now, sequence).changes === 1;
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }

  #prepare(sql: string): StatementSync {
    if (!this.#database.isOpen) throw new BusError('BUS_CLOSED', 'the bus is closed');
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}
