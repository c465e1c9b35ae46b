// For tests of interrupted downloads: a connection that breaks at a moment which does not depend on the machine's speed.
import { statSync } from 'node:fs';
import type { ServerResponse } from 'node:http';

/**
 * Cuts the connection once `path` holds `bytes` bytes. After a fixed time instead, a busy machine's client may not have read
 * anything yet, and fetch drops what has arrived but was not read when the connection breaks.
 */
export function cutWhenStored(response: ServerResponse, path: string, bytes: number): void {
  const look = () => {
    if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) >= bytes) response.destroy();
    else if (!response.destroyed) setTimeout(look, 5);
  };
  look();
}
