// Memory that starting up leaves behind goes back before it is measured what the ready process holds: what is garbage then
// would be room that no weights get.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { residentSetBytes } from '@flash-slim/engine';
import { releaseBinaryPages } from '@flash-slim/native';

type CollectGarbage = (options: { type: 'major'; flavor: 'last-resort' }) => void;

/** V8 frees little by itself before its heap has grown much larger: 8 MB of a node's 43 are garbage once it is ready. */
export function releaseMemory(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as CollectGarbage;
  setFlagsFromString('--no-expose-gc');
  collect({ type: 'major', flavor: 'last-resort' });
  releaseBinaryPages();
}

/** What the process holds once it has given back what it can. */
export function readyMemoryBytes(): number {
  releaseMemory();
  return residentSetBytes();
}
