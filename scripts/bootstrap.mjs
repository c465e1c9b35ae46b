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

/** Sets up what is missing, one line each on stderr. Throws an Error whose message says what is in the way. */
export function bootstrap() {
  checkRequirements();
  installPackages(say);
  buildNative(say);
  buildTypeScript();
}

/** For scripts that can do nothing without it: one sentence and exit code 1. */
export function bootstrapOrExit() {
  try {
    bootstrap();
  } catch (error) {
    say(error.message);
    process.exit(1);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) bootstrapOrExit();
