import type { JobStage } from '@flash-slim/proto';
import { changed, hasEnded, type JobRecords } from './job-record.ts';

const periodMs = 1000;

/** Writes how far a job is into its record, at most once a second, and never in the way of the work. */
export class ProgressRecorder {
  readonly #records: JobRecords;
  readonly #id: string;
  readonly #worker: string;
  #stage: JobStage | null = null;
  #done = 0;
  #total = 0;
  #writtenAt = 0;
  #writing: Promise<unknown> | null = null;

  constructor(records: JobRecords, id: string, worker: string) {
    this.#records = records;
    this.#id = id;
    this.#worker = worker;
  }

  stage(stage: JobStage): void {
    if (stage === this.#stage) return;
    this.#stage = stage;
    this.#done = 0;
    this.#total = 0;
    this.#write();
  }

  report(done: number, total: number): void {
    this.#done = done;
    this.#total = total;
    if (Date.now() - this.#writtenAt >= periodMs || done === total) this.#write();
  }

  /** Until what is being written is written. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  #write(): void {
    if (this.#writing !== null || this.#stage === null) return;
    this.#writtenAt = Date.now();
    const stage = this.#stage;
    const now = { stage, done: this.#done, total: this.#total };
    this.#writing = this.#records
      .change(this.#id, (record) =>
        record.worker === this.#worker && !hasEnded(record.job) ? changed(record, now) : null,
      )
      // Progress that cannot be told is no failure of the job.
      .catch(() => {})
      .finally(() => {
        this.#writing = null;
        if (this.#stage !== stage) this.#write();
      });
  }
}
