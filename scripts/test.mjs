// npm test: sets up what is missing, then runs every test there is. The last line is "N passed, M failed, K skipped" over
// all of them, and the exit code says the same. Runs on the machine's own Node.js; the tests run on the pinned one.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { armNodeTests } from './arm64-node.mjs';
import { bootstrap } from './bootstrap.mjs';
import { addressSanitizerTests, armAddon, armTests, nativeTests, threadSanitizerTests } from './native-tests.mjs';
import { root, toolEnvironment } from './packages.mjs';
import { installServer, servers } from './servers.mjs';

const say = (line) => console.log(`\n== ${line}`);
const summary = [];

/** A runner that ends without totals is one failure. A runner that this machine cannot have is one skipped test. */
function run(name, runner) {
  say(name);
  let totals;
  let remark = '';
  const start = Date.now();
  try {
    totals = runner((reason) => {
      remark = `: ${reason}`;
      return null;
    });
  } catch (error) {
    remark = `: ${error.message}`;
    totals = { passed: 0, failed: 1, skipped: 0 };
  }
  totals ??= { passed: 0, failed: 0, skipped: 1 };
  if (totals.passed + totals.failed + totals.skipped === 0) {
    totals.failed = 1;
    remark = ': it ran no tests';
  }
  summary.push({ name, totals, remark: ` (${Math.round((Date.now() - start) / 1000)} s)${remark}` });
}

/** The real model for the tests that want one, from the store or the network; null, and the reason printed, if not. */
function realModel() {
  const environment = toolEnvironment();
  if (environment.FLASH_SLIM_TEST_MODEL) return environment.FLASH_SLIM_TEST_MODEL;
  const { stdout } = spawnSync(`${root}cli/bin/flash-slim.mjs`, ['pull', 'smollm2', '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    env: environment,
  });
  try {
    const answer = JSON.parse(stdout);
    if (answer.path) return answer.path;
    say(`no real model, so tests that need one are skipped: ${answer.error.message}`);
  } catch {
    say('no real model, so tests that need one are skipped: "flash-slim pull smollm2" failed');
  }
  return null;
}

/** The servers that tests of the services run against: built once where they are missing, which takes minutes. */
async function realServers() {
  for (const name of Object.keys(servers)) {
    try {
      await installServer(name, say);
    } catch (error) {
      say(`no ${name}, so tests that need it are skipped: ${error.message}`);
    }
  }
}

function nodeTests(model) {
  const directory = mkdtempSync(join(tmpdir(), 'flash-slim-test-'));
  const totals = join(directory, 'totals.json');
  const patterns = [
    'proto/src/**/*.test.ts',
    'packages/*/src/**/*.test.ts',
    'services/*/src/**/*.test.ts',
    'packages/engine/native/src/**/*.test.ts',
    'cli/src/**/*.test.ts',
  ];
  try {
    const { error } = spawnSync(
      'node',
      [
        '--test',
        '--test-timeout=600000',
        ...['--test-reporter=spec', '--test-reporter-destination=stdout'],
        ...[`--test-reporter=${root}scripts/test-counts.mjs`, `--test-reporter-destination=${totals}`],
        ...patterns,
        'test/**/*.test.ts',
        'bench/**/*.test.ts',
        'scripts/**/*.test.mjs',
      ],
      {
        cwd: root,
        stdio: ['ignore', 'inherit', 'inherit'],
        env: { ...toolEnvironment(), ...(model && { FLASH_SLIM_TEST_MODEL: model }) },
      },
    );
    if (error) throw error;
    return JSON.parse(readFileSync(totals, 'utf8'));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

try {
  bootstrap();
  await realServers();
  run('C++ tests', nativeTests);
  const model = realModel();
  run('TypeScript tests', () => nodeTests(model));
  run('C++ tests under AddressSanitizer and UndefinedBehaviorSanitizer', addressSanitizerTests);
  run('C++ tests under ThreadSanitizer', threadSanitizerTests);
  run('C++ tests on ARM64, under qemu', armTests);
  run('the engine in Node.js on ARM64, under qemu', (say) => armNodeTests(armAddon, model, say));
} catch (error) {
  summary.push({ name: 'setup', totals: { passed: 0, failed: 1, skipped: 0 }, remark: `: ${error.message}` });
}

say('summary');
const all = { passed: 0, failed: 0, skipped: 0 };
for (const { name, totals, remark } of summary) {
  for (const key of Object.keys(all)) all[key] += totals[key];
  console.log(`${name}: ${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped${remark}`);
}
console.log(`${all.passed} passed, ${all.failed} failed, ${all.skipped} skipped`);
process.exitCode = all.failed === 0 ? 0 : 1;
