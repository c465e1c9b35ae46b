import assert from 'node:assert/strict';
import { mkdirSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { cacheKey, weightCachePath } from './store.ts';
import { noise, testDirectory } from './testing.ts';

test('a key follows the contents, not the path', async (t) => {
  const path = join(testDirectory(t), 'model');
  const write = (bytes: Uint8Array, modified = 1000) => {
    writeFileSync(path, bytes);
    utimesSync(path, modified, modified);
  };
  const bytes = noise(1 << 20, 1);
  write(bytes);
  const key = await cacheKey(path);
  assert.match(key, /^[0-9a-f]{32}$/);
  renameSync(path, `${path}.moved`);
  assert.equal(await cacheKey(`${path}.moved`), key);
  write(bytes, 1001);
  assert.notEqual(await cacheKey(path), key);
  write(bytes.subarray(1));
  assert.notEqual(await cacheKey(path), key);
  const changed = bytes.slice();
  changed[5000] = (changed[5000] as number) ^ 1;
  write(changed);
  assert.notEqual(await cacheKey(path), key);
  await assert.rejects(cacheKey(`${path}.absent`), { name: 'WeightCacheError', code: 'SOURCE_UNREADABLE' });
  assert.equal(weightCachePath('/store', key), `/store/caches/${key}/weights.fsw`);
});

test("a folder's key follows its models' files, and what they become", async (t) => {
  const folder = join(testDirectory(t), 'folder');
  mkdirSync(folder);
  const write = (name: string, bytes: Uint8Array) => {
    writeFileSync(join(folder, name), bytes);
    utimesSync(join(folder, name), 1000, 1000);
  };
  write('config.json', noise(100, 1));
  write('model.safetensors', noise(1 << 20, 2));
  mkdirSync(join(folder, 'onnx'));
  write('onnx/model.onnx', noise(100, 5));
  const before = await cacheKey(folder, 'q8_0');
  write('onnx/model.onnx', noise(100, 6));
  const key = await cacheKey(folder, 'q8_0');
  assert.notEqual(key, before);
  write('README.md', noise(100, 3));
  assert.equal(await cacheKey(folder, 'q8_0'), key);
  assert.notEqual(await cacheKey(folder, 'q4_0'), key);
  // A file of the folder means the folder, quantization and all.
  const file = join(folder, 'model.safetensors');
  const ofFile = await cacheKey(file, 'q8_0');
  assert.notEqual(await cacheKey(file, 'q4_0'), ofFile);
  write('config.json', noise(100, 4));
  assert.notEqual(await cacheKey(file, 'q8_0'), ofFile);
  assert.notEqual(await cacheKey(folder, 'q8_0'), key);
});
