// What goes wrong in life, injected at start, in prefill and in decode: a typed error that says which chunk and what to do,
// never a token from wrong bytes, and once the fault is gone the same logits, bit by bit, as if it had never been.
import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { deviceFacts } from '@flash-slim/native';
import type { PlanGroup, PrefetchPlan } from '@flash-slim/plan';
import type { CachedChunk, WeightCache } from '@flash-slim/weight-cache';
import { Engine, type InjectedFault } from './engine.ts';
import { assertNothingLoaded, cache, directory, expected, failureOf, other, plan, planOf } from './testing/faulty.ts';
import { course, courseSteps, logitBytes, runCourse, runStep, testTokens, withEngine } from './testing/run.ts';

const readers = deviceFacts().ioUring ? (['pread', 'io_uring'] as const) : (['pread'] as const);
const streamedGroups = plan.groups.filter((group) => !group.resident);
const residentGroups = plan.groups.filter((group) => group.resident);

interface Failure {
  step: number;
  code: string;
  message: string;
}

/** The course, each step tried again until it succeeds; `onFailure` may mend what is broken. */
async function stubbornCourse(engine: Engine, onFailure?: (failure: Failure) => void): Promise<Failure[]> {
  const failures: Failure[] = [];
  const sequence = await engine.allocateKvCache();
  const logits: Buffer[] = [];
  for (const [i, step] of courseSteps.entries()) {
    for (let attempt = 0; ; attempt++) {
      try {
        logits.push(await runStep(engine, sequence, step));
        break;
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        const failure = { step: i, code: String(code), message };
        assertTells(failure);
        failures.push(failure);
        onFailure?.(failure);
        if (attempt === 5) throw error;
      }
    }
  }
  await engine.freeSequence(sequence);
  assert.ok(expected.equals(Buffer.concat(logits)), 'the logits are those of a run without faults');
  return failures;
}

const chunkCodes = ['CHUNK_CORRUPT', 'CHUNK_TRUNCATED', 'CHUNK_READ_FAILED'];

/** Which chunk, and what to do. */
function assertTells({ code, message }: { code: string; message: string }): void {
  assert.ok(chunkCodes.includes(code), `${code}: ${message}`);
  assert.match(message, /\(chunk \d+(, row blocks \d+ to \d+)?\)/);
  assert.match(
    message,
    code === 'CHUNK_READ_FAILED' ? /check the storage/ : /rebuild (it|the weight cache) with flash-slim profile/,
  );
}

const nameOf = (group: PlanGroup): string =>
  `(chunk ${group.weights_id}, row blocks ${group.row_block_begin} to ${group.row_block_end - 1})`;
const bytesOf = (group: PlanGroup): { begin: number; end: number } => {
  const begin = group.aligned_offset + group.offset_adjust;
  return { begin, end: begin + group.size };
};

/** Faults of a group's bytes that stop a pass, and what they are called. */
const stopping = {
  flip: { count: 1, amount: 77, code: 'CHUNK_CORRUPT' },
  eio: { count: 1, amount: 0, code: 'CHUNK_READ_FAILED' },
  eof: { count: 4, amount: 0, code: 'CHUNK_TRUNCATED' },
} as const;
const harmless = {
  'one empty read': { kind: 'eof', count: 1, amount: 0 },
  'short reads': { kind: 'short', count: 1000, amount: 4096 },
  'late reads': { kind: 'delay', count: 3, amount: 20 },
} as const;

describe('while residents load', () => {
  const [first, middle, last] = [0, residentGroups.length >> 1, residentGroups.length - 1];
  for (const reader of readers)
    for (const at of [first, middle, last] as number[]) {
      const group = residentGroups[at] as PlanGroup;
      for (const [kind, { code, ...fault }] of Object.entries(stopping))
        test(`${kind} in resident ${at}, ${reader}`, async () => {
          const engine = await Engine.open(cache);
          try {
            const faults = [{ ...fault, ...bytesOf(group), kind, read: 0, residents: true } as InjectedFault];
            const failure = await failureOf(engine.load({ plan, threads: 2, reader, faults }));
            assert.equal(failure.code, code);
            assertTells(failure);
            assert.ok(failure.message.includes(nameOf(group)), failure.message);
            await assertNothingLoaded(engine);
            const report = await engine.load({ plan, threads: 2, reader });
            assert.equal(
              report.residentBytes,
              residentGroups.reduce((sum, { size }) => sum + size, 0),
            );
            assert.equal(
              report.streamedBytes,
              streamedGroups.reduce((sum, { size }) => sum + size, 0),
            );
            assert.ok(expected.equals(await course(engine)));
          } finally {
            await engine.close();
          }
        });
      for (const [name, fault] of Object.entries(harmless))
        test(`${name} in resident ${at}, ${reader}`, async () => {
          const faults = [{ ...fault, ...bytesOf(group), read: 0, residents: true }];
          assert.ok(expected.equals(await runCourse(cache, { plan, threads: 2, reader, faults })));
        });
    }
});

