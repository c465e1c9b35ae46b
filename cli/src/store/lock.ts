// One process at a time per path. An abstract Unix socket is the lock: the kernel frees it when its owner ends, however
// it ends, so there are no stale lock files. (Containers that share a directory but no network namespace do not see each
// other's; what they then write is still checked before it gets its name.)
import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const pollMilliseconds = 200;

export async function withLock<T>(
  path: string,
  options: { signal?: AbortSignal | undefined; onWait: () => void },
  work: () => Promise<T>,
): Promise<T> {
  const address = `\0flash-slim-${createHash('sha256').update(path).digest('hex')}`;
  let server = await tryListen(address);
  if (server === null) options.onWait();
  while (server === null) {
    await sleep(pollMilliseconds, undefined, options.signal ? { signal: options.signal } : {});
    server = await tryListen(address);
  }
  try {
    return await work();
  } finally {
    server.close();
  }
}

function tryListen(address: string): Promise<Server | null> {
  return new Promise((resolve, reject) => {
    const server = createServer((connection) => connection.destroy());
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(null) : reject(error),
    );
    server.listen(address, () => resolve(server.unref()));
  });
}
