// Builds the C++ engine and its addon with CMake, into packages/engine/native/build. CMake decides what is out of date.
import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import { fileURLToPath } from 'node:url';
import { root, toolEnvironment } from './packages.mjs';

const source = `${root}packages/engine/native`;
export const nativeBuild = `${source}/build`;

/**
 * Configures and builds into `directory`; CMake's own output goes to build.log there, and to the terminal only when
 * something fails. Throws when it does. `targets`: all where none are named.
 */
export function cmakeBuild(directory, definitions = [], targets = []) {
  mkdirSync(directory, { recursive: true });
  const log = `${directory}/build.log`;
  const jobs = String(os.availableParallelism?.() ?? os.cpus().length);
  const steps = [
    ['-S', source, '-B', directory, '-DCMAKE_BUILD_TYPE=Release', ...definitions],
    ['--build', directory, '--parallel', jobs, ...(targets.length > 0 ? ['--target', ...targets] : [])],
  ];
  const file = openSync(log, 'w');
  try {
    for (const args of steps) {
      const { status, error } = spawnSync('cmake', args, { stdio: ['ignore', file, file], env: toolEnvironment() });
      if (error) throw error;
      if (status === 0) continue;
      const tail = readFileSync(log, 'utf8').split('\n').slice(-40).join('\n');
      throw new Error(`building the native engine failed; the end of ${log}:\n${tail}`);
    }
  } finally {
    closeSync(file);
  }
}

const modified = (file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** CMake refuses a build directory that was configured under another path (a moved or copied clone). */
function dropForeignBuild() {
  const cache = `${nativeBuild}/CMakeCache.txt`;
  if (!modified(cache)) return;
  const home = /^CMAKE_HOME_DIRECTORY:INTERNAL=(.*)$/m.exec(readFileSync(cache, 'utf8'))?.[1];
  if (home !== source) rmSync(nativeBuild, { recursive: true });
}

export function buildNative(say) {
  dropForeignBuild();
  const addon = `${nativeBuild}/flash_slim.node`;
  const before = modified(addon);
  if (!before) say('native engine: building, a minute or two the first time');
  cmakeBuild(nativeBuild);
  say(modified(addon) === before ? 'native engine: up to date' : 'native engine: built');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    buildNative((line) => console.error(line));
  } catch (error) {
    console.error(error.message);
    process.exit(1);
  }
}
