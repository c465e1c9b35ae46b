// Generated requests for tests: valid messages, the same with bytes changed, and bytes that are no message at all. What a
// service answers to them must be a status that says whose mistake it was.
import { once } from 'node:events';
import { type ClientHttp2Session, connect } from 'node:http2';

interface Method {
  name: string;
  requestType: { encode(message: never): { finish(): Uint8Array }; fromPartial(message: never): unknown };
}

export interface FuzzOptions {
  count: number;
  seed: number;
  /** Messages to begin with, by method ("submitJob"); only these methods are called. */
  samples: Record<string, object[]>;
}

/** How many calls ended with each gRPC status, e.g. { '3': 5000 }. */
export async function fuzzService(
  address: string,
  service: { fullName: string; methods: Record<string, unknown> },
  { count, seed, samples }: FuzzOptions,
): Promise<Record<string, number>> {
  const random = generator(seed);
  const session = connect(`http://${address}`);
  const seen: Record<string, number> = {};
  const names = Object.keys(samples);
  const one = async () => {
    const name = names[random(names.length)] as string;
    const method = service.methods[name] as Method;
    const messages = samples[name] as object[];
    const message = messages[random(messages.length)] as never;
    const valid = Buffer.from(method.requestType.encode(method.requestType.fromPartial(message) as never).finish());
    const body = mutate(valid, random);
    const status = await call(session, `/${service.fullName}/${method.name}`, body);
    seen[status] = (seen[status] ?? 0) + 1;
  };
  const lanes = 20;
  try {
    for (let done = 0; done < count; done += lanes)
      await Promise.all(Array.from({ length: Math.min(lanes, count - done) }, one));
  } finally {
    session.close();
  }
  return seen;
}

async function call(session: ClientHttp2Session, path: string, body: Buffer): Promise<string> {
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    // A stream that would go on is not waited for.
    'grpc-timeout': '1S',
  });
  let status = 'none';
  for (const event of ['response', 'trailers'] as const)
    stream.on(event, (headers) => {
      status = String(headers['grpc-status'] ?? status);
    });
  stream.on('error', () => {});
  stream.resume();
  const frame = Buffer.alloc(5);
  frame.writeUInt32BE(body.length, 1);
  stream.end(Buffer.concat([frame, body]));
  await once(stream, 'close');
  return status;
}

/** A third stays as it is; the others lose, gain or change bytes, or are replaced by any. */
function mutate(valid: Buffer, random: (below: number) => number): Buffer {
  const body = Buffer.from(valid);
  const any = (length: number) => Buffer.from(Array.from({ length }, () => random(256)));
  switch (random(6)) {
    case 0:
      for (let i = 0; i < 1 + random(4) && body.length > 0; i++) body[random(body.length)] = random(256);
      return body;
    case 1:
      return body.subarray(0, random(body.length + 1));
    case 2: {
      const at = random(body.length + 1);
      return Buffer.concat([body.subarray(0, at), any(1 + random(20)), body.subarray(at)]);
    }
    case 3:
      return any(random(60));
    default:
      return body;
  }
}

function generator(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
