// The profiler killed at every stage of a job, beside real servers: each ends in the right state by itself, no job lost, none
// done twice in effect, no partial artifact to be seen.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import type { ServiceProcess } from '@flash-slim/test-servers';
import { type ProfilerFixture, skip, startProfilerFixture } from './profiler-fixture.ts';
import type { S3Proxy, Treatment } from './s3-proxy.ts';
import { eventually, type World } from './world.ts';

/** Command lines of a process's children, and theirs. */
function descendants(pid: number): string[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {
      // it has ended meanwhile
    }
  }
  const below = (child: number): boolean => {
    const parent = parents.get(child);
    return parent === pid || (parent !== undefined && parent > 1 && below(parent));
  };
  return [...parents.keys()].filter(below).flatMap((child) => {
    try {
      return [readFileSync(`/proc/${child}/cmdline`, 'utf8').replaceAll('\0', ' ')];
    } catch {
      return [];
    }
  });
}

/** Where a job is when its worker is killed: what is waited for, and how requests are treated until then. */
const stages: {
  name: string;
  treat?: (request: string) => Treatment;
  reached(world: World, proxy: S3Proxy, profiler: ServiceProcess): Promise<unknown>;
}[] = [
  { name: 'as soon as it is queued', reached: async () => {} },
  {
    name: 'while it fetches',
    treat: (request) => (/^GET [^?]*\/incoming\/[^?]*$/.test(request) ? 'hold' : 'pass'),
    reached: (_, proxy) => proxy.until(/^GET [^?]*\/incoming\/[^?]*$/),
  },
  {
    name: 'while it imports',
    reached: (_, __, profiler) =>
      eventually('the import', async () => descendants(profiler.pid).some((line) => line.includes(' import ')), 30),
  },
  {
    name: 'while it profiles',
    reached: async (_, __, profiler) => {
      const is = (word: string) => descendants(profiler.pid).some((line) => line.includes(` ${word} `));
      await eventually('the import', async () => is('import'), 30);
      await eventually('the profile alone', async () => is('profile') && !is('import'), 30);
    },
  },
  {
    name: 'while it uploads the weight cache',
    treat: (request) => (/^(PUT|POST) .*\/blobs\//.test(request) ? 'hold' : 'pass'),
    reached: (_, proxy) => proxy.until(/^(PUT|POST) .*\/blobs\//),
  },
  {
    name: 'before the manifest',
    treat: (request) => (/^PUT .*\/models\//.test(request) ? 'hold' : 'pass'),
    reached: (_, proxy) => proxy.until(/^PUT .*\/models\//),
  },
  {
    name: 'after the manifest, before it is acked',
    treat: (request) => (/^DELETE .*\/incoming\//.test(request) ? 'hold' : 'pass'),
    reached: (_, proxy) => proxy.until(/^DELETE .*\/incoming\//),
  },
];

describe('the profiler, killed', { skip }, () => {
  let fixture: ProfilerFixture;
  before(async () => {
    fixture = await startProfilerFixture();
  });
  after(() => fixture?.stop());

  for (const [i, { name, treat, reached }] of stages.entries()) {
    test(`killed ${name}`, async () => {
      const { world, proxy, profiler, submit, manifests, succeeded, checkStore } = fixture;
      proxy.seen.length = 0;
      proxy.treat = treat ?? (() => 'pass');
      const { id, digest } = await submit(100 + i);
      await reached(world, proxy, profiler);
      await profiler.kill();
      const visible = (await manifests()).includes(digest);
      assert.equal(visible, name.startsWith('after the manifest'), 'the manifest comes last');
      proxy.treat = () => 'pass';
      proxy.release();
      await profiler.start();
      const { artifacts, attempt } = await succeeded(id);
      assert.equal(artifacts.modelDigest, digest);
      assert.equal(attempt, 1);
      assert.ok((await manifests()).includes(digest));
      assert.deepEqual(await checkStore(), []);
    });
  }
});
