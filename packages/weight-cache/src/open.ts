// Opens a weight cache: header and manifest are checked whole, sections when they are read, weights when they are used
// (or all at once by verifyWeightCache). Nothing is left in the page cache.
import { createHash } from 'node:crypto';
import { checkManifest } from './check-manifest.ts';
import { DirectReader } from './direct-reader.ts';
import { fromNative, rebuild, WeightCacheError } from './error.ts';
import { type CacheHeader, decodeHeader, headerBytes } from './header.ts';
import type { CacheManifest, CacheSection } from './manifest.ts';

export interface WeightCache {
  path: string;
  fileBytes: number;
  manifest: CacheManifest;
  /** "sha256:<hex>" of the manifest's bytes: names this very cache, since the manifest holds every checksum. */
  manifestDigest: string;
  readTokenizer(): Promise<Uint8Array>;
  /** Serialized ONNX ModelProto. */
  readGraph(): Promise<Uint8Array>;
}

/** The manifest of a 100 GB model has 10 MB: one checksum per 128 KB. */
const maxManifestBytes = 256 << 20;
const pieceBytes = 256 << 10;

/** Throws WeightCacheError CACHE_UNREADABLE, _INCOMPLETE, _VERSION, _TRUNCATED or _CORRUPT. */
export async function openWeightCache(path: string): Promise<WeightCache> {
  return withReader(path, async (reader) => {
    const header = decodeHeader(await reader.read(0, headerBytes), path);
    checkSizes(header, reader.bytes, path);
    const manifestBytes = await reader.read(header.manifestOffset, header.manifestBytes);
    if (sha256(manifestBytes) !== header.manifestSha256) {
      throw new WeightCacheError('CACHE_CORRUPT', `${path}: the manifest differs from its digest; ${rebuild}`);
    }
    const manifest = checkManifest(parseJson(manifestBytes, path), header, path);
    return {
      path,
      fileBytes: header.fileBytes,
      manifest,
      manifestDigest: `sha256:${header.manifestSha256}`,
      readTokenizer: () => readSection(path, 'tokenizer', manifest.tokenizer),
      readGraph: () => readSection(path, 'graph', manifest.graph),
    };
  });
}

function checkSizes(header: CacheHeader, fileBytes: number, path: string): void {
  if (fileBytes < header.fileBytes) {
    throw new WeightCacheError(
      'CACHE_TRUNCATED',
      `${path} has ${fileBytes} bytes, its header says ${header.fileBytes}; ${rebuild}`,
    );
  }
  const { manifestOffset, manifestBytes } = header;
  const inside = manifestOffset >= headerBytes && manifestOffset + manifestBytes <= fileBytes;
  if (fileBytes !== header.fileBytes || !inside || manifestBytes > maxManifestBytes) {
    throw new WeightCacheError(
      'CACHE_CORRUPT',
      `${path} has ${fileBytes} bytes, which its header (${header.fileBytes}, manifest of ${manifestBytes} at ` +
        `${manifestOffset}) does not describe; ${rebuild}`,
    );
  }
}

function parseJson(bytes: Uint8Array, path: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new WeightCacheError('CACHE_CORRUPT', `${path}: the manifest is not JSON; ${rebuild}`, { cause });
  }
}

async function readSection(path: string, name: string, section: CacheSection): Promise<Uint8Array> {
  const bytes = await withReader(path, (reader) => reader.read(section.offset, section.bytes));
  if (bytes.length < section.bytes) {
    throw new WeightCacheError('CACHE_TRUNCATED', `${path} ends within the ${name}; ${rebuild}`);
  }
  if (sha256(bytes) !== section.sha256) {
    throw new WeightCacheError('CACHE_CORRUPT', `${path}: the ${name} differs from its digest; ${rebuild}`);
  }
  return bytes;
}

export async function withReader<T>(path: string, use: (reader: DirectReader) => Promise<T>): Promise<T> {
  try {
    const reader = new DirectReader(path, pieceBytes);
    try {
      return await use(reader);
    } finally {
      reader.close();
    }
  } catch (error) {
    throw fromNative(error, 'CACHE_UNREADABLE');
  }
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
