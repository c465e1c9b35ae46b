// The engine's own tests, run by CTest: on this CPU, and cross-compiled for ARM64 under qemu-user.
import { spawnSync } from 'node:child_process';
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
const threadedTests = '^(cache|direct_file|prefetcher|probe_storage|thread_pool)_test$';

/** The engine's tests of what threads share, engine and all built with ThreadSanitizer. */
export function threadSanitizerTests() {
  const directory = `${nativeBuild}-thread`;
  cmakeBuild(directory, ['-DFLASH_SLIM_ADDON=OFF', '-DFLASH_SLIM_SANITIZE=thread']);
  return ctest(directory, ['-R', threadedTests]);
}

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
