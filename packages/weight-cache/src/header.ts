// The first 4096 bytes of a weight cache (docs/formats/weight-cache.md).
import { crc32c } from '@flash-slim/native';
import { rebuild, WeightCacheError } from './error.ts';
import { layoutVersion } from './manifest.ts';

export const headerBytes = 4096;
const magic = 'FSLIMWC\0';
const completeFlag = 1;
const crcOffset = headerBytes - 4;

export interface CacheHeader {
  fileBytes: number;
  manifestOffset: number;
  manifestBytes: number;
  /** SHA-256 of the manifest's bytes, 64 hex digits. */
  manifestSha256: string;
}

/** `header` null: the header of a file that is still being written. */
export function encodeHeader(header: CacheHeader | null): Uint8Array {
  const bytes = Buffer.alloc(headerBytes);
  bytes.write(magic, 0, 'latin1');
  bytes.writeUInt32LE(layoutVersion, 8);
  if (header !== null) {
    bytes.writeUInt32LE(completeFlag, 12);
    bytes.writeBigUInt64LE(BigInt(header.fileBytes), 16);
    bytes.writeBigUInt64LE(BigInt(header.manifestOffset), 24);
    bytes.writeBigUInt64LE(BigInt(header.manifestBytes), 32);
    bytes.write(header.manifestSha256, 40, 'hex');
  }
  bytes.writeUInt32LE(crc32c(bytes.subarray(0, crcOffset)), crcOffset);
  return bytes;
}

/** Throws WeightCacheError; numbers beyond 2^53 become Infinity, which no file's size equals. */
export function decodeHeader(page: Uint8Array, path: string): CacheHeader {
  const bytes = Buffer.from(page.buffer, page.byteOffset, page.byteLength);
  if (bytes.length < headerBytes) {
    throw new WeightCacheError('CACHE_TRUNCATED', `${path} has only ${bytes.length} bytes; ${rebuild}`);
  }
  if (bytes.toString('latin1', 0, 8) !== magic) {
    throw bytes.every((byte) => byte === 0)
      ? incomplete(path)
      : new WeightCacheError('CACHE_CORRUPT', `${path} is no weight cache; ${rebuild}`);
  }
  if (crc32c(bytes.subarray(0, crcOffset)) !== bytes.readUInt32LE(crcOffset)) {
    throw new WeightCacheError('CACHE_CORRUPT', `${path}: the header differs from its checksum; ${rebuild}`);
  }
  const version = bytes.readUInt32LE(8);
  if (version !== layoutVersion) {
    throw new WeightCacheError(
      'CACHE_VERSION',
      `${path} has layout version ${version}, this flash-slim reads ${layoutVersion}; ${rebuild}`,
    );
  }
  const flags = bytes.readUInt32LE(12);
  if ((flags & completeFlag) === 0) throw incomplete(path);
  const number = (offset: number): number => {
    const value = Number(bytes.readBigUInt64LE(offset));
    return Number.isSafeInteger(value) ? value : Number.POSITIVE_INFINITY;
  };
  return {
    fileBytes: number(16),
    manifestOffset: number(24),
    manifestBytes: number(32),
    manifestSha256: bytes.toString('hex', 40, 72),
  };
}

function incomplete(path: string): WeightCacheError {
  return new WeightCacheError('CACHE_INCOMPLETE', `${path} was never finished: its build was interrupted; ${rebuild}`);
}
