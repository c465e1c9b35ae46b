import { JetStreamApiError } from '@nats-io/jetstream';
import {
  AuthorizationError,
  ClosedConnectionError,
  DrainingConnectionError,
  PermissionViolationError,
  UserAuthenticationExpiredError,
} from '@nats-io/nats-core';
import { BusError } from '../error.ts';

const wrongSequence = new Set([10071, 10164]);

/** What the client throws, as a BusError; what is none of its errors, as it is. */
export function busError(error: unknown, about: string): unknown {
  if (error instanceof BusError || !(error instanceof Error)) return error;
  const options = { cause: error };
  const message = `${about}: ${error.message}`;
  if (error instanceof JetStreamApiError) {
    if (wrongSequence.has(error.code))
      return new BusError('BUS_CONFLICT', `${about} was changed by another; read it again`, options);
    // 10077: a message above the stream's limit. 503: no leader yet, or the server has not found its storage.
    if (error.code === 10077) return new BusError('MESSAGE_TOO_LARGE', message, options);
    return new BusError(error.status >= 500 ? 'BUS_UNAVAILABLE' : 'BUS_FAILED', message, options);
  }
  if (error instanceof ClosedConnectionError || error instanceof DrainingConnectionError)
    return new BusError('BUS_CLOSED', message, options);
  if (denied(error) || denied(error.cause))
    return new BusError('BUS_ACCESS_DENIED', `${message}; check the credentials and permissions`, options);
  // Timeouts, requests that nobody answers, a connection that is being made again.
  return new BusError('BUS_UNAVAILABLE', message, options);
}

const denied = (error: unknown): boolean =>
  error instanceof AuthorizationError ||
  error instanceof UserAuthenticationExpiredError ||
  error instanceof PermissionViolationError;

/** Runs a call of the client; `again` where it may be repeated: some seconds of a server that restarts are no failure. */
export async function call<T>(about: string, work: () => Promise<T>, again = true): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (cause) {
      const error = busError(cause, about);
      if (!again || attempt >= 4 || !(error instanceof BusError) || !error.retryable) throw error;
      await new Promise((resolve) => setTimeout(resolve, 250 * 2 ** attempt));
    }
  }
}

export const isNotFound = (error: unknown): boolean => error instanceof JetStreamApiError && error.status === 404;
