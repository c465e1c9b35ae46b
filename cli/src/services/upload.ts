// A model file to the object store: by digest, in parts, going on where an earlier try broke off.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { type CreateUploadResponse, ProfilerServiceDefinition } from '@flash-slim/proto';
import type { RpcConnection } from '@flash-slim/rpc';
import type { Context } from '../context.ts';
import { CliError } from '../errors.ts';

/** Answers what SubmitJob takes as source. */
export async function uploadModel(
  context: Context,
  profiler: RpcConnection,
  path: string,
): Promise<{ source: string; sha256: string }> {
  const { size: bytes } = await stat(path);
  const sha256 = await digestOf(context, path, bytes);
  const client = profiler.client(ProfilerServiceDefinition);
  const { source, parts }: CreateUploadResponse = await client.createUpload(
    { sha256, bytes },
    { signal: context.signal },
  );
  const missing = parts.filter(({ done }) => !done);
  if (missing.length === 0) return { source, sha256 };
  const file = await open(path, 'r');
  const progress = context.progress('uploading', bytes, 'bytes');
  let sent = bytes - missing.reduce((sum, part) => sum + part.bytes, 0);
  try {
    for (const part of missing) {
      const body = Buffer.alloc(part.bytes);
      const { bytesRead } = await file.read(body, 0, part.bytes, part.offset);
      if (bytesRead < part.bytes)
        throw new CliError('SOURCE_CHANGED', `${path} has become shorter while it was uploaded; submit it again`);
      await putPart(context, part.url, body);
      sent += part.bytes;
      progress.update(sent);
    }
  } finally {
    progress.stop();
    await file.close();
  }
  return { source, sha256 };
}

const attempts = 5;

async function putPart(context: Context, url: string, body: Buffer): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      const response = await fetch(url, { method: 'PUT', body: new Uint8Array(body), signal: context.signal });
      const text = await response.text();
      if (response.ok) return;
      if (response.status < 500 || attempt >= attempts)
        throw new CliError(
          'UPLOAD_FAILED',
          `the store refused a part with HTTP ${response.status}: ${text.slice(0, 200).trim()}`,
        );
    } catch (error) {
      context.signal.throwIfAborted();
      if (error instanceof CliError) throw error;
      if (attempt >= attempts)
        throw new CliError(
          'UPLOAD_FAILED',
          `cannot send a part to ${new URL(url).origin}: ${(error as Error).message}`,
          { cause: error },
        );
    }
    await new Promise((resolve) => setTimeout(resolve, 200 * 2 ** attempt));
  }
}

async function digestOf(context: Context, path: string, bytes: number): Promise<string> {
  const hash = createHash('sha256');
  const progress = context.progress('hashing', bytes, 'bytes');
  let done = 0;
  try {
    for await (const piece of createReadStream(path, { signal: context.signal, highWaterMark: 1 << 20 })) {
      hash.update(piece as Buffer);
      done += (piece as Buffer).length;
      progress.update(done);
    }
  } finally {
    progress.stop();
  }
  return hash.digest('hex');
}
