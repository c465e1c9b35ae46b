// An S3 endpoint that misbehaves: in front of a real one, request by request as the test wishes. Signatures stay good,
// because the Host header is the client's.
import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export type Treatment =
  | 'pass'
  /** No answer until the test says so; nothing reaches the store. */
  | 'hold'
  /** It reaches the store; the answer waits until the test says so. */
  | 'hold-answer'
  /** Slow down, as overloaded stores say. */
  | 503
  /** The answer breaks off after so many bytes. */
  | { cutAfter: number }
  /** One bit of the answer is another. */
  | 'flip'
  | { delayMs: number };

export interface S3Proxy {
  endpoint: string;
  /** What happens to a request, e.g. "GET /bucket/key". */
  treat: (request: string) => Treatment;
  /** Requests so far, as `treat` saw them. */
  seen: string[];
  /** Lets held requests go. */
  release(): void;
  /** Until a request matches. */
  until(pattern: RegExp, seconds?: number): Promise<void>;
  stop(): Promise<void>;
}

export async function startS3Proxy(target: string): Promise<S3Proxy> {
  const { hostname, port } = new URL(target);
  const held: (() => void)[] = [];
  const proxy: S3Proxy = {
    endpoint: '',
    treat: () => 'pass',
    seen: [],
    release: () => {
      for (const go of held.splice(0)) go();
    },
    until: async (pattern, seconds = 60) => {
      for (
        const deadline = Date.now() + seconds * 1000;
        !proxy.seen.some((line) => pattern.test(line));
        await sleep(10)
      )
        if (Date.now() > deadline) throw new Error(`no request was ${pattern}: ${proxy.seen.slice(-20).join(', ')}`);
    },
    stop: async () => {
      proxy.release();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };

  const forward = (incoming: IncomingMessage, outgoing: ServerResponse, treatment: Treatment) => {
    const upstream = httpRequest(
      { hostname, port, method: incoming.method, path: incoming.url, headers: incoming.headers },
      async (answer) => {
        if (treatment === 'hold-answer') await new Promise<void>((resolve) => held.push(resolve));
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        let sent = 0;
        answer.on('data', (piece: Buffer) => {
          const data = Buffer.from(piece);
          if (treatment === 'flip' && sent === 0 && data.length > 0)
            data[data.length >> 1] = (data[data.length >> 1] as number) ^ 1;
          sent += data.length;
          if (typeof treatment === 'object' && 'cutAfter' in treatment && sent > treatment.cutAfter) {
            answer.destroy();
            outgoing.destroy();
          } else outgoing.write(data);
        });
        answer.on('end', () => outgoing.end());
        answer.on('error', () => outgoing.destroy());
      },
    );
    upstream.on('error', () => outgoing.destroy());
    outgoing.on('close', () => upstream.destroy());
    incoming.pipe(upstream);
  };

  const server = createServer(async (incoming, outgoing) => {
    const line = `${incoming.method} ${incoming.url}`;
    const treatment = proxy.treat(line);
    proxy.seen.push(line);
    if (treatment === 503) {
      incoming.resume();
      outgoing.writeHead(503, { 'content-type': 'application/xml' });
      outgoing.end('<?xml version="1.0"?><Error><Code>SlowDown</Code><Message>slow down</Message></Error>');
      return;
    }
    if (treatment === 'hold') await new Promise<void>((resolve) => held.push(resolve));
    else if (typeof treatment === 'object' && 'delayMs' in treatment) await sleep(treatment.delayMs);
    forward(incoming, outgoing, treatment);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  proxy.endpoint = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  return proxy;
}
