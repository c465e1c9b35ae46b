// What every ObjectStore must do. conformance.test.ts runs it on a directory and on a real MinIO.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { digestOf, putBlob, putBlobFile, readBlob, readObject } from './blob.ts';
import { downloadBlob } from './download.ts';
import type { StoreErrorCode } from './error.ts';
import { blobKey } from './key.ts';
import { minPartBytes, type ObjectStore } from './object-store.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);
const throwsCode = (work: Promise<unknown>, code: StoreErrorCode) => assert.rejects(work, { name: 'StoreError', code });

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

export interface StoreUnderTest {
  store: ObjectStore;
  /** Whether presignPart gives URLs. */
  presigns: boolean;
  /** Puts an object past every check, as damage would. */
  overwrite(key: string, body: Uint8Array): Promise<void>;
}

export function storeConformance(open: () => Promise<StoreUnderTest>): void {
  let under: StoreUnderTest;
  let store: ObjectStore;
  let directory: string;

  before(async () => {
    under = await open();
    store = under.store;
    directory = await mkdtemp(join(tmpdir(), 'flash-slim-store-'));
  });
  after(async () => {
    await store?.close();
    if (directory) await rm(directory, { recursive: true });
  });

  const text = async (key: string): Promise<string> => (await readObject(store, key, 1000)).toString();

  test('check finds the store in order', () => store.check());

  test('what was put is read, and its size and etag are told', async () => {
    const put = await store.put('plain/a.json', bytes('one'));
    assert.equal(put.bytes, 3);
    const info = await store.head('plain/a.json');
    assert.equal(info?.bytes, 3);
    assert.equal(info?.etag, put.etag);
    assert.ok(Math.abs((info?.modified.getTime() ?? 0) - Date.now()) < 60_000);
    assert.equal(await text('plain/a.json'), 'one');
    await store.put('plain/a.json', bytes('another'));
    assert.equal(await text('plain/a.json'), 'another');
    assert.notEqual((await store.head('plain/a.json'))?.etag, put.etag);
    await store.put('plain/empty', bytes(''));
    assert.equal(await text('plain/empty'), '');
  });

  test('what is not there', async () => {
    assert.equal(await store.head('none/a'), null);
    await throwsCode(store.get('none/a'), 'OBJECT_NOT_FOUND');
    await store.delete('none/a');
    assert.deepEqual(await collect(store.list('none/')), []);
  });

  test('keys that are no keys are refused, by every method', async () => {
    for (const key of [
      '',
      '/a',
      'a/',
      'a//b',
      '../a',
      'a/../b',
      'a/./b',
      '.hidden',
      'a b',
      'a@',
      'a\0b',
      'x'.repeat(600),
      'ä',
    ]) {
      const refused = { name: 'StoreError', code: 'OBJECT_KEY_INVALID' };
      await assert.rejects(async () => store.put(key, bytes('x')), refused, key);
      await assert.rejects(async () => store.get(key), refused, key);
      await assert.rejects(async () => store.head(key), refused, key);
      await assert.rejects(async () => store.delete(key), refused, key);
      await assert.rejects(async () => store.createUpload(key), refused, key);
    }
    assert.throws(() => blobKey('sha256:../../etc/passwd'), { code: 'OBJECT_KEY_INVALID' });
  });

  test('ifAbsent: of many at once one wins', async () => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 8 }, (_, i) => store.put('once/a', bytes(`writer ${i}`), { ifAbsent: true })),
    );
    const won = outcomes.flatMap(({ status }, i) => (status === 'fulfilled' ? [i] : []));
    assert.equal(won.length, 1);
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') assert.equal(outcome.reason.code, 'PRECONDITION_FAILED');
    assert.equal(await text('once/a'), `writer ${won[0]}`);
  });

  test('ifMatch: a change that was not seen is not overwritten', async () => {
    const first = await store.put('match/a', bytes('1'));
    const second = await store.put('match/a', bytes('2'), { ifMatch: first.etag });
    await throwsCode(store.put('match/a', bytes('3'), { ifMatch: first.etag }), 'PRECONDITION_FAILED');
    assert.equal(await text('match/a'), '2');
    await store.delete('match/a');
    await throwsCode(store.put('match/a', bytes('4'), { ifMatch: second.etag }), 'PRECONDITION_FAILED');
    assert.equal(await store.head('match/a'), null);
  });

  test('ifMatch: of many at once one wins', async () => {
    const { etag } = await store.put('match/b', bytes('0'));
    const outcomes = await Promise.allSettled(
      Array.from({ length: 6 }, (_, i) => store.put('match/b', bytes(`writer ${i}`), { ifMatch: etag })),
    );
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
  });

  test('ranges', async () => {
    await store.put('range/a', bytes('0123456789'));
    const range = async (offset: number, length?: number) =>
      Buffer.concat(
        (await collect(await store.get('range/a', { offset, ...(length !== undefined && { length }) }))) as Buffer[],
      ).toString();
    assert.equal(await range(0), '0123456789');
    assert.equal(await range(3), '3456789');
    assert.equal(await range(3, 4), '3456');
    assert.equal(await range(8, 100), '89');
    assert.equal(await range(10), '');
    assert.equal(await range(0, 1), '0');
  });

  test('lists in the order of keys, from a prefix, after a key', async () => {
    for (const key of ['list/b', 'list/a-z', 'list/a/z', 'lisu', 'list/c/d/e']) await store.put(key, bytes(key));
    const keys = async (prefix: string, after?: string) =>
      (await collect(store.list(prefix, after === undefined ? {} : { after }))).map(({ key }) => key);
    assert.deepEqual(await keys('list/'), ['list/a-z', 'list/a/z', 'list/b', 'list/c/d/e']);
    assert.deepEqual(await keys('list/a'), ['list/a-z', 'list/a/z']);
    assert.deepEqual(await keys('list/', 'list/a/z'), ['list/b', 'list/c/d/e']);
    assert.equal((await collect(store.list('list/b')))[0]?.bytes, 6);
  });

  test('lists more than a page', async () => {
    const keys = Array.from({ length: 1050 }, (_, i) => `many/${String(i).padStart(5, '0')}`);
    for (let i = 0; i < keys.length; i += 50)
      await Promise.all(keys.slice(i, i + 50).map((key) => store.put(key, bytes('x'))));
    assert.deepEqual(
      (await collect(store.list('many/'))).map(({ key }) => key),
      keys,
    );
  });

  test('a large object from a stream', async () => {
    const body = randomBytes(9_000_001);
    async function* pieces() {
      for (let at = 0; at < body.length; at += 300_000) yield body.subarray(at, at + 300_000);
    }
    await store.putStream('large/a', body.length, pieces());
    assert.deepEqual(await readObject(store, 'large/a', body.length), body);
    await throwsCode(readObject(store, 'large/a', body.length - 1), 'OBJECT_TOO_LARGE');
    await store.putStream('large/none', 0, (async function* () {})());
    assert.equal((await store.head('large/none'))?.bytes, 0);
  });

  test('a stream that fails, or has another size, leaves nothing', async () => {
    async function* broken() {
      yield new Uint8Array(6_000_000);
      throw new Error('the source broke');
    }
    await assert.rejects(store.putStream('large/b', 12_000_000, broken()), { message: 'the source broke' });
    const short = async function* () {
      yield new Uint8Array(10);
    };
    await throwsCode(store.putStream('large/b', 11, short()), 'DIGEST_MISMATCH');
    await throwsCode(store.putStream('large/b', 9, short()), 'DIGEST_MISMATCH');
    assert.equal(await store.head('large/b'), null);
    assert.deepEqual(await collect(store.listUploads('large/b')), []);
  });

  test('an upload in parts, interrupted and gone on with', async () => {
    const first = randomBytes(minPartBytes);
    const uploadId = await store.createUpload('upload/a');
    await store.putPart('upload/a', uploadId, 2, bytes('the end'));
    await store.putPart('upload/a', uploadId, 1, randomBytes(minPartBytes));
    await store.putPart('upload/a', uploadId, 1, first);
    assert.equal(await store.head('upload/a'), null);
    assert.deepEqual(await store.listParts('upload/a', uploadId), [
      { number: 1, bytes: minPartBytes },
      { number: 2, bytes: 7 },
    ]);
    const [pending] = await collect(store.listUploads('upload/a'));
    assert.equal(pending?.uploadId, uploadId);
    assert.ok(Math.abs((pending?.started.getTime() ?? 0) - Date.now()) < 60_000);
    await store.completeUpload('upload/a', uploadId);
    assert.deepEqual(await readObject(store, 'upload/a', 2 * minPartBytes), Buffer.concat([first, bytes('the end')]));
    await throwsCode(store.listParts('upload/a', uploadId), 'OBJECT_NOT_FOUND');
    assert.deepEqual(await collect(store.listUploads('upload/a')), []);
  });

  test('uploads that are given up, or were never begun', async () => {
    const uploadId = await store.createUpload('upload/b');
    await store.putPart('upload/b', uploadId, 1, bytes('x'));
    await store.abortUpload('upload/b', uploadId);
    await throwsCode(store.putPart('upload/b', uploadId, 1, bytes('x')), 'OBJECT_NOT_FOUND');
    await throwsCode(store.completeUpload('upload/b', uploadId), 'OBJECT_NOT_FOUND');
    await store.abortUpload('upload/b', uploadId);
    await throwsCode(store.putPart('upload/b', '../../x', 1, bytes('x')), 'OBJECT_NOT_FOUND');
    assert.equal(await store.head('upload/b'), null);
  });

  test('part URLs take a PUT without credentials, where the store has them', async () => {
    const uploadId = await store.createUpload('upload/c');
    const url = await store.presignPart('upload/c', uploadId, 1, 60);
    assert.equal(url !== null, under.presigns);
    if (url !== null) {
      const response = await fetch(url, { method: 'PUT', body: 'by http' });
      assert.equal(response.status, 200);
      await store.completeUpload('upload/c', uploadId);
      assert.equal(await text('upload/c'), 'by http');
      assert.equal(
        (await fetch(url.replace(/partNumber=1/, 'partNumber=2'), { method: 'PUT', body: 'x' })).status,
        403,
      );
    }
  });

  test('an aborted signal ends calls', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await assert.rejects(async () => store.put('abort/a', bytes('x'), { signal }), { message: 'enough' });
    assert.equal(await store.head('abort/a'), null);
    const ending = new AbortController();
    async function* endless() {
      for (;;) {
        yield new Uint8Array(1 << 20);
        ending.abort(new Error('enough'));
      }
    }
    await assert.rejects(store.putStream('abort/b', 1e12, endless(), { signal: ending.signal }), { message: 'enough' });
    assert.equal(await store.head('abort/b'), null);
  });

  test('blobs: stored once, by their digest, and checked when they are read', async () => {
    const body = bytes('a blob');
    const reference = await putBlob(store, body);
    assert.deepEqual(await putBlob(store, body), reference);
    assert.deepEqual(await readBlob(store, reference.digest, 100), Buffer.from(body));
    await under.overwrite(blobKey(reference.digest), bytes('a blot'));
    await throwsCode(readBlob(store, reference.digest, 100), 'DIGEST_MISMATCH');
  });

  test('a file that is not what its digest says is not stored', async () => {
    const body = randomBytes(6_000_000);
    const path = join(directory, 'file');
    await writeFile(path, body);
    const wrong = digestOf(bytes('something else'));
    await throwsCode(putBlobFile(store, path, wrong), 'DIGEST_MISMATCH');
    assert.equal(await store.head(blobKey(wrong)), null);
    const seen: number[] = [];
    const reference = await putBlobFile(store, path, digestOf(body), { onProgress: (done) => seen.push(done) });
    assert.deepEqual(reference, { digest: digestOf(body), bytes: body.length });
    assert.equal(seen.at(-1), body.length);
  });

  test('a download goes on from what is there, and refuses what is wrong', async () => {
    const body = randomBytes(3_000_000);
    const reference = { digest: digestOf(body), bytes: body.length };
    await store.put(blobKey(reference.digest), body);
    const path = join(directory, 'download');
    await writeFile(`${path}.partial`, body.subarray(0, 1_234_567));
    const seen: number[] = [];
    await downloadBlob(store, reference, path, { onProgress: (done) => seen.push(done) });
    assert.equal(seen[0], 1_234_567);
    assert.deepEqual(await readFile(path), body);

    await writeFile(`${path}.partial`, randomBytes(1000));
    await throwsCode(downloadBlob(store, reference, path), 'DIGEST_MISMATCH');
    await downloadBlob(store, reference, path);
    await writeFile(`${path}.partial`, body);
    await truncate(`${path}.partial`, body.length + 5);
    await downloadBlob(store, reference, path);
    assert.deepEqual(await readFile(path), body);
    await throwsCode(downloadBlob(store, { ...reference, digest: digestOf(bytes('no')) }, path), 'OBJECT_NOT_FOUND');
  });
}
