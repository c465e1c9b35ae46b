import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { crc32c } from '@flash-slim/native';
import { buildWeightCache } from './build.ts';
import { layOut } from './layout.ts';
import { openWeightCache } from './open.ts';
import { makeModel, testDirectory, tinyShapes } from './testing.ts';
import { verifyWeightCache } from './verify.ts';

test('a cache holds every source byte where the format says, and its digests', async (t) => {
  const directory = testDirectory(t);
  const model = makeModel(join(directory, 'model'));
  const path = join(directory, 'new', 'weights.fsw');
  const manifest = await buildWeightCache(model, path);
  const cache = await openWeightCache(path);
  assert.deepEqual(cache.manifest, manifest);
  assert.deepEqual(await cache.readTokenizer(), new Uint8Array(model.tokenizer));
  assert.deepEqual(await cache.readGraph(), new Uint8Array(model.graph));
  assert.equal(manifest.chat_template, model.chatTemplate);
  assert.deepEqual(manifest.model.config, model.config);
  const source = readFileSync(model.path);
  assert.equal(manifest.model.digest, `sha256:${createHash('sha256').update(source).digest('hex')}`);

  const file = readFileSync(path);
  assert.equal(file.length, cache.fileBytes);
  for (const chunk of manifest.chunks) {
    chunk.unit_crc32c.forEach((sum, unit) => {
      const unitBytes = chunk.unit_row_blocks * chunk.row_block_bytes;
      const begin = unit * unitBytes;
      const end = Math.min(begin + unitBytes, chunk.bytes);
      assert.equal(crc32c(file.subarray(chunk.offset + begin, chunk.offset + end)), sum);
    });
  }
  // Layout 8x4 of F16: for each k the 8 rows side by side. (The other kinds are held lossless by the C++ test.)
  const f16 = manifest.chunks[3];
  const tensor = model.chunks[3]?.tensors[0];
  assert.ok(f16 && tensor);
  for (let row = 0; row < 37; row++) {
    for (let k = 0; k < 128; k++) {
      const place: number = f16.offset + Math.floor(row / 8) * f16.row_block_bytes + (k * 8 + (row % 8)) * 2;
      assert.equal(file.readUInt16LE(place), source.readUInt16LE(tensor.offset + (row * 128 + k) * 2));
    }
  }
  await verifyWeightCache(path);
  assert.deepEqual(readdirSync(join(directory, 'new')), ['weights.fsw']);
});

test('units cover about 128 KiB, one row block where rows are gathered, and never part gate from up', (t) => {
  const model = makeModel(join(testDirectory(t), 'model'), [
    ...tinyShapes,
    { kind: 'F32', columns: 8192, rows: [16, 16], alternating: true },
  ]);
  const { chunks } = layOut(model);
  assert.deepEqual(
    chunks.map((chunk) => chunk.unit_row_blocks),
    [1, 273, 454, 64, 14, 39, 2],
  );
  assert.deepEqual(
    chunks.map((chunk) => chunk.row_blocks),
    [6, 6, 6, 5, 88, 4, 4],
  );
});

test('progress rises to its total; the same model gives the same bytes', async (t) => {
  const directory = testDirectory(t);
  const model = makeModel(join(directory, 'model'));
  const seen: number[] = [];
  let total = 0;
  const onProgress = (progress: { bytesDone: number; bytesTotal: number }) => {
    seen.push(progress.bytesDone);
    total = progress.bytesTotal;
  };
  await buildWeightCache(model, join(directory, 'a'), { onProgress });
  await buildWeightCache(model, join(directory, 'b'));
  assert.ok(total > model.fileBytes);
  assert.equal(seen.at(-1), total);
  assert.deepEqual(readFileSync(join(directory, 'a')), readFileSync(join(directory, 'b')));
});

test('failures are typed and leave nothing behind', async (t) => {
  const directory = testDirectory(t);
  const path = join(directory, 'weights.fsw');
  const fails = async (code: string, spoil: (model: ReturnType<typeof makeModel>) => unknown, message = /./) => {
    const model = makeModel(join(directory, 'model'));
    const options = (await spoil(model)) as object | undefined;
    await assert.rejects(buildWeightCache(model, path, options), { code, message });
    assert.deepEqual(readdirSync(directory), ['model']);
  };
  const chunk = (model: ReturnType<typeof makeModel>, index: number) => model.chunks[index] as (typeof model.chunks)[0];
  await fails('SOURCE_TRUNCATED', (model) => truncateSync(model.path, model.fileBytes - 1), /get the model again/);
  await fails('SOURCE_CHANGED', (model) => writeFileSync(model.path, 'more', { flag: 'a' }));
  await fails('SOURCE_UNREADABLE', (model) => {
    model.files = [{ path: join(directory, 'absent'), bytes: model.fileBytes }];
  });
  await fails('SOURCE_TRUNCATED', (model) => {
    (chunk(model, 2).tensors[0] as { offset: number }).offset = Number.MAX_SAFE_INTEGER;
  });
  await fails('BAD_CHUNK', (model) => {
    chunk(model, 1).columns = 33;
  });
  await fails('BAD_CHUNK', (model) => {
    chunk(model, 1).columns = 2 ** 40;
  });
  await fails('BAD_CHUNK', (model) => {
    chunk(model, 1).rows++;
  });
  await fails('BAD_CHUNK', (model) => {
    chunk(model, 0).rows = 2 ** 50;
    (chunk(model, 0).tensors[0] as { rows: number }).rows = 2 ** 50;
  });
  await fails('BAD_CHUNK', (model) => {
    (chunk(model, 1).tensors[0] as { bytes: number }).bytes++;
  });
  await fails('BAD_CHUNK', (model) => {
    chunk(model, 3).weightsId = 4;
  });
  // Changed while it was read: same size, another modification time.
  await fails('SOURCE_CHANGED', (model) => ({ onProgress: () => utimesSync(model.path, 1, 1) }));
  const model = makeModel(join(directory, 'model'));
  await assert.rejects(buildWeightCache(model, join(directory, 'model', 'weights.fsw')), { code: 'OUTPUT_UNWRITABLE' });
  await assert.rejects(buildWeightCache(model, '/proc/weights.fsw'), { code: 'OUTPUT_UNWRITABLE' });
});

test('an AbortSignal ends a build within 100 ms and leaves nothing behind', async (t) => {
  const directory = testDirectory(t);
  // 64 MB: some tens of milliseconds of work.
  const model = makeModel(join(directory, 'model'), [{ kind: 'F32', columns: 4096, rows: [4096] }]);
  const path = join(directory, 'weights.fsw');
  await assert.rejects(buildWeightCache(model, path, { signal: AbortSignal.abort() }), { name: 'AbortError' });
  for (const delay of [0, 5, 15]) {
    const controller = new AbortController();
    let abortedAt = Number.POSITIVE_INFINITY;
    setTimeout(() => {
      abortedAt = performance.now();
      controller.abort();
    }, delay);
    await assert.rejects(buildWeightCache(model, path, { signal: controller.signal }), { name: 'AbortError' });
    // Removing a partial file of 64 MB is counted too.
    assert.ok(performance.now() - abortedAt < 100, `took ${performance.now() - abortedAt} ms`);
    assert.deepEqual(readdirSync(directory), ['model']);
  }
  assert.ok(!existsSync(path));
});
