import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { buildWeightCache } from './build.ts';
import { encodeHeader, headerBytes } from './header.ts';
import type { CacheManifest } from './manifest.ts';
import { openWeightCache, sha256 } from './open.ts';
import { makeModel, noise, testDirectory } from './testing.ts';
import { verifyWeightCache } from './verify.ts';

async function buildTiny(t: { after(cleanUp: () => void): void }) {
  const directory = testDirectory(t);
  const path = join(directory, 'weights.fsw');
  await buildWeightCache(makeModel(join(directory, 'model')), path);
  return { path, good: readFileSync(path) };
}

test('a flipped bit anywhere is found', async (t) => {
  const { path, good } = await buildTiny(t);
  const random = new Uint32Array(noise(4 * 80, 5).buffer);
  const { manifest } = await openWeightCache(path);
  // Random places, and the first and last byte of every part.
  const places = [...random].map((value) => value % good.length);
  for (const { offset, bytes } of [...manifest.chunks, manifest.tokenizer, manifest.graph]) {
    places.push(offset, offset + bytes - 1, offset + bytes);
  }
  places.push(0, 8, 12, 72, headerBytes - 1, good.length - 1);
  for (const [i, place] of places.entries()) {
    const bad = Buffer.from(good);
    bad[place] = (bad[place] as number) ^ (1 << (i % 8));
    writeFileSync(path, bad);
    await assert.rejects(verifyWeightCache(path), { name: 'WeightCacheError', code: /^CACHE_/ }, `byte ${place}`);
  }
  writeFileSync(path, good);
  await verifyWeightCache(path);
});

test('a file that is too short or too long is refused at open', async (t) => {
  const { path, good } = await buildTiny(t);
  for (const size of [0, 1, 4095, 4096, 8192, good.length >> 1, good.length - 4096, good.length - 1]) {
    writeFileSync(path, good);
    truncateSync(path, size);
    await assert.rejects(openWeightCache(path), { code: 'CACHE_TRUNCATED', message: /flash-slim profile/ }, `${size}`);
  }
  writeFileSync(path, Buffer.concat([good, Buffer.alloc(4096)]));
  await assert.rejects(openWeightCache(path), { code: 'CACHE_CORRUPT' });
});

test('a section cut or changed after open is found when it is read', async (t) => {
  const { path, good } = await buildTiny(t);
  const cache = await openWeightCache(path);
  truncateSync(path, cache.manifest.graph.offset + 100);
  await assert.rejects(cache.readGraph(), { code: 'CACHE_TRUNCATED' });
  const bad = Buffer.from(good);
  bad.fill(0, cache.manifest.tokenizer.offset, cache.manifest.tokenizer.offset + 50);
  writeFileSync(path, bad);
  await assert.rejects(cache.readTokenizer(), { code: 'CACHE_CORRUPT', message: /tokenizer/ });
});

test('what is no weight cache, unfinished, or of another version says so', async (t) => {
  const { path, good } = await buildTiny(t);
  const refuses = async (code: string, bytes: Uint8Array) => {
    writeFileSync(path, bytes);
    await assert.rejects(openWeightCache(path), { name: 'WeightCacheError', code });
  };
  await refuses('CACHE_INCOMPLETE', Buffer.concat([encodeHeader(null), good.subarray(headerBytes)]));
  await refuses('CACHE_INCOMPLETE', Buffer.alloc(good.length));
  await refuses('CACHE_CORRUPT', noise(good.length, 3));
  await assert.rejects(openWeightCache(join(path, '..', 'absent')), { code: 'CACHE_UNREADABLE' });
  await assert.rejects(openWeightCache(join(path, '..')), { code: 'CACHE_UNREADABLE' });
});

