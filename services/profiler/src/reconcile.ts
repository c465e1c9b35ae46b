// What no message would mend: a front that died between record and queue, a job whose workers all died with it.
import type { WorkQueue } from '@flash-slim/bus';
import { JobState } from '@flash-slim/proto';
import type { Logger } from '@flash-slim/telemetry';
import { enqueue } from './front.ts';
import { changed, hasEnded, type JobRecords } from './job-record.ts';

/** A record that is queued for so long is put into the queue again: where its message is still there, it is a duplicate in effect. */
const queuedTooLongMs = 10 * 60_000;

export async function reconcile(
  records: JobRecords,
  queue: WorkQueue,
  log: Logger,
  sinceStart: boolean,
): Promise<void> {
  const buried = new Map((await queue.deadLetters.list()).map((letter) => [letter.id, letter]));
  for (const { record } of await records.all()) {
    const { id, attempt, state, updateTime } = record.job;
    if (hasEnded(record.job)) continue;
    const letter = buried.get(`${id}-${attempt}`);
    if (letter !== undefined) {
      log.error({ job: id, code: letter.code }, 'job failed');
      const error = { code: letter.code, message: letter.reason, retryable: true };
      await records.change(id, (now) =>
        now.job.attempt === attempt && !hasEnded(now.job) ? changed(now, { state: JobState.FAILED, error }) : null,
      );
    } else if (
      state === JobState.QUEUED &&
      (sinceStart || Date.now() - (updateTime?.getTime() ?? 0) > queuedTooLongMs)
    ) {
      log.info({ job: id }, 'job is put into the queue again');
      await enqueue(queue, record);
    }
  }
}
