// Ctrl-C, SIGTERM and a closed pipe become one AbortSignal whose reason is the exit code.
import { exitCodes } from './errors.ts';

/** The first signal asks the command to stop; a second one ends the process at once. */
export function watchSignals(): { signal: AbortSignal; release: () => void } {
  const controller = new AbortController();
  const stop = (exitCode: number) => {
    if (controller.signal.aborted) process.exit(exitCode);
    controller.abort(exitCode);
  };
  const onInterrupt = () => stop(exitCodes.interrupted);
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
    release: () => {
      process.off('SIGINT', onInterrupt);
      process.off('SIGTERM', onTerminate);
      process.off('disconnect', onTerminate);
    },
  };
}
