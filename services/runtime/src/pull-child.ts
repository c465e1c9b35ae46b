// The child process that talks to the object store: one job in, progress and a result out.
import { openStore } from '@flash-slim/store';
import type { ChildAnswer, ChildJob } from './child.ts';
import { pull } from './pull.ts';

/** Whoever asked may be gone by now: that is no failure of this process, which ends then. */
const answer = (message: ChildAnswer): void => void process.send?.(message, undefined, undefined, () => {});

process.once('disconnect', () => process.exit(1));
process.once('message', async ({ location, request }: ChildJob) => {
  try {
    const store = await openStore(location);
    let toldAt = 0;
    const result = await pull(store, request, (done, total) => {
      if (Date.now() - toldAt < 200 && done < total) return;
      toldAt = Date.now();
      answer({ progress: { done, total } });
    });
    answer({ result });
  } catch (error) {
    const { code = 'STORE_FAILED', message } = error as { code?: string; message: string };
    answer({ error: { code, message } });
  }
});