describe('while weights stream', () => {
  // The nth read of a body group belongs to pass n of the course; the head's groups are not read by pass 1.
  const phases = { 'the first prefill pass': 0, 'the second prefill pass': 1, 'the third decode step': 4 };
  const bodies = streamedGroups.filter((group) => group.weights_id !== plan.metadata.head_weights_id);
  for (const reader of readers)
    for (const [phase, read] of Object.entries(phases))
      for (const [at, group] of [0, bodies.length >> 1, bodies.length - 1].map(
        (i) => [i, bodies[i] as PlanGroup] as const,
      )) {
        for (const [kind, { code, ...fault }] of Object.entries(stopping))
          test(`${kind} in ${phase}, streamed group ${at}, ${reader}`, async () => {
            for (const threads of [1, 3]) {
              const faults = [{ ...fault, ...bytesOf(group), kind, read } as InjectedFault];
              await withEngine(cache, { plan, reader, threads, faults }, async (engine) => {
                const failures = await stubbornCourse(engine);
                assert.deepEqual(
                  failures.map(({ code: got }) => got),
                  [code],
                );
                assert.ok(failures[0]?.message.includes(nameOf(group)), failures[0]?.message);
                // Read ahead, the failure may come up one pass early, while its operator still runs.
                assert.ok([read, read - 1].includes(failures[0]?.step as number), `step ${failures[0]?.step}`);
              });
            }
          });
        for (const [name, fault] of Object.entries(harmless))
          test(`${name} in ${phase}, streamed group ${at}, ${reader}`, async () => {
            const faults = [{ ...fault, ...bytesOf(group), read }];
            assert.ok(expected.equals(await runCourse(cache, { plan, reader, threads: 2, faults })));
          });
      }

  test('a fault that stays ends every pass, and the engine lives on', async () => {
    const faults: InjectedFault[] = [{ kind: 'eio', read: 0, count: 1e9, amount: 0 }];
    await withEngine(cache, { plan, threads: 2, faults }, async (engine) => {
      const sequence = await engine.allocateKvCache();
      for (let i = 0; i < 20; i++) {
        const failure = await failureOf(logitBytes(engine, [{ sequence, tokens: testTokens(9) }], [0]));
        assert.equal(failure.code, 'CHUNK_READ_FAILED');
        assertTells(failure);
      }
    });
  });
});

