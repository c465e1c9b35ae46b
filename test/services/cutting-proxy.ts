// A way to a server that can be cut: after so many bytes of its answers, or altogether.
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface CuttingProxy {
  port: number;
  /** Each connection ends after so many bytes from the server; null: none is cut. */
  cutAfter(bytes: number | null): void;
  /** Connections that were cut so far. */
  readonly cuts: number;
  /** Bytes that the server sent so far, over all connections. */
  readonly bytes: number;
  close(): Promise<void>;
}

export async function startCuttingProxy(host: string, port: number): Promise<CuttingProxy> {
  let limit: number | null = null;
  let cuts = 0;
  let total = 0;
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(port, host);
    let sent = 0;
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        open.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.pipe(upstream);
    upstream.on('data', (data) => {
      const room = limit === null ? data.length : Math.max(0, limit - sent);
      const piece = data.subarray(0, room);
      sent += piece.length;
      total += piece.length;
      if (piece.length === data.length) {
        if (!client.write(piece)) upstream.pause();
        return;
      }
      cuts++;
      client.write(piece, () => client.resetAndDestroy());
    });
    client.on('drain', () => upstream.resume());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as { port: number }).port,
    cutAfter: (bytes) => {
      limit = bytes;
    },
    get cuts() {
      return cuts;
    },
    get bytes() {
      return total;
    },
    close: async () => {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
