// Brings a clone to the point where everything runs: packages, the pinned Node.js, native engine, TypeScript. Each step
// does only what is missing. Runs on the machine's own Node.js without any package.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { buildNative } from './build-native.mjs';
import { installPackages, root, toolEnvironment } from './packages.mjs';
import { checkRequirements } from './requirements.mjs';

const say = (line) => console.error(`setup: ${line}`);

function buildTypeScript() {
  const { status, error } = spawnSync('tsc', ['-b'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    env: toolEnvironment(),
  });
  if (error || status !== 0) throw new Error(`building the TypeScript failed${error ? `: ${error.message}` : ''}`);
  say('TypeScript: built');
}

/** Sets up what is missing, one line each on stderr. Ends the process with code 1 and one sentence where it cannot. */
export function bootstrap() {
  try {
    checkRequirements();
    installPackages(say);
    buildNative(say);
    buildTypeScript();
  } catch (error) {
    say(error.message);
    process.exit(1);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) bootstrap();
