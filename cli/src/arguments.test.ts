import assert from 'node:assert/strict';
import { test } from 'node:test';
import { normalizeArguments } from './arguments.ts';

const flags = new Set(['--max-decode-steps', '--model', '--json']);
const aliases = { '--tflite-model': '--model' };
const normalize = (...argv: string[]) => normalizeArguments(argv, flags, aliases);

test('underscores and other names become the flags that exist', () => {
  assert.deepEqual(normalize('--max_decode_steps', '3'), ['--max-decode-steps', '3']);
  assert.deepEqual(normalize('--max_decode_steps=3'), ['--max-decode-steps=3']);
  assert.deepEqual(normalize('--tflite_model', 'a_b', '--tflite-model=c_d'), ['--model', 'a_b', '--model=c_d']);
});

test('what is no flag stays as typed', () => {
  assert.deepEqual(normalize('--no_such_flag', '--model', '--my_file', 'x_y', '-m_n'), [
    '--no_such_flag',
    '--model',
    '--my_file',
    'x_y',
    '-m_n',
  ]);
  assert.deepEqual(normalize('--json', '--', '--max_decode_steps'), ['--json', '--', '--max_decode_steps']);
});
