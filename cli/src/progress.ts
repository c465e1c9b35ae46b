// Progress of long work on stderr: a bar on a terminal, elsewhere a plain line every few seconds, nothing with --quiet.
import { createRequire } from 'node:module';
import { formatBytes } from '@flash-slim/plan';

export interface Progress {
  /** How far the work is, in total (not since the last call). */
  update(done: number): void;
  /** Ends the display; call it on failure too. Idempotent. */
  stop(): void;
}

const millisecondsBetweenLines = 3000;

export function createProgress(label: string, total: number | null, unit: 'bytes' | 'count', quiet: boolean): Progress {
  if (quiet) return { update: () => {}, stop: () => {} };
  const format = unit === 'bytes' ? formatBytes : String;
  const describe = (done: number) =>
    total === null ? `${label}: ${format(done)}` : `${label}: ${percent(done, total)}% of ${format(total)}`;
  return process.stderr.isTTY ? bar(describe, total) : lines(describe);
}

const percent = (done: number, total: number) => (total === 0 ? 100 : Math.floor((100 * done) / total));

function lines(describe: (done: number) => string): Progress {
  let next = Date.now() + millisecondsBetweenLines;
  return {
    update: (done) => {
      if (Date.now() < next) return;
      next = Date.now() + millisecondsBetweenLines;
      process.stderr.write(`${describe(done)}\n`);
    },
    stop: () => {},
  };
}

function bar(describe: (done: number) => string, total: number | null): Progress {
  // Loaded only where a bar is drawn: a server or a pipe pays nothing for it.
  const { SingleBar } = createRequire(import.meta.url)('cli-progress') as typeof import('cli-progress');
  const format = total === null ? '{text}' : '{bar} {text}, {eta_formatted} left';
  const single = new SingleBar({ format, stream: process.stderr, hideCursor: true, clearOnComplete: true, fps: 5 });
  single.start(total ?? 0, 0, { text: describe(0) });
  let running = true;
  return {
    update: (done) => {
      if (running) single.update(done, { text: describe(done) });
    },
    stop: () => {
      if (running) single.stop();
      running = false;
    },
  };
}

/** Also tells the process that started this one, where it listens; a few times a second. */
export function tellingParent(label: string, total: number | null, progress: Progress): Progress {
  if (process.send === undefined) return progress;
  let next = 0;
  return {
    update: (done) => {
      progress.update(done);
      if (Date.now() < next && done !== total) return;
      next = Date.now() + 250;
      process.send?.({ progress: { label, done, total } });
    },
    stop: () => progress.stop(),
  };
}
