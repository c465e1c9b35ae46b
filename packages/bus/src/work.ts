// What happens to one delivery, whichever bus it came by: handler, then ack; or backoff; or a dead letter.
import { type Delivery, defaultRetryPolicy, type Handler, type RetryPolicy } from './bus.ts';
import { PermanentError } from './error.ts';

/** How a bus settles a delivery. Each is durable when it resolves, or throws and the message comes again by itself. */
export interface Settlement {
  ack(): Promise<void>;
  again(delayMs: number): Promise<void>;
  bury(code: string, reason: string): Promise<void>;
  working(): void;
}

export const retryPolicy = (options: Partial<RetryPolicy>): RetryPolicy => ({
  ackWaitMs: options.ackWaitMs ?? defaultRetryPolicy.ackWaitMs,
  maxAttempts: options.maxAttempts ?? defaultRetryPolicy.maxAttempts,
  backoffMs: options.backoffMs ?? defaultRetryPolicy.backoffMs,
});

export async function work(
  delivery: Delivery,
  handler: Handler,
  settlement: Settlement,
  policy: RetryPolicy,
): Promise<void> {
  // Its consumers were killed while they worked on it: they could not say so themselves.
  if (delivery.attempt > policy.maxAttempts)
    return settlement.bury('DELIVERED_TOO_OFTEN', `no consumer lived to finish it in ${policy.maxAttempts} deliveries`);
  const timer = setInterval(() => settlement.working(), policy.ackWaitMs / 3);
  try {
    await handler(delivery);
  } catch (error) {
    clearInterval(timer);
    const { code = 'INTERNAL', message } = error as { code?: string; message: string };
    if (delivery.signal.aborted) return settlement.again(0);
    if (error instanceof PermanentError || delivery.attempt >= policy.maxAttempts)
      return settlement.bury(code, message);
    return settlement.again(policy.backoffMs[Math.min(delivery.attempt, policy.backoffMs.length) - 1] ?? 0);
  } finally {
    clearInterval(timer);
  }
  await settlement.ack();
}
