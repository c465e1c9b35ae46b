// Builds the C++ engine and its addon with CMake, into packages/engine/native/build.
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('../packages/engine/native/', import.meta.url));
const build = `${source}build`;
const run = (...command) => {
  const { status } = spawnSync(command[0], command.slice(1), { stdio: ['ignore', 2, 2] });
  if (status !== 0) process.exit(status ?? 1);
};
run('cmake', '-S', source, '-B', build, '-DCMAKE_BUILD_TYPE=Release');
run('cmake', '--build', build, '--parallel', String(availableParallelism()));
