import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { UncachedFile } from './uncached-file.ts';

const root = mkdtempSync(join(tmpdir(), 'flash-slim-uncached-'));
after(() => rmSync(root, { recursive: true, force: true }));

/** Bytes of the file in the page cache; null where nobody can tell. */
function cachedBytes(path: string): number | null {
  const { status, stdout } = spawnSync('fincore', ['--bytes', '--noheadings', '--output', 'RES', path], {
    encoding: 'utf8',
  });
  return status === 0 ? Number(stdout) : null;
}

const pieceBytes = 1 << 20;
const pieces = 24;

function write(path: string, onPiece: (bytes: number) => void): void {
  const fd = openSync(path, 'w');
  for (let i = 1; i <= pieces; i++) {
    writeSync(fd, Buffer.alloc(pieceBytes, i));
    onPiece(i * pieceBytes);
  }
  closeSync(fd);
}

test('what was written is whole on the disk, and not in the page cache', async (context) => {
  const usual = join(root, 'usual');
  write(usual, () => {});
  const usually = cachedBytes(usual);
  const path = join(root, 'uncached');
  const file = new UncachedFile(path);
  write(path, (bytes) => file.upTo(bytes));
  await file.close(pieces * pieceBytes);
  const cached = cachedBytes(path);
  const bytes = readFileSync(path);
  assert.equal(bytes.length, pieces * pieceBytes);
  for (let i = 0; i < pieces; i++) assert.equal(bytes[i * pieceBytes + 17], i + 1);
  if (usually === null || cached === null)
    return context.diagnostic('fincore is missing: only the bytes were looked at');
  assert.equal(usually, pieces * pieceBytes);
  assert.ok(cached < pieceBytes, `${cached} bytes are cached`);
});

test('a file that nothing was written to needs no end', async () => {
  await new UncachedFile(join(root, 'never')).close(0);
});
