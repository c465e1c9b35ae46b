// One GET, with what fetch leaves to its caller: a bound on redirects, credentials that stay with the host they are for, a
// time-out for silence, and the meaning of the status (RFC 9110, sections 10.2.3, 14 and 15).
import http from 'node:http';
import { CliError } from '../errors.ts';

/** The connection failed in a way that another attempt may mend. */
export class TransferBroken extends Error {
  /** As the server asked (Retry-After). */
  retryAfterMilliseconds = 0;
}

/** An answer that another attempt would not change: 401, 403, 404 ... */
export class RequestRefused extends CliError {
  readonly status: number;

  constructor(status: number, message: string) {
    super('DOWNLOAD_FAILED', message);
    this.status = status;
  }
}

/** What is there is not a beginning of the file as the server has it now. */
export class RangeRefused extends TransferBroken {}

export interface Answer {
  /** Where in the file the body begins. */
  offset: number;
  totalBytes: number | null;
  /** A strong ETag or a Last-Modified date, which If-Range takes; null if there is neither. */
  validator: string | null;
  /** Ends early, without an error, only if the server told no length. */
  body: AsyncIterable<Uint8Array>;
  close(): void;
}

export interface RequestOptions {
  offset: number;
  validator: string | null;
  stallMilliseconds: number;
  accept?: string | undefined;
  /** For the URL's own host only: no redirect to another takes it along. A URL's user:password@ is treated like it. */
  authorization?: string | undefined;
}

const maxRedirects = 5;
const longestRetryAfterMilliseconds = 60_000;

/** `url` without its user:password@, which fetch refuses and no message should show. */
export const withoutCredentials = (url: string): string => splitCredentials(url).url;

let proxyIsSet = false;

/** fetch asks no proxy by itself; HTTPS_PROXY, HTTP_PROXY and NO_PROXY say which. */
function useProxyOfEnvironment(): void {
  if (proxyIsSet) return;
  proxyIsSet = true;
  const { env } = process;
  if (env.HTTPS_PROXY || env.https_proxy || env.HTTP_PROXY || env.http_proxy) http.setGlobalProxyFromEnv?.();
}

export async function request(url: string, signal: AbortSignal, options: RequestOptions): Promise<Answer> {
  useProxyOfEnvironment();
  const watch = watchSilence(signal, options.stallMilliseconds);
  try {
    const target = splitCredentials(url);
    const authorization = options.authorization ?? target.authorization;
    const response = await follow(target.url, watch.signal, headersFor(options), authorization);
    watch.heard();
    return { ...readAnswer(target.url, response), body: heardBody(response, watch), close: watch.close };
  } catch (error) {
    watch.close();
    throw signal.aborted || error instanceof CliError ? error : asBroken(error);
  }
}

function splitCredentials(text: string): { url: string; authorization: string | undefined } {
  const url = new URL(text);
  if (url.username === '' && url.password === '') return { url: text, authorization: undefined };
  const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  url.username = '';
  url.password = '';
  return { url: url.href, authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
}

function headersFor({ offset, validator, accept }: RequestOptions): Record<string, string> {
  const headers: Record<string, string> = { 'accept-encoding': 'identity', 'user-agent': 'flash-slim' };
  if (accept !== undefined) headers.accept = accept;
  if (offset > 0) headers.range = `bytes=${offset}-`;
  if (offset > 0 && validator !== null) headers['if-range'] = validator;
  return headers;
}

async function follow(
  url: string,
  signal: AbortSignal,
  headers: Record<string, string>,
  authorization: string | undefined,
): Promise<Response> {
  let next = url;
  // Once left, the host gets it no more: who was redirected away and back is led by somebody else.
  let trusted = authorization;
  for (let redirects = 0; redirects <= maxRedirects; redirects++) {
    if (new URL(next).origin !== new URL(url).origin) trusted = undefined;
    const own = trusted === undefined ? headers : { ...headers, authorization: trusted };
    const response = await fetch(next, { signal, headers: own, redirect: 'manual' });
    const location = response.status >= 300 && response.status < 400 ? response.headers.get('location') : null;
    if (location === null) return response;
    await response.body?.cancel();
    if (!URL.canParse(location, next)) throw new CliError('DOWNLOAD_FAILED', `${next} redirects to '${location}'`);
    const target = new URL(location, next);
    if (target.protocol !== 'https:' && target.protocol !== new URL(next).protocol) {
      throw new CliError('DOWNLOAD_FAILED', `${next} redirects to ${target.protocol}//, which is not followed`);
    }
    next = withoutCredentials(target.href);
  }
  throw new CliError('DOWNLOAD_FAILED', `${url} redirects more than ${maxRedirects} times`);
}

function readAnswer(url: string, response: Response): Pick<Answer, 'offset' | 'totalBytes' | 'validator'> {
  const { status, headers } = response;
  if (status !== 200 && status !== 206) {
    const what = `${url} answered ${status} ${response.statusText}`.trimEnd();
    if (status === 416) throw new RangeRefused(what);
    if (status >= 500 || status === 408 || status === 429) {
      const broken = new TransferBroken(what);
      const seconds = toCount(headers.get('retry-after'));
      broken.retryAfterMilliseconds = Math.min(1000 * (seconds ?? 0), longestRetryAfterMilliseconds);
      throw broken;
    }
    throw new RequestRefused(status, what);
  }
  const etag = headers.get('etag');
  const validator = etag !== null && !etag.startsWith('W/') ? etag : headers.get('last-modified');
  if (status === 200) return { offset: 0, totalBytes: toCount(headers.get('content-length')), validator };
  const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(headers.get('content-range') ?? '');
  if (range === null) throw new TransferBroken(`${url} sent a part without saying which`);
  return { offset: Number(range[1]), totalBytes: Number(range[2]), validator };
}

const toCount = (text: string | null): number | null => (text !== null && /^\d+$/.test(text) ? Number(text) : null);

async function* heardBody(response: Response, watch: SilenceWatch): AsyncIterable<Uint8Array> {
  if (response.body === null) return;
  try {
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
      watch.heard();
      yield chunk;
      watch.heard(); // the time that the consumer took is not silence
    }
  } catch (error) {
    throw asBroken(error);
  }
}

interface SilenceWatch {
  signal: AbortSignal;
  heard(): void;
  close(): void;
}

/** A signal that follows `outer` and also fires when `heard` was not called for so long. */
function watchSilence(outer: AbortSignal, milliseconds: number): SilenceWatch {
  const controller = new AbortController();
  const timer = setTimeout(() => {
    controller.abort(new TransferBroken(`nothing arrived for ${milliseconds / 1000} s`));
  }, milliseconds);
  const onAbort = () => controller.abort(outer.reason);
  if (outer.aborted) onAbort();
  outer.addEventListener('abort', onAbort, { once: true });
  return {
    signal: controller.signal,
    heard: () => timer.refresh(),
    close: () => {
      clearTimeout(timer);
      outer.removeEventListener('abort', onAbort);
      controller.abort(new TransferBroken('closed')); // frees the connection; nobody waits for it any more
    },
  };
}

/** fetch says "fetch failed" and "terminated"; the cause beneath says why. */
function asBroken(error: unknown): TransferBroken {
  if (error instanceof TransferBroken) return error;
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return new TransferBroken(cause instanceof Error ? cause.message || cause.name : String(cause), { cause });
}
