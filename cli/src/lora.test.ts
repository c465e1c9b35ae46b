import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectLora } from './lora.ts';

test('--lora takes a folder and a scale, again and again', () => {
  assert.deepEqual(collectLora('./a'), [{ path: './a', scale: 1 }]);
  assert.deepEqual(collectLora('/x/b:0.5', collectLora('./a')), [
    { path: './a', scale: 1 },
    { path: '/x/b', scale: 0.5 },
  ]);
  assert.deepEqual(collectLora('c:-1e-2'), [{ path: 'c', scale: -0.01 }]);
  assert.deepEqual(collectLora('d:e:2'), [{ path: 'd:e', scale: 2 }]);
  assert.deepEqual(collectLora('odd:name'), [{ path: 'odd:name', scale: 1 }]);
  assert.throws(() => collectLora('a:1.2.3'), /a folder, or a folder:scale/);
});
