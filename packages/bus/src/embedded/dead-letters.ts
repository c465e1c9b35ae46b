import type { DeadLetter, DeadLetters, Delivery } from '../bus.ts';
import type { Database } from './database.ts';

interface Row {
  id: string;
  subject: string;
  body: Uint8Array;
  headers: string;
  attempts: number;
  code: string;
  reason: string;
  at: number;
}

const letterOf = ({ at, headers, ...row }: Row): DeadLetter => ({
  ...row,
  headers: JSON.parse(headers),
  died: new Date(at),
});

const columns = 'id, subject, body, headers, attempts, code, reason, at';

export class EmbeddedDeadLetters implements DeadLetters {
  readonly #database: Database;
  readonly #scope: string;

  constructor(database: Database, scope: string) {
    this.#database = database;
    this.#scope = scope;
  }

  /** Within the caller's transaction. */
  bury({ id, subject, body, headers, attempt }: Delivery, code: string, reason: string): void {
    const values = [this.#scope, id, subject, body, JSON.stringify(headers), attempt, code, reason, Date.now()];
    this.#database.run('INSERT OR REPLACE INTO dead_letter VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)', ...values);
  }

  async list(): Promise<DeadLetter[]> {
    const rows = this.#database.all<Row>(`SELECT ${columns} FROM dead_letter WHERE scope = ? ORDER BY at`, this.#scope);
    return rows.map(letterOf);
  }

  async take(id: string): Promise<DeadLetter | null> {
    const sql = `DELETE FROM dead_letter WHERE scope = ? AND id = ? RETURNING ${columns}`;
    const row = this.#database.get<Row>(sql, this.#scope, id);
    return row === undefined ? null : letterOf(row);
  }
}
