import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface RunningServer {
  readonly pid: number;
  /** SIGKILL, as a machine that loses power; the data stay. */
  kill(): Promise<void>;
  /** Again on the same port and data. */
  start(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** The path of `nats-server`, `minio` or `jaeger`; null, where there is none and `scripts/servers.mjs` built none. */
export async function serverPath(name: string): Promise<string | null> {
  const script = new URL('../../../scripts/servers.mjs', import.meta.url).href;
  const { findServer } = (await import(script)) as { findServer(name: string): string | null };
  return findServer(name);
}

/** Ends a child with its parent, however that one ends. */
export const hasSetpriv = spawnSync('setpriv', ['--pdeathsig', 'KILL', 'true'], { stdio: 'ignore' }).status === 0;

export interface ServerDefinition {
  name: string;
  arguments(directory: string): string[];
  environment?: Record<string, string>;
  ready(): Promise<boolean>;
}

export async function runServer(definition: ServerDefinition): Promise<RunningServer> {
  const { name } = definition;
  const path = await serverPath(name);
  if (path === null) throw new Error(`${name} is missing: put it on PATH, or run "node scripts/servers.mjs ${name}"`);
  const directory = await mkdtemp(join(tmpdir(), `flash-slim-${name}-`));
  let child: ChildProcess | null = null;
  const killNow = () => child?.kill('SIGKILL');
  process.on('exit', killNow);

  const end = async (signal: NodeJS.Signals) => {
    const running = child;
    child = null;
    if (running === null || running.exitCode !== null || running.signalCode !== null) return;
    const exited = once(running, 'exit');
    running.ref();
    running.kill(signal);
    await exited;
  };
  const start = async () => {
    const command = [path, ...definition.arguments(directory)];
    if (hasSetpriv) command.unshift('setpriv', '--pdeathsig', 'KILL');
    const started = spawn(command[0] as string, command.slice(1), {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...definition.environment },
    });
    child = started;
    let output = '';
    const keep = (text: Buffer) => {
      output = (output + text).slice(-4000);
    };
    started.stdout.on('data', keep);
    started.stderr.on('data', keep);
    started.unref();
    for (const deadline = Date.now() + 60_000; ; await sleep(50)) {
      if (started.exitCode !== null || started.signalCode !== null)
        throw new Error(`${name} ended at once:\n${output}`);
      if (await definition.ready().catch(() => false)) return;
      if (Date.now() > deadline) {
        await end('SIGKILL');
        throw new Error(`${name} was not ready within a minute:\n${output}`);
      }
    }
  };
  await start();
  return {
    get pid() {
      return child?.pid ?? 0;
    },
    kill: () => end('SIGKILL'),
    start,
    stop: async () => {
      await end('SIGTERM');
      process.off('exit', killNow);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Whether an HTTP address answers with a good status. */
export async function answers(url: string): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
  await response.arrayBuffer();
  return response.ok;
}
