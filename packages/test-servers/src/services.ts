// The three services as processes of their own, beside real servers: what a person would start, for tests and demos.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hasSetpriv } from './process.ts';

export const flashSlim = fileURLToPath(new URL('../../../cli/bin/flash-slim.mjs', import.meta.url));

export interface ServiceProcess {
  readonly name: string;
  /** host:port of its gRPC service. */
  readonly address: string;
  readonly pid: number;
  /** What it logged so far, a JSON object a line. */
  log(): string;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** SIGTERM; its exit code. */
  stop(): Promise<number | null>;
  /** Again, at the same address. */
  start(): Promise<void>;
}

export interface ServiceOptions {
  name: 'profiler' | 'planner' | 'runtime' | 'up';
  environment: Record<string, string>;
  arguments?: string[];
}

const readySeconds = 60;

export async function startService(options: ServiceOptions): Promise<ServiceProcess> {
  let child: ChildProcess | null = null;
  let output = '';
  let address = '127.0.0.1:0';
  const killNow = () => child?.kill('SIGKILL');
  process.on('exit', killNow);

  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    const running = child;
    child = null;
    if (running === null) return null;
    if (running.exitCode === null && running.signalCode === null) {
      running.ref();
      const exited = once(running, 'exit');
      running.kill(signal);
      await exited;
    }
    return running.exitCode;
  };
  const start = async () => {
    const words = [flashSlim, options.name, '--json', '--listen', address, ...(options.arguments ?? [])];
    if (hasSetpriv) words.unshift('setpriv', '--pdeathsig', 'KILL');
    const started = spawn(words[0] as string, words.slice(1), {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...options.environment },
    });
    child = started;
    started.unref();
    started.stderr.on('data', (text) => {
      output += text;
    });
    let said = '';
    await new Promise<void>((resolve, reject) => {
      const fail = (why: string) => reject(new Error(`${options.name} ${why}:\n${said}${output.slice(-4000)}`));
      const timer = setTimeout(() => fail('was not ready in time'), readySeconds * 1000);
      started.on('exit', () => {
        clearTimeout(timer);
        fail('ended');
      });
      started.stdout.on('data', (text) => {
        said += text;
        if (!said.includes('\n')) return;
        const answer = JSON.parse(said.split('\n')[0] as string);
        if (answer.ready !== true) return;
        address = answer[options.name] ?? answer.profiler;
        clearTimeout(timer);
        resolve();
      });
    });
  };
  await start();
  return {
    name: options.name,
    get address() {
      return address;
    },
    get pid() {
      return child?.pid ?? 0;
    },
    log: () => output,
    kill: async () => {
      await end('SIGKILL');
    },
    stop: async () => {
      const code = await end('SIGTERM');
      process.off('exit', killNow);
      return code;
    },
    start,
  };
}

export interface Answer {
  code: number | null;
  // biome-ignore lint/suspicious/noExplicitAny: each command's own JSON
  value: any;
  stderr: string;
}

/** Runs a command of flash-slim with --json. */
export async function ask(args: string[], environment: Record<string, string>): Promise<Answer> {
  const child = spawn(flashSlim, [...args, '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (text) => {
    stdout += text;
  });
  child.stderr.on('data', (text) => {
    stderr += text;
  });
  const [code] = await once(child, 'close');
  try {
    return { code, value: JSON.parse(stdout), stderr };
  } catch {
    throw new Error(`flash-slim ${args.join(' ')} printed no JSON: ${stdout}\n${stderr}`);
  }
}

/** A directory under the system's temporary one, removed by `remove`. */
export async function temporaryDirectory(name: string): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), `flash-slim-${name}-`));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