// A hostile or broken builder: checksums are right, contents are not.
test('a manifest that contradicts itself is refused with the field', async (t) => {
  const { path, good } = await buildTiny(t);
  const { manifest } = await openWeightCache(path);
  const manifestOffset = manifest.graph.offset + 8192;
  const refuses = async (field: RegExp, spoil: (manifest: CacheManifest) => unknown, code = 'CACHE_CORRUPT') => {
    const changed = structuredClone(manifest);
    const replaced = spoil(changed);
    const text = typeof replaced === 'string' ? replaced : JSON.stringify(changed);
    const bytes = Buffer.from(text);
    const fileBytes = manifestOffset + Math.ceil(bytes.length / 4096) * 4096;
    const file = Buffer.alloc(fileBytes);
    good.copy(file, 0, 0, manifestOffset);
    file.set(encodeHeader({ fileBytes, manifestOffset, manifestBytes: bytes.length, manifestSha256: sha256(bytes) }));
    bytes.copy(file, manifestOffset);
    writeFileSync(path, file);
    await assert.rejects(openWeightCache(path), { name: 'WeightCacheError', code, message: field });
  };
  const chunk = (m: CacheManifest, index = 0) => m.chunks[index] as CacheManifest['chunks'][0];
  const set = (target: object, values: object) => void Object.assign(target, values);
  await refuses(/not JSON/, () => '{"format":');
  await refuses(/not JSON/, () => '\ud800');
  await refuses(/manifest/, () => '[]');
  await refuses(/additional/, (m) => set(m, { extra: 1 }));
  await refuses(/layout_version/, (m) => set(m, { layout_version: 2 }));
  await refuses(/config\/layers/, (m) => set(m.model.config, { layers: -1 }));
  await refuses(/chunks\/0\/offset/, (m) => set(chunk(m), { offset: 4097 }));
  await refuses(/chunks\/1\/offset/, (m) => set(chunk(m, 1), { offset: chunk(m).offset }));
  await refuses(/chunks\/1\/offset/, (m) => set(chunk(m, 1), { offset: 2 ** 53 - 4096 }));
  await refuses(/chunks\/0\/kind/, (m) => set(chunk(m), { kind: 'Q2_K' }));
  await refuses(/row_block_bytes/, (m) => set(chunk(m), { kind: 'Q4_0' }));
  await refuses(/chunks\/0\/rows/, (m) => set(chunk(m), { rows: 1.5 }));
  await refuses(/row_blocks/, (m) => set(chunk(m), { rows: 400 }));
  await refuses(/unit_crc32c/, (m) => chunk(m).unit_crc32c.pop());
  await refuses(/unit_row_blocks/, (m) => set(chunk(m), { unit_row_blocks: 2 }));
  await refuses(/unit_row_blocks/, (m) => set(chunk(m, 2), { unit_row_blocks: 3, unit_crc32c: [1, 2] }));
  await refuses(/weights_id/, (m) => set(chunk(m), { weights_id: 3 }));
  await refuses(/bytes/, (m) => set(chunk(m), { bytes: 1 }));
  await refuses(/tokenizer\/offset/, (m) => set(m.tokenizer, { offset: 8192 }));
  await refuses(/manifest/, (m) => set(m.graph, { bytes: 2 ** 50 }));
  await refuses(/manifest/, (m) => m.chunks.pop());
});

test('a header with a sum that fits but sizes that do not is refused', async (t) => {
  const { path, good } = await buildTiny(t);
  const fields = { fileBytes: good.length, manifestOffset: 4096, manifestBytes: 10, manifestSha256: '00'.repeat(32) };
  const refuses = async (code: string, changed: object) => {
    const bad = Buffer.from(good);
    bad.set(encodeHeader({ ...fields, ...changed }));
    writeFileSync(path, bad);
    await assert.rejects(openWeightCache(path), { code });
  };
  await refuses('CACHE_TRUNCATED', { fileBytes: 2 ** 53 });
  await refuses('CACHE_CORRUPT', { manifestOffset: 2 ** 53 });
  await refuses('CACHE_CORRUPT', { manifestBytes: 2 ** 53 });
  await refuses('CACHE_CORRUPT', { manifestBytes: good.length });
  await refuses('CACHE_CORRUPT', { manifestOffset: 0 });
  await refuses('CACHE_CORRUPT', {});
});

test('verifying tells progress and can be cancelled', async (t) => {
  const { path } = await buildTiny(t);
  const seen: { bytesDone: number; bytesTotal: number }[] = [];
  await verifyWeightCache(path, { onProgress: (progress) => void seen.push(progress) });
  assert.equal(seen.at(-1)?.bytesDone, seen.at(-1)?.bytesTotal);
  await assert.rejects(verifyWeightCache(path, { signal: AbortSignal.abort() }), { name: 'AbortError' });
});

test('nothing stays open', async (t) => {
  const { path } = await buildTiny(t);
  const cache = await openWeightCache(path);
  await cache.readGraph();
  await assert.rejects(openWeightCache(join(path, '..', 'model')), { code: 'CACHE_CORRUPT' });
  const open = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return ''; // the descriptor that listed them
    }
  });
  assert.deepEqual(
    open.filter((target) => target.startsWith(dirname(path))),
    [],
  );
});
