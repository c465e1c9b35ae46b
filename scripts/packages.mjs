// The npm packages of package-lock.json, and with them the pinned Node.js in node_modules/.bin.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { delimiter } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
const lock = `${root}package-lock.json`;
const installed = `${root}node_modules/.package-lock.json`; // npm writes it last
const stamp = `${root}node_modules/.flash-slim-lock`;
const pinnedNode = `${root}node_modules/.bin/node`;

/** Environment for child processes: the repository's own tools, the pinned Node.js among them, come first. */
export const toolEnvironment = () => ({
  ...process.env,
  PATH: `${root}node_modules/.bin${delimiter}${process.env.PATH}`,
});

const lockDigest = () => createHash('sha256').update(readFileSync(lock)).digest('hex');

// A checkout renews modification times without changing anything, hence the digest. Where npm itself was run by hand
// there is no stamp yet; npm writes both of its files within moments.
function upToDate() {
  if (!existsSync(installed)) return false;
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lockDigest()) return true;
  return statSync(installed).mtimeMs + 5000 >= statSync(lock).mtimeMs;
}

function npm(...args) {
  // Loglevel error: the machine's own Node.js is only there to install, so its age is not worth a warning.
  const { status, error } = spawnSync('npm', [...args, '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
    // onnxruntime-node would download CUDA libraries, which are not used here.
    env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' },
  });
  if (error || status !== 0) throw new Error(`npm ${args[0]} failed${error ? `: ${error.message}` : ''}`);
}

/** Installs what is missing; says so through `say`. */
export function installPackages(say) {
  if (upToDate()) {
    say('npm packages: up to date');
  } else {
    say('npm packages: installing');
    npm('ci');
  }
  if (!existsSync(pinnedNode)) {
    // .npmrc turns install scripts off; this one fetches the Node.js binary for this CPU.
    say('Node.js: installing the pinned version');
    npm('rebuild', 'node', '--ignore-scripts=false');
  }
  writeFileSync(stamp, lockDigest());
}
