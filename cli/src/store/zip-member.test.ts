import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { zip } from './zip-fixture.ts';
import { openZipMember } from './zip-member.ts';

const directory = mkdtempSync(join(tmpdir(), 'zip-member-'));
after(() => rmSync(directory, { recursive: true }));

function file(bytes: Buffer): string {
  const path = join(directory, 'archive.zip');
  writeFileSync(path, bytes);
  return path;
}

const text = Buffer.from('flash '.repeat(100_000));
const archive = zip([
  { name: 'first', data: Buffer.from('1'), method: 0 },
  { name: 'a/b.gguf', data: text, method: 8 },
  { name: 'plain', data: text, method: 0 },
]);

test('compressed and stored members come out whole', async () => {
  for (const bytes of [archive, zip([{ name: 'a/b.gguf', data: text, method: 8 }], 'a comment')]) {
    const member = await openZipMember(file(bytes), 'a/b.gguf');
    assert.equal(member.bytes, text.length);
    assert.deepEqual(await buffer(member.stream), text);
  }
  assert.deepEqual(await buffer((await openZipMember(file(archive), 'plain')).stream), text);
});

test('broken archives are refused by name', async () => {
  const broken = { code: 'ARCHIVE_BROKEN' };
  await assert.rejects(openZipMember(file(archive), 'absent'), broken);
  await assert.rejects(openZipMember(file(Buffer.alloc(0)), 'first'), broken);
  await assert.rejects(openZipMember(file(Buffer.from('not an archive')), 'first'), broken);
  await assert.rejects(openZipMember(file(archive.subarray(0, -10)), 'first'), broken);
  const encrypted = zip([{ name: 'first', data: text, method: 99 }]);
  await assert.rejects(openZipMember(file(encrypted), 'first'), broken);
});

test('offsets and sizes past the end are refused', async () => {
  const end = archive.length - 22;
  for (const at of [12, 16]) {
    const hostile = Buffer.from(archive);
    hostile.writeUInt32LE(0xfffffff0, end + at);
    await assert.rejects(openZipMember(file(hostile), 'plain'), { code: 'ARCHIVE_BROKEN' });
  }
  const central = archive.readUInt32LE(end + 16);
  for (const at of [20, 42]) {
    const hostile = Buffer.from(archive);
    hostile.writeUInt32LE(0xfffffff0, central + at);
    await assert.rejects(openZipMember(file(hostile), 'first'), { code: 'ARCHIVE_BROKEN' });
  }
});

test('damaged compressed bytes end in an error, not in other bytes', async () => {
  const hostile = Buffer.from(archive);
  hostile.fill(0xff, 100, 140);
  const { stream } = await openZipMember(file(hostile), 'a/b.gguf');
  await assert.rejects(buffer(stream), { code: /^Z_/ });
});
