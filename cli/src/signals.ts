// Ctrl-C, SIGTERM and a closed pipe become one AbortSignal whose reason is the exit code.
import { exitCodes } from './errors.ts';

export interface Signals {
  signal: AbortSignal;
  /** Asks the command to stop, as the signal of that exit code would. */
  interrupt(exitCode: number): void;
  /** Until the function that it returns is called, Ctrl-C calls `handler` instead. */
  takeInterrupts(handler: () => void): () => void;
  release(): void;
}

/** The first signal asks the command to stop; a second one ends the process at once. */
export function watchSignals(): Signals {
  const controller = new AbortController();
  let taken: (() => void) | null = null;
  const stop = (exitCode: number) => {
    if (controller.signal.aborted) process.exit(exitCode);
    controller.abort(exitCode);
  };
  const onInterrupt = () => (taken === null ? stop(exitCodes.interrupted) : taken());
  const onTerminate = () => stop(exitCodes.terminated);
  process.on('SIGINT', onInterrupt);
  process.on('SIGTERM', onTerminate);
  // A child whose parent is gone works for nobody.
  process.on('disconnect', onTerminate);
  // `flash-slim ... | head`: whoever read stdout has gone, so there is nothing left to say.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    if (!controller.signal.aborted) controller.abort(exitCodes.pipeClosed);
  });
  return {
    signal: controller.signal,
    interrupt: stop,
    takeInterrupts: (handler) => {
      taken = handler;
      return () => {
        taken = null;
      };
    },
    release: () => {
      process.off('SIGINT', onInterrupt);
      process.off('SIGTERM', onTerminate);
      process.off('disconnect', onTerminate);
    },
  };
}
