// What only several processes, or one that dies, can show.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { buildWeightCache } from './build.ts';
import { BuildLock } from './lock.ts';
import { openWeightCache } from './open.ts';
import { makeLargeModel, makeModel, testDirectory } from './testing.ts';
import { verifyWeightCache } from './verify.ts';

interface ChildEvent {
  event: 'start' | 'progress' | 'end';
  bytesDone?: number;
  bytesTotal?: number;
  waiting?: boolean;
  grownBytes?: number;
}

/** A child that builds; `events` yields what it prints. */
function startBuild(modelPath: string, bytes: number, outPath: string) {
  const script = fileURLToPath(new URL('testing-child.ts', import.meta.url));
  const child: ChildProcess = spawn(process.execPath, [script, modelPath, String(bytes), outPath], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  const next = async (): Promise<ChildEvent | null> => {
    const { value, done } = await lines.next();
    return done ? null : JSON.parse(value);
  };
  return { child, exited, next };
}

test('a build that is killed at any moment never passes for whole', async (t) => {
  const directory = testDirectory(t);
  const bytes = 64 << 20;
  const path = join(directory, 'weights.fsw');
  let interrupted = 0;
  for (let i = 0; i < 12; i++) {
    const { child, exited, next } = startBuild(join(directory, 'model'), bytes, path);
    assert.deepEqual(await next(), { event: 'start' });
    await sleep(i * 8 + Math.random() * 8);
    child.kill('SIGKILL');
    await exited;
    if (existsSync(`${path}.partial`)) {
      interrupted++;
      assert.ok(!existsSync(path));
      // Whole only where the kill fell between the last sync and the rename.
      await verifyWeightCache(`${path}.partial`).catch((error) => {
        assert.ok(['CACHE_INCOMPLETE', 'CACHE_TRUNCATED'].includes(error.code), error);
      });
    }
    if (existsSync(path)) break;
    await assert.rejects(openWeightCache(path), { code: 'CACHE_UNREADABLE' });
  }
  assert.ok(interrupted > 0, 'no kill fell into a build');
  // What the dead left (partial file, lock file) is no obstacle.
  await buildWeightCache(makeLargeModel(join(directory, 'model'), bytes), path);
  await verifyWeightCache(path);
  assert.deepEqual(readdirSync(directory).sort(), ['model', 'weights.fsw']);
});

test('of two processes one builds, the other waits with its progress and takes the result', async (t) => {
  const directory = testDirectory(t);
  const bytes = 1 << 20;
  const path = join(directory, 'weights.fsw');
  const elsewhere = join(directory, 'elsewhere');
  await buildWeightCache(makeLargeModel(join(directory, 'model'), bytes), elsewhere);
  const lock = await BuildLock.acquire(`${path}.lock`, {});
  lock.report({ bytesDone: 123, bytesTotal: 4567, waiting: false });
  const { exited, next } = startBuild(join(directory, 'model'), bytes, path);
  assert.deepEqual(await next(), { event: 'start' });
  const seen: (ChildEvent | null)[] = [await next(), await next(), await next()];
  const waiting = { event: 'progress', bytesDone: 123, bytesTotal: 4567, waiting: true };
  assert.deepEqual(seen, [waiting, waiting, waiting]);
  const { ino } = statSync(elsewhere);
  renameSync(elsewhere, path);
  await lock.release();
  assert.deepEqual(await exited, [0, null]);
  assert.equal(statSync(path).ino, ino);
});

test('who waited for a builder that failed, or built another model, builds', async (t) => {
  const directory = testDirectory(t);
  const path = join(directory, 'weights.fsw');
  const other = join(directory, 'other.fsw');
  await buildWeightCache(makeModel(join(directory, 'other')), other);
  for (const finish of [() => {}, () => renameSync(other, path)]) {
    const lock = await BuildLock.acquire(`${path}.lock`, {});
    const { exited, next } = startBuild(join(directory, 'model'), 1 << 20, path);
    await next();
    assert.equal((await next())?.waiting, true);
    finish();
    await lock.release();
    assert.deepEqual(await exited, [0, null]);
    assert.equal((await openWeightCache(path)).manifest.model.file_bytes, 1 << 20);
  }
});

test('waiting ends with the signal', async (t) => {
  const directory = testDirectory(t);
  const path = join(directory, 'weights.fsw');
  const lock = await BuildLock.acquire(`${path}.lock`, {});
  const signal = AbortSignal.timeout(50);
  await assert.rejects(buildWeightCache(makeModel(join(directory, 'model')), path, { signal }), {
    name: 'TimeoutError',
  });
  await lock.release();
});

test('many builds at once in one process end with one cache', async (t) => {
  const directory = testDirectory(t);
  const path = join(directory, 'weights.fsw');
  const model = makeModel(join(directory, 'model'));
  const manifests = await Promise.all(Array.from({ length: 5 }, () => buildWeightCache(model, path)));
  for (const manifest of manifests) assert.deepEqual(manifest, manifests[0]);
  assert.deepEqual(readdirSync(directory).sort(), ['model', 'weights.fsw']);
});

test('memory of a build is bounded, whatever the model', async (t) => {
  const directory = testDirectory(t);
  const { next, exited } = startBuild(join(directory, 'model'), 256 << 20, join(directory, 'weights.fsw'));
  let last: ChildEvent | null = null;
  for (let event = await next(); event !== null; event = await next()) last = event;
  assert.deepEqual(await exited, [0, null]);
  assert.ok(last?.grownBytes !== undefined && last.grownBytes < 32 << 20, `grew by ${last?.grownBytes} bytes`);
  t.diagnostic(`grew by ${((last.grownBytes ?? 0) / 2 ** 20).toFixed(1)} MB`);
});

test('a disk that is too small says how much is missing, before any work', async (t) => {
  const directory = testDirectory(t);
  const mount = join(directory, 'small');
  mkdirSync(mount);
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', mount]).status !== 0) {
    t.skip('mounting a tmpfs is not permitted here');
    return;
  }
  try {
    const model = makeLargeModel(join(directory, 'model'), 8 << 20);
    await assert.rejects(buildWeightCache(model, join(mount, 'weights.fsw')), {
      code: 'DISK_FULL',
      message: /needs \d+ bytes, \d+ more than are free/,
    });
    assert.deepEqual(readdirSync(mount), []);
    const tiny = makeModel(join(directory, 'tiny'), [{ kind: 'F16', columns: 64, rows: [40] }]);
    await buildWeightCache(tiny, join(mount, 'weights.fsw'));
    await verifyWeightCache(join(mount, 'weights.fsw'));
  } finally {
    spawnSync('umount', [mount]);
  }
});