describe('a file that changes under a loaded engine', () => {
  const original = readFileSync(cache.path);
  const embedding = cache.manifest.chunks.find((chunk) => chunk.gathered) as CachedChunk;
  const allStreamed = planOf({ resident: () => false });
  /** A copy of its own, so that the tests do not see each other's damage. */
  const copyOf = (name: string): WeightCache => {
    const path = join(directory, `${name}.fsw`);
    copyFileSync(cache.path, path);
    return { ...cache, path };
  };
  const withBytes = (at: number, bytes: Uint8Array): Buffer => {
    const changed = Buffer.from(original);
    changed.set(bytes, at);
    return changed;
  };
  const flipped = (at: number): Buffer => withBytes(at, Uint8Array.of((original[at] as number) ^ 1));

  /** Damages after `pass` passes; mended at the first failure. */
  async function damaged(
    name: string,
    used: PrefetchPlan,
    pass: number,
    damage: (path: string) => void,
  ): Promise<Failure[]> {
    const copy = copyOf(name);
    const failures: Failure[] = [];
    await withEngine(copy, { plan: used, threads: 2 }, async (engine) => {
      const sequence = await engine.allocateKvCache();
      for (const step of courseSteps.slice(0, pass)) await runStep(engine, sequence, step);
      await engine.freeSequence(sequence);
      damage(copy.path);
      failures.push(...(await stubbornCourse(engine, () => writeFileSync(copy.path, original))));
    });
    return failures;
  }

  /** Once, or twice where the next pass's first bytes were read before they were mended. */
  const assertFailedBy = (code: string, failures: Failure[]): void => {
    assert.ok(failures.length === 1 || failures.length === 2, `${failures.length} failures`);
    for (const failure of failures) assert.equal(failure.code, code);
  };

  for (const pass of [0, 1, 4]) {
    for (const [place, group] of [
      ['first', allStreamed.groups[0]],
      ['middle', allStreamed.groups[allStreamed.groups.length >> 1]],
      ['last', allStreamed.groups.at(-1)],
    ] as [string, PlanGroup][]) {
      const { begin, end } = bytesOf(group);
      test(`one bit of the ${place} group, after ${pass} passes`, async () => {
        for (const at of [begin, (begin + end) >> 1, end - 1]) {
          const failures = await damaged('bit', allStreamed, pass, (path) => writeFileSync(path, flipped(at)));
          assertFailedBy('CHUNK_CORRUPT', failures);
        }
      });
    }

    test(`truncated after ${pass} passes`, async () => {
      for (const bytes of [0, 4096, bytesOf(allStreamed.groups[20] as PlanGroup).begin + 10]) {
        const failures = await damaged('cut', allStreamed, pass, (path) => truncateSync(path, bytes));
        assertFailedBy('CHUNK_TRUNCATED', failures);
      }
    });

    test(`another model's weights in its place after ${pass} passes`, async () => {
      const bytes = readFileSync(other.path);
      assert.equal(bytes.length, original.length);
      const failures = await damaged('foreign', allStreamed, pass, (path) => writeFileSync(path, bytes));
      assertFailedBy('CHUNK_CORRUPT', failures);
    });

    test(`two chunks of equal size exchanged after ${pass} passes`, async () => {
      const [a, b] = cache.manifest.chunks.filter((chunk) => chunk.name.includes('down')) as [CachedChunk, CachedChunk];
      assert.equal(a.bytes, b.bytes);
      const changed = withBytes(a.offset, original.subarray(b.offset, b.offset + b.bytes));
      changed.set(original.subarray(a.offset, a.offset + a.bytes), b.offset);
      const failures = await damaged('swapped', allStreamed, pass, (path) => writeFileSync(path, changed));
      assertFailedBy('CHUNK_CORRUPT', failures);
    });
  }

  test('the row of the embedding that a prompt asks for', async () => {
    const { offset, row_block_bytes: rowBlockBytes, row_blocks: rowBlocks, weights_id } = embedding;
    // Passes without logits do not read the head's groups, so only GatherRows can notice.
    const copy = copyOf('row');
    const damages: [string, RegExp, (path: string, at: number) => void][] = [
      [
        'CHUNK_CORRUPT',
        /^wrong checksum in .*, row \d+: /,
        (path, at) => writeFileSync(path, flipped(at + rowBlockBytes - 1)),
      ],
      [
        'CHUNK_TRUNCATED',
        /^the weight cache ends inside .*, row \d+: /,
        (path, at) => truncateSync(path, at + rowBlockBytes - 1),
      ],
    ];
    await withEngine(copy, { plan: allStreamed, threads: 2 }, async (engine) => {
      for (const rowBlock of [0, 7, rowBlocks - 1])
        for (const [code, message, damage] of damages) {
          const sequence = await engine.allocateKvCache();
          damage(copy.path, offset + rowBlock * rowBlockBytes);
          const failure = await failureOf(logitBytes(engine, [{ sequence, tokens: [8 * rowBlock] }], []));
          assert.equal(failure.code, code);
          assert.match(failure.message, message);
          assert.ok(failure.message.includes(`(chunk ${weights_id})`), failure.message);
          assertTells(failure);
          writeFileSync(copy.path, original);
          await engine.freeSequence(sequence);
          assert.ok(expected.equals(await course(engine)));
        }
    });
  });

  test('what is resident already', async () => {
    for (const group of [residentGroups[0], residentGroups.at(-1)] as PlanGroup[])
      assert.deepEqual(
        await damaged('resident', plan, 1, (path) => writeFileSync(path, flipped(bytesOf(group).begin))),
        [],
      );
  });

  test('a new file under its name', async () => {
    const failures = await damaged('renamed', allStreamed, 1, (path) => {
      copyFileSync(other.path, `${path}.new`);
      renameSync(`${path}.new`, path);
    });
    assert.deepEqual(failures, []);
  });

  test('residents that were damaged before', async () => {
    const copy = copyOf('bad-residents');
    const group = residentGroups[3] as PlanGroup;
    writeFileSync(copy.path, flipped(bytesOf(group).end - 1));
    const engine = await Engine.open(copy);
    try {
      const failure = await failureOf(engine.load({ plan, threads: 1 }));
      assert.equal(failure.code, 'CHUNK_CORRUPT');
      assertTells(failure);
      assert.ok(failure.message.includes(nameOf(group)), failure.message);
      writeFileSync(copy.path, original);
      await engine.load({ plan, threads: 1 });
      assert.ok(expected.equals(await course(engine)));
    } finally {
      await engine.close();
    }
  });

  test('cut short before it is opened', async () => {
    const copy = copyOf('short');
    truncateSync(copy.path, original.length - 4096);
    const failure = await failureOf(Engine.open(copy));
    assert.equal(failure.code, 'CACHE_TRUNCATED');
    assert.match(failure.message, /rebuild it with flash-slim profile/);
  });
});
