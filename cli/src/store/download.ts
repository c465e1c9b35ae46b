// HTTP download that survives interruptions. PARTIAL holds the bytes so far, PARTIAL.json what they are the beginning of.
// A download goes on only where the server proves that the file is still the same (If-Range with a strong validator), or
// where a checksum will prove it at the end; otherwise it starts over.
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { releaseBinaryPages } from '@flash-slim/native';
import type { Progress } from '../progress.ts';
import type { Activity } from './activity.ts';
import { requireSpace } from './disk-space.ts';
import { writePast } from './file-stream.ts';
import { type Answer, RangeRefused, request, TransferBroken, withoutCredentials } from './http-request.ts';
import { type RetryOptions, retrying } from './retry.ts';

export interface DownloadOptions extends RetryOptions {
  /** The caller checks the file's SHA-256 afterwards, so that going on needs no validator. */
  willBeChecked: boolean;
  authorization?: string | undefined;
  /** Asked before the first byte is written, with the bytes that are still to come; refuses by throwing. */
  admit?: ((bytes: number) => Promise<void>) | undefined;
}

/** What the bytes so far are the beginning of. */
interface Beginning {
  url: string;
  validator: string | null;
  totalBytes: number | null;
}

const spaceCheckBytes = 64 << 20;

/** Returns when `partial` is whole: the caller checks it and gives it its name. Failing, leaves it to be resumed. */
export async function download(
  url: string,
  partial: string,
  activity: Activity,
  options: DownloadOptions,
): Promise<void> {
  const transfer = new Transfer(url, partial, activity, options);
  try {
    await retrying(url, activity, options, {
      attempt: () => transfer.attempt(),
      reached: () => transfer.doneBytes,
    });
  } finally {
    transfer.progress?.stop();
  }
}

/** Removes what a download left behind. */
export async function discardPartial(partial: string): Promise<void> {
  await rm(partial, { force: true });
  await rm(`${partial}.json`, { force: true });
}

class Transfer {
  doneBytes = 0;
  progress: Progress | null = null;
  private readonly url: string;
  private readonly partial: string;
  private readonly activity: Activity;
  private readonly options: DownloadOptions;

  constructor(url: string, partial: string, activity: Activity, options: DownloadOptions) {
    this.url = url;
    this.partial = partial;
    this.activity = activity;
    this.options = options;
  }

  /** One request, from where the last one stopped; returns when the file is whole. */
  async attempt(): Promise<void> {
    const beginning = await this.readBeginning();
    const have = beginning === null ? 0 : await sizeOf(this.partial);
    if (have > 0 && have === beginning?.totalBytes) return;
    try {
      const answer = await request(this.url, this.activity.signal, {
        offset: have,
        validator: beginning?.validator ?? null,
        stallMilliseconds: this.options.stallMilliseconds ?? 30_000,
        authorization: this.options.authorization,
      });
      try {
        // From 0 although more was asked for: the file has changed, or the server knows no ranges.
        const goesOn = answer.offset === have && (have === 0 || answer.totalBytes === beginning?.totalBytes);
        if (!goesOn && answer.offset !== 0)
          throw new RangeRefused(`${withoutCredentials(this.url)} has changed its size`);
        await this.receive(answer);
      } finally {
        answer.close();
      }
    } catch (error) {
      if (error instanceof RangeRefused) await discardPartial(this.partial);
      throw error;
    }
  }

  private async receive(answer: Answer): Promise<void> {
    const { offset, totalBytes, validator } = answer;
    const toCome = (totalBytes ?? offset + spaceCheckBytes) - offset;
    await requireSpace(dirname(this.partial), toCome);
    await this.options.admit?.(toCome);
    if (offset === 0) {
      await discardPartial(this.partial);
      const beginning: Beginning = { url: withoutCredentials(this.url), validator, totalBytes };
      await writeFile(`${this.partial}.json`, JSON.stringify(beginning));
    }
    this.doneBytes = offset;
    releaseBinaryPages(); // of making the connection: TLS and HTTP are loaded and compiled for it
    this.progress ??= this.activity.progress('downloading', totalBytes, 'bytes');
    await writePast(this.counted(answer), this.partial, { start: offset, signal: this.activity.signal });
    if (totalBytes !== null && this.doneBytes !== totalBytes) {
      throw new TransferBroken(`the connection ended at ${this.doneBytes} of ${totalBytes} bytes`);
    }
  }

  private async *counted({ body, totalBytes, offset }: Answer): AsyncGenerator<Uint8Array> {
    let nextSpaceCheck = offset + spaceCheckBytes;
    for await (const bytes of body) {
      yield bytes;
      this.doneBytes += bytes.length;
      this.progress?.update(this.doneBytes);
      if (totalBytes !== null || this.doneBytes < nextSpaceCheck) continue;
      // A server that tells no length could send for ever.
      await requireSpace(dirname(this.partial), spaceCheckBytes);
      await this.options.admit?.(spaceCheckBytes);
      nextSpaceCheck = this.doneBytes + spaceCheckBytes;
    }
  }

  private async readBeginning(): Promise<Beginning | null> {
    try {
      const beginning = JSON.parse(await readFile(`${this.partial}.json`, 'utf8')) as Beginning;
      const provable = beginning.validator !== null || this.options.willBeChecked;
      return beginning.url === withoutCredentials(this.url) && provable && beginning.totalBytes !== null
        ? beginning
        : null;
    } catch {
      return null;
    }
  }
}

const sizeOf = async (path: string): Promise<number> => (await stat(path).catch(() => null))?.size ?? 0;
