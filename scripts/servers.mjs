// The servers that tests and the services' demo run against: from PATH, or built once with Go into a cache. They are
// programs beside this one, never part of it (MinIO is under the AGPL).
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const servers = {
  'nats-server': {
    module: 'github.com/nats-io/nats-server/v2@v2.15.2',
    variable: 'FLASH_SLIM_NATS_SERVER',
    minutes: 2,
  },
  minio: {
    module: 'github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c',
    variable: 'FLASH_SLIM_MINIO',
    minutes: 5,
  },
  // Newer versions have replace directives, which `go install` refuses. Its web page is a placeholder; tests use the API.
  jaeger: {
    module: 'github.com/jaegertracing/jaeger/cmd/all-in-one@v1.42.0',
    program: 'all-in-one',
    variable: 'FLASH_SLIM_JAEGER',
    minutes: 3,
  },
};

function cacheDirectory() {
  const { XDG_CACHE_HOME: cache } = process.env;
  return join(cache && isAbsolute(cache) ? cache : join(homedir(), '.cache'), 'flash-slim', 'servers');
}

const cachedPath = (name) => join(cacheDirectory(), `${name}-${servers[name].module.split('@')[1]}`);

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The path of a server that is there: named by its variable, on PATH, or in the cache. null if it is not. */
export function findServer(name) {
  const { variable } = servers[name];
  if (process.env[variable]) return process.env[variable];
  const onPath = (process.env.PATH ?? '').split(delimiter).map((directory) => join(directory, name));
  return [...onPath, cachedPath(name)].find(isProgram) ?? null;
}

/** Finds a server, or builds it with Go: minutes, once; says so through `say`. Throws an Error that says what is missing. */
export async function installServer(name, say) {
  const found = findServer(name);
  if (found !== null) return found;
  if (spawnSync('go', ['version'], { stdio: 'ignore' }).status !== 0)
    throw new Error(`${name} is not on PATH, and there is no Go to build it with`);
  const { module, program, minutes } = servers[name];
  say(`${name}: building ${module} with Go, once; about ${minutes} minutes`);
  mkdirSync(cacheDirectory(), { recursive: true });
  const directory = mkdtempSync(join(cacheDirectory(), `.${name}-`));
  try {
    await goInstall(module, directory, (line) => say(`${name}: ${line}`));
    renameSync(join(directory, program ?? name), cachedPath(name));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  say(`${name}: ready`);
  return cachedPath(name);
}

function goInstall(module, directory, say) {
  const started = Date.now();
  return new Promise((resolve, reject) => {
    const build = spawn('go', ['install', '-v', module], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, GOBIN: directory, GOFLAGS: '-buildvcs=false' },
    });
    let packages = 0;
    let tail = '';
    build.stderr.setEncoding('utf8').on('data', (text) => {
      tail = (tail + text).slice(-2000);
      packages += text.split('\n').filter((line) => line && !line.startsWith('go: ')).length;
    });
    const seconds = () => Math.round((Date.now() - started) / 1000);
    const timer = setInterval(() => say(`${packages} packages compiled, ${seconds()} s`), 15_000);
    build.on('error', reject);
    build.on('close', (status) => {
      clearInterval(timer);
      if (status === 0) resolve();
      else reject(new Error(`go install ${module} failed: ${tail.trim().split('\n').at(-1)}`));
    });
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const say = (line) => console.error(line);
  const names = process.argv.slice(2);
  const unknown = names.find((name) => !(name in servers));
  if (unknown !== undefined) {
    say(`unknown server ${unknown}; there are ${Object.keys(servers).join(', ')}`);
    process.exit(2);
  }
  try {
    for (const name of names.length > 0 ? names : Object.keys(servers)) console.log(await installServer(name, say));
  } catch (error) {
    say(error.message);
    process.exit(1);
  }
}
