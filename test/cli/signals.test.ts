// Ctrl-C at every stage of a cold start: ends within a second with 130, and leaves no process and nothing half-made.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeRandomGguf } from '@flash-slim/model/testing';
import { flashSlim } from './run-cli.ts';

const directory = mkdtempSync(join(tmpdir(), 'flash-slim-signals-'));
after(() => rmSync(directory, { recursive: true }));
const model = join(directory, 'm.gguf');
// Some 200 MB, so that building the cache takes long enough to be interrupted.
writeRandomGguf(model, {
  shape: { hiddenSize: 1024, feedForwardSize: 4096, layers: 22, heads: 16, kvHeads: 8, headSize: 64 },
});
const generate = ['generate', '--model', model, '--prompt', 'abc', '--ignore-eos', '--context-length', '4096'];
const more = ['--max-decode-steps', '4000'];

/** Command lines of the processes that still work for `home`: it is in their environment. */
function processesOf(home: string): string[] {
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      if (!readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`FLASH_SLIM_HOME=${home}\0`)) return [];
      return [readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')];
    } catch {
      return []; // it has ended meanwhile, or is another user's
    }
  });
}

const unfinished = (home: string) =>
  readdirSync(home, { recursive: true }).filter((name) => /\.(partial|lock)$/.test(String(name)));

const until = async (condition: () => boolean) => {
  for (const end = Date.now() + 60_000; !condition(); await sleep(5))
    assert.ok(Date.now() < end, 'it never came to that');
};

const stages: [name: string, reached: (home: string, stderr: string) => boolean][] = [
  ['building the cache', (home) => unfinished(home).some((name) => String(name).endsWith('.partial'))],
  ['profiling', (home) => readdirSync(home, { recursive: true }).some((name) => String(name).endsWith('weights.fsw'))],
  ['generating', (_home, stderr) => stderr.includes('kernel ') || stderr.includes('it predicts')],
];

for (const [name, reached] of stages) {
  test(`Ctrl-C while ${name}`, { timeout: 120_000 }, async () => {
    const home = mkdtempSync(join(directory, 'home-'));
    let kill: (() => void) | undefined;
    let stderr = '';
    const outcome = flashSlim([...generate, ...more], {
      env: { FLASH_SLIM_HOME: home },
      onStderr: (text, child) => {
        stderr = text;
        kill = () => child.kill('SIGINT');
      },
    });
    await until(() => kill !== undefined && reached(home, stderr));
    await sleep(150);
    const sent = Date.now();
    kill?.();
    const { code, stderr: said } = await outcome;
    const took = Date.now() - sent;
    assert.equal(code, 130, said);
    assert.ok(took < 1000, `${took} ms`);
    assert.match(said, /^flash-slim: interrupted\n$/m);
    await sleep(300);
    assert.deepEqual(processesOf(home), []);
    assert.deepEqual(unfinished(home), []);
  });
}

test('two processes that want the same cache both succeed', { timeout: 120_000 }, async () => {
  const env = { FLASH_SLIM_HOME: mkdtempSync(join(directory, 'home-')) };
  const args = [...generate.with(-1, '64'), '--max-decode-steps', '4', '--temperature', '0', '--json'];
  const outcomes = await Promise.all([flashSlim(args, { env }), flashSlim(args, { env })]);
  for (const { code, stderr } of outcomes) assert.equal(code, 0, stderr);
  const [first, second] = outcomes.map(({ stdout }) => JSON.parse(stdout).token_ids);
  assert.deepEqual(first, second);
});
