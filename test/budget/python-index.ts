// A Python package index on loopback that has one wheel with one file in it, as known models are published.
import { openSync, readSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename } from 'node:path';
import { crc32 } from 'node:zlib';

export interface PythonIndex {
  url: string;
  close(): void;
}

/** Serves the file as PACKAGE/NAME inside a wheel that is put together as it is sent: a zip archive with it stored. */
export async function servePackage(packageName: string, version: string, path: string): Promise<PythonIndex> {
  const folder = packageName.replaceAll('-', '_');
  const wheel = `${folder}-${version}-py3-none-any.whl`;
  const { before, after } = zipAround(`${folder}/${basename(path)}`, path);
  const server: Server = createServer(async (request, response) => {
    if (request.url === `/simple/${packageName}/`) return void response.end(`<a href="/files/${wheel}">${wheel}</a>`);
    if (request.url !== `/files/${wheel}`) return void response.writeHead(404).end();
    response.writeHead(200, { 'content-length': before.length + statSync(path).size + after.length });
    response.write(before);
    for (const piece of pieces(path))
      if (!response.write(piece)) await new Promise((resolve) => response.once('drain', resolve));
    response.end(after);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/simple`, close: () => server.close() };
}

function* pieces(path: string): Generator<Buffer> {
  const fd = openSync(path, 'r');
  for (let at = 0; ; ) {
    const piece = Buffer.alloc(1 << 20);
    const read = readSync(fd, piece, 0, piece.length, at);
    if (read === 0) return;
    at += read;
    yield piece.subarray(0, read);
  }
}

/** PKWARE APPNOTE.TXT 6.3.10: local header (4.3.7), then the data, then central directory (4.3.12) and its end (4.3.16). */
function zipAround(name: string, path: string): { before: Buffer; after: Buffer } {
  const { size } = statSync(path);
  let sum = 0;
  for (const piece of pieces(path)) sum = crc32(piece, sum);
  const local = Buffer.alloc(30);
  local.writeUInt32LE(0x04034b50, 0);
  const central = Buffer.alloc(46);
  central.writeUInt32LE(0x02014b50, 0);
  for (const [header, at] of [
    [local, 14],
    [central, 16],
  ] as const) {
    header.writeUInt32LE(sum, at);
    header.writeUInt32LE(size, at + 4);
    header.writeUInt32LE(size, at + 8);
    header.writeUInt16LE(name.length, at + 12);
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(central.length + name.length, 12);
  end.writeUInt32LE(local.length + name.length + size, 16);
  return {
    before: Buffer.concat([local, Buffer.from(name)]),
    after: Buffer.concat([central, Buffer.from(name), end]),
  };
}
