import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Engine } from './engine.ts';
import { makeCache, testDirectory } from './testing/tiny-model.ts';

test('engines may be opened at the same time', async () => {
  const { cache } = await makeCache(testDirectory(), 'together', { kind: 'Q4_0' });
  for (let round = 0; round < 10; round++) {
    const engines = await Promise.all(Array.from({ length: 6 }, () => Engine.open(cache)));
    assert.equal(engines.length, 6);
    await Promise.all(engines.map((engine) => engine.close()));
  }
});
