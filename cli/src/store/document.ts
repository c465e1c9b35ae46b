// A small document from the web: an index page, a description.
import { CliError } from '../errors.ts';
import type { Activity } from './activity.ts';
import { request, withoutCredentials } from './http-request.ts';
import { type RetryOptions, retrying } from './retry.ts';

export interface DocumentOptions extends RetryOptions {
  accept: string;
  authorization?: string | undefined;
  maxBytes: number;
}

/** The document's text. Throws DOWNLOAD_FAILED. */
export async function fetchDocument(url: string, activity: Activity, options: DocumentOptions): Promise<string> {
  const { accept, authorization, maxBytes, stallMilliseconds = 30_000 } = options;
  const attempt = async (): Promise<string> => {
    const asked = { offset: 0, validator: null, stallMilliseconds, accept, authorization };
    const answer = await request(url, activity.signal, asked);
    try {
      const pieces: Uint8Array[] = [];
      let bytes = 0;
      for await (const piece of answer.body) {
        bytes += piece.length;
        if (bytes > maxBytes)
          throw new CliError('DOWNLOAD_FAILED', `${withoutCredentials(url)} sends more than ${maxBytes} bytes`);
        pieces.push(piece);
      }
      return Buffer.concat(pieces).toString('utf8');
    } finally {
      answer.close();
    }
  };
  return await retrying(url, activity, options, { attempt, reached: () => 0 });
}
