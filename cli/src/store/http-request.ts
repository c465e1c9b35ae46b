// One GET, with what fetch leaves to its caller: a bound on redirects, a time-out for silence, and the meaning of the
// status (RFC 9110, sections 14 and 15).
import { CliError } from '../errors.ts';

/** The connection failed in a way that another attempt may mend. */
export class TransferBroken extends Error {}

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

interface RequestOptions {
  offset: number;
  validator: string | null;
  stallMilliseconds: number;
}

const maxRedirects = 5;

export async function request(url: string, signal: AbortSignal, options: RequestOptions): Promise<Answer> {
  const watch = watchSilence(signal, options.stallMilliseconds);
  try {
    const response = await follow(url, watch.signal, headersFor(options));
    watch.heard();
    return { ...readAnswer(url, response), body: heardBody(response, watch), close: watch.close };
  } catch (error) {
    watch.close();
    throw signal.aborted || error instanceof CliError ? error : asBroken(error);
  }
}

function headersFor({ offset, validator }: RequestOptions): Record<string, string> {
  const headers: Record<string, string> = { 'accept-encoding': 'identity', 'user-agent': 'flash-slim' };
  if (offset > 0) headers.range = `bytes=${offset}-`;
  if (offset > 0 && validator !== null) headers['if-range'] = validator;
  return headers;
}

async function follow(url: string, signal: AbortSignal, headers: Record<string, string>): Promise<Response> {
  let next = url;
  for (let redirects = 0; redirects <= maxRedirects; redirects++) {
    const response = await fetch(next, { signal, headers, redirect: 'manual' });
    const location = response.status >= 300 && response.status < 400 ? response.headers.get('location') : null;
    if (location === null) return response;
    await response.body?.cancel();
    if (!URL.canParse(location, next)) throw new CliError('DOWNLOAD_FAILED', `${next} redirects to '${location}'`);
    const target = new URL(location, next);
    if (target.protocol !== 'https:' && target.protocol !== new URL(next).protocol) {
      throw new CliError('DOWNLOAD_FAILED', `${next} redirects to ${target.protocol}//, which is not followed`);
    }
    next = target.href;
  }
  throw new CliError('DOWNLOAD_FAILED', `${url} redirects more than ${maxRedirects} times`);
}

function readAnswer(url: string, response: Response): Pick<Answer, 'offset' | 'totalBytes' | 'validator'> {
  const { status, headers } = response;
  if (status !== 200 && status !== 206) {
    const what = `${url} answered ${status} ${response.statusText}`.trimEnd();
    if (status === 416) throw new RangeRefused(what);
    if (status >= 500 || status === 408 || status === 429) throw new TransferBroken(what);
    throw new CliError('DOWNLOAD_FAILED', what);
  }
  const etag = headers.get('etag');
  const validator = etag !== null && !etag.startsWith('W/') ? etag : headers.get('last-modified');
  if (status === 200) return { offset: 0, totalBytes: toBytes(headers.get('content-length')), validator };
  const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(headers.get('content-range') ?? '');
  if (range === null) throw new TransferBroken(`${url} sent a part without saying which`);
  return { offset: Number(range[1]), totalBytes: Number(range[2]), validator };
}

const toBytes = (text: string | null): number | null => (text !== null && /^\d+$/.test(text) ? Number(text) : null);

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
