// Streams one member out of a zip archive (a Python wheel is one), without holding it in memory.
// Format: PKWARE APPNOTE.TXT 6.3.10, sections 4.3.7 (local header), 4.3.12 (central directory), 4.3.16 (its end).
import { type FileHandle, open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { createInflateRaw } from 'node:zlib';
import { CliError } from '../errors.ts';
import { readPast } from './file-stream.ts';

const endSignature = 0x06054b50;
const centralSignature = 0x02014b50;
const localSignature = 0x04034b50;
const endBytes = 22;
const maxCommentBytes = 0xffff;
const maxCentralBytes = 16 << 20;
const stored = 0;
const deflated = 8;

interface Member {
  method: number;
  compressedBytes: number;
  bytes: number;
  localOffset: number;
}

/** The member's bytes as a stream; `bytes` is the size that the archive promises. Closing the stream closes the file. */
export async function openZipMember(path: string, name: string): Promise<{ stream: Readable; bytes: number }> {
  const file = await open(path, 'r');
  try {
    const member = await findMember(file, path, name);
    const local = await read(file, path, member.localOffset, 30);
    if (local.readUInt32LE(0) !== localSignature) throw broken(path, 'a local header is not where the directory says');
    const start = member.localOffset + 30 + local.readUInt16LE(26) + local.readUInt16LE(28);
    if (start + member.compressedBytes > (await file.stat()).size) throw broken(path, `${name} ends past its end`);
    if (member.compressedBytes === 0) throw broken(path, `${name} is empty`);
    if (member.method !== stored && member.method !== deflated)
      throw broken(path, `${name} has the compression method ${member.method}`);
    const raw = Readable.from(readPast(path, start, start + member.compressedBytes), { objectMode: false });
    if (member.method === stored) return { stream: raw, bytes: member.bytes };
    const inflated = raw.pipe(createInflateRaw({ chunkSize: 1 << 16 }));
    raw.on('error', (error) => inflated.destroy(error));
    inflated.on('close', () => raw.destroy());
    return { stream: inflated, bytes: member.bytes };
  } finally {
    await file.close();
  }
}

async function findMember(file: FileHandle, path: string, name: string): Promise<Member> {
  const { size } = await file.stat();
  const tailBytes = Math.min(size, endBytes + maxCommentBytes);
  const tail = await read(file, path, size - tailBytes, tailBytes);
  let end = tail.length - endBytes;
  while (end >= 0 && tail.readUInt32LE(end) !== endSignature) end--;
  if (end < 0) throw broken(path, 'it has no central directory');
  const centralBytes = tail.readUInt32LE(end + 12);
  const centralOffset = tail.readUInt32LE(end + 16);
  if (centralBytes > maxCentralBytes || centralOffset + centralBytes > size)
    throw broken(path, 'its directory is absurd');
  const central = await read(file, path, centralOffset, centralBytes);
  for (let at = 0; at + 46 <= central.length && central.readUInt32LE(at) === centralSignature; ) {
    const nameBytes = central.readUInt16LE(at + 28);
    if (central.toString('utf8', at + 46, at + 46 + nameBytes) === name) {
      return {
        method: central.readUInt16LE(at + 10),
        compressedBytes: central.readUInt32LE(at + 20),
        bytes: central.readUInt32LE(at + 24),
        localOffset: central.readUInt32LE(at + 42),
      };
    }
    at += 46 + nameBytes + central.readUInt16LE(at + 30) + central.readUInt16LE(at + 32);
  }
  throw broken(path, `it has no ${name}`);
}

async function read(file: FileHandle, path: string, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  if (bytesRead !== length) throw broken(path, 'it is truncated');
  return buffer;
}

const broken = (path: string, what: string) =>
  new CliError('ARCHIVE_BROKEN', `${path} is not a usable archive: ${what}`);
