// The engine's own tests, run by CTest: on this CPU, also with sanitizers, and cross-compiled for ARM64 under qemu-user.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { cmakeBuild, nativeBuild } from './build-native.mjs';
import { toolEnvironment } from './packages.mjs';

const crossCompiler = 'aarch64-linux-gnu-g++';
const emulator = 'qemu-aarch64-static';
const armBuild = `${nativeBuild}-arm64`;
export const armAddon = `${armBuild}/flash_slim.node`;

const exists = (command) => !spawnSync(command, ['--version']).error;

/** Runs the tests of a build directory; their output is shown where one fails. */
function ctest(directory, which = []) {
  const { stdout, error } = spawnSync('ctest', ['--output-on-failure', '--timeout', '1200', ...which], {
    cwd: directory,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    env: toolEnvironment(),
    maxBuffer: 1 << 28,
  });
  if (error) throw error;
  process.stdout.write(stdout);
  const totals = { passed: 0, failed: 0, skipped: 0 };
  // " 3/12 Test  #3: kernels_test ......   Passed    0.02 sec", "...***Failed", "...***Skipped", "...***Not Run"
  for (const [, stars, outcome] of stdout.matchAll(/^ *\d+\/\d+ Test +#\d+: .*?\.\.+ *(\**)(\w+)/gm)) {
    totals[outcome === 'Skipped' ? 'skipped' : stars === '' && outcome === 'Passed' ? 'passed' : 'failed']++;
  }
  return totals;
}

/** Those of the tests that have threads in them; the rest would only be slower. */
const threadedTests = ['cache', 'direct_file', 'prefetcher', 'probe_storage', 'thread_pool'].map(
  (name) => `${name}_test`,
);

/** Why programs built with this sanitizer cannot be made or run here; null where they can. */
function sanitizerMissing(sanitizer) {
  const directory = mkdtempSync(join(tmpdir(), 'flash-slim-sanitizer-'));
  try {
    const program = join(directory, 'program');
    const args = [`-fsanitize=${sanitizer}`, '-x', 'c++', '-', '-o', program];
    const compiler = process.env.CXX || 'c++';
    const built = spawnSync(compiler, args, { input: 'int main() {}', encoding: 'utf8' });
    if (built.error || built.status !== 0)
      return `${compiler} has no -fsanitize=${sanitizer}: ${built.error?.message ?? built.stderr.trim().split('\n')[0]}`;
    // ThreadSanitizer ends at once where the kernel puts programs at addresses that it does not expect.
    const ran = spawnSync(program, { encoding: 'utf8' });
    if (ran.status === 0) return null;
    return `a program with -fsanitize=${sanitizer} does not run: ${ran.stderr?.trim().split('\n')[0] || ran.signal}`;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function sanitizerTests(sanitizer, say, { targets = [], which = [] } = {}) {
  const missing = sanitizerMissing(sanitizer);
  if (missing !== null) return say(missing);
  const directory = `${nativeBuild}-${sanitizer.split(',')[0]}`;
  const start = Date.now();
  cmakeBuild(directory, ['-DFLASH_SLIM_ADDON=OFF', `-DFLASH_SLIM_SANITIZE=${sanitizer}`], targets);
  console.log(`built in ${Math.round((Date.now() - start) / 1000)} s`);
  return ctest(directory, ['--parallel', String(availableParallelism()), ...which]);
}

/** Null, like the tests below, where this machine cannot; `say` is told why. */
export const addressSanitizerTests = (say) => sanitizerTests('address,undefined', say);

/** The engine's tests of what threads share. */
export const threadSanitizerTests = (say) =>
  sanitizerTests('thread', say, { targets: threadedTests, which: ['-R', `^(${threadedTests.join('|')})$`] });

export const nativeTests = () => ctest(nativeBuild);

/** Null where this machine cannot; `say` is told why. */
export function armTests(say) {
  if (process.arch === 'arm64') return say('this machine is ARM64: its tests are those above');
  for (const tool of [crossCompiler, emulator]) {
    if (!exists(tool)) return say(`${tool} is not installed`);
  }
  cmakeBuild(armBuild, ['-DCMAKE_TOOLCHAIN_FILE=cmake/aarch64-linux-gnu.cmake']);
  return ctest(armBuild);
}
