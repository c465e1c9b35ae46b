// Where parts of an upload go. S3 signs URLs itself; for a store that cannot (a directory) this service takes the parts on
// an HTTP port of its own, with a signature of its own, so that a person with curl does the same in both cases.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { ObjectStore } from '@flash-slim/store';
import type { Logger } from '@flash-slim/telemetry';

/** Of one part: a thousand parts are 100 GB. */
const maxPartBytes = 128 << 20;

export class UploadUrls {
  readonly #store: ObjectStore;
  readonly #log: Logger;
  /** URLs end with the process: whoever comes back asks CreateUpload again, and finds the parts that are there. */
  readonly #secret = randomBytes(32);
  #server: Server | null = null;
  #origin = '';

  constructor(store: ObjectStore, log: Logger) {
    this.#store = store;
    this.#log = log;
  }

  async partUrl(key: string, uploadId: string, number: number, seconds: number): Promise<string> {
    const presigned = await this.#store.presignPart(key, uploadId, number, seconds);
    if (presigned !== null) return presigned;
    await this.#listen();
    const path = `/${key}?uploadId=${uploadId}&partNumber=${number}&expires=${Math.floor(Date.now() / 1000) + seconds}`;
    return `${this.#origin}${path}&signature=${this.#sign(path)}`;
  }

  async close(): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  }

  #sign(path: string): string {
    return createHmac('sha256', this.#secret).update(path).digest('hex');
  }

  /** On loopback only: a directory is one machine's store. */
  async #listen(): Promise<void> {
    if (this.#server !== null) {
      if (this.#origin === '') await once(this.#server, 'listening');
      return;
    }
    this.#server = createServer((request, response) => {
      this.#take(request, response).catch((error) => {
        this.#log.warn({ err: error }, 'a part was not taken');
        if (!response.headersSent) response.writeHead(error.code === 'DISK_FULL' ? 507 : 500);
        response.end(`${error.message}\n`);
      });
    }).listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#origin = `http://127.0.0.1:${(this.#server.address() as { port: number }).port}`;
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const refuse = (status: number, message: string) => {
      response.writeHead(status, { connection: 'close' });
      response.end(`${message}\n`);
    };
    const [path = '', signature = ''] = (request.url ?? '').split('&signature=');
    const expected = Buffer.from(this.#sign(path));
    const given = Buffer.from(signature);
    if (given.length !== expected.length || !timingSafeEqual(given, expected))
      return refuse(403, 'the signature is not that of this URL: call CreateUpload again');
    const url = new URL(path, 'http://localhost');
    const { uploadId = '', partNumber, expires } = Object.fromEntries(url.searchParams);
    if (Number(expires) * 1000 < Date.now()) return refuse(403, 'the URL has expired: call CreateUpload again');
    if (request.method !== 'PUT') return refuse(405, 'PUT only');
    const pieces: Buffer[] = [];
    let bytes = 0;
    for await (const piece of request) {
      bytes += (piece as Buffer).length;
      if (bytes > maxPartBytes) return refuse(413, `a part has ${maxPartBytes} bytes at most`);
      pieces.push(piece as Buffer);
    }
    await this.#store.putPart(url.pathname.slice(1), uploadId, Number(partNumber), Buffer.concat(pieces));
    response.writeHead(200);
    response.end();
  }
}
