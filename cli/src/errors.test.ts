import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CliError, toFailure, usageError } from './errors.ts';

const running = new AbortController().signal;

test('what the caller can mend is 2, what happened while running is 1', () => {
  assert.equal(toFailure(usageError('no'), running).exitCode, 2);
  assert.equal(toFailure(new CliError('FILE_UNREADABLE', 'no'), running).exitCode, 2);
  assert.deepEqual(toFailure(new CliError('READ_FAILED', 'EIO'), running), {
    code: 'READ_FAILED',
    message: 'EIO',
    exitCode: 1,
  });
});

test('an error without a code is our own mistake and says so', () => {
  const failure = toFailure(new TypeError('x is not a function'), running);
  assert.deepEqual(failure, { code: 'INTERNAL', message: 'unexpected error: x is not a function', exitCode: 1 });
  assert.equal(toFailure('text', running).code, 'INTERNAL');
});

test('after a signal whatever is thrown is an interruption', () => {
  assert.equal(toFailure(usageError('no'), AbortSignal.abort(130)).exitCode, 130);
  assert.equal(toFailure(new Error('x'), AbortSignal.abort(143)).exitCode, 143);
  assert.equal(toFailure(undefined, AbortSignal.abort()).code, 'INTERRUPTED');
});
