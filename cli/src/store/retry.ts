// Patience with a network: what is broken is tried again, as long as it gets further now and then.
import { setTimeout as sleep } from 'node:timers/promises';
import { CliError } from '../errors.ts';
import type { Activity } from './activity.ts';
import { TransferBroken, withoutCredentials } from './http-request.ts';

export interface RetryOptions {
  /** Attempts in a row that bring nothing new. */
  attempts?: number;
  /** Wait before the second attempt; doubles up to 16 times that. */
  backoffMilliseconds?: number;
  /** Give an attempt up when nothing arrives for so long. */
  stallMilliseconds?: number;
}

/** `reached` tells how far the attempts have come. Throws DOWNLOAD_FAILED, and at once whatever is not TransferBroken. */
export async function retrying<T>(
  url: string,
  activity: Activity,
  { attempts = 6, backoffMilliseconds = 500 }: RetryOptions,
  { attempt, reached }: { attempt: () => Promise<T>; reached: () => number },
): Promise<T> {
  let furthest = 0;
  let fruitless = 0;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      activity.signal.throwIfAborted();
      if (!(error instanceof TransferBroken)) throw error;
      fruitless = reached() > furthest ? 1 : fruitless + 1;
      furthest = Math.max(furthest, reached());
      if (fruitless >= attempts) throw gaveUp(withoutCredentials(url), fruitless, error);
      const wait = Math.max(backoffMilliseconds * 2 ** Math.min(fruitless - 1, 4), error.retryAfterMilliseconds);
      activity.log(`${error.message}; trying again in ${wait / 1000} s`);
      await sleep(wait, undefined, { signal: activity.signal });
    }
  }
}

function gaveUp(url: string, attempts: number, cause: Error): CliError {
  const advice = 'run the command again to go on from there';
  return new CliError('DOWNLOAD_FAILED', `${url}: gave up after ${attempts} attempts (${cause.message}); ${advice}`, {
    cause,
  });
}
