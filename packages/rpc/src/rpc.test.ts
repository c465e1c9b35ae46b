import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:http2';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  PlannerServiceDefinition,
  type PlannerServiceImplementation,
  RuntimeServiceDefinition,
} from '@flash-slim/proto';
import { createLogger } from '@flash-slim/telemetry';
import { testCertificates } from '@flash-slim/test-servers';
import { HealthDefinition } from 'nice-grpc-server-health';
import { type CallError, connectRpc } from './client.ts';
import { RpcServer, type ServerSecurity } from './server.ts';
import { invalidArgument, notFound } from './status.ts';

const log = createLogger({ level: 'silent' });
const aborted: string[] = [];

const planner: PlannerServiceImplementation = {
  getPlan: async ({ planId }) => {
    if (planId === 'bug') throw new TypeError('secret detail');
    if (planId === 'coded') throw Object.assign(new Error('the disk is full'), { code: 'DISK_FULL' });
    throw notFound('PLAN_NOT_FOUND', `there is no plan ${planId}`);
  },
  listPlans: async () => ({ plans: [], nextPageToken: '' }),
  listNodes: async () => ({ nodes: [] }),
  previewPlan: async () => {
    throw invalidArgument('target.memory_budget_bytes', 'is 0');
  },
  replan: async (_, { signal }) => {
    await sleep(60_000, undefined, { signal }).catch(() => aborted.push('replan'));
    signal.throwIfAborted();
    return {};
  },
};

async function serve(security: ServerSecurity, listen = '127.0.0.1:0'): Promise<RpcServer> {
  const server = new RpcServer({ listen, security, log });
  server.add(PlannerServiceDefinition, planner);
  await server.listen();
  return server;
}

let server: RpcServer;
before(async () => {
  server = await serve({ insecure: false });
});
after(() => server.stop(100));

const fails = (work: Promise<unknown>, code: string, message: RegExp) =>
  assert.rejects(work, (error: CallError) => {
    assert.equal(error.name, 'CallError', String(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    return true;
  });

test('errors arrive with their code and sentence; unexpected ones without their detail', async (t) => {
  const connection = connectRpc(server.address);
  t.after(() => connection.close());
  const client = connection.client(PlannerServiceDefinition);
  assert.deepEqual(await client.listPlans({}), { plans: [], nextPageToken: '' });
  await fails(client.getPlan({ planId: 'p' }), 'PLAN_NOT_FOUND', /^there is no plan p$/);
  await fails(client.getPlan({ planId: 'coded' }), 'DISK_FULL', /^the disk is full$/);
  await fails(client.getPlan({ planId: 'bug' }), 'INTERNAL', /^(?!.*secret)/);
  await fails(client.previewPlan({}), 'INVALID_REQUEST', /^target.memory_budget_bytes: is 0$/);
  await fails(connection.client(RuntimeServiceDefinition).getNode({}), 'RPC_UNIMPLEMENTED', /GetNode/);
});

test('a service that is not there', async (t) => {
  const connection = connectRpc('127.0.0.1:9');
  t.after(() => connection.close());
  await fails(
    connection.client(PlannerServiceDefinition).listPlans({}),
    'RPC_UNAVAILABLE',
    /is a service listening at 127.0.0.1:9/,
  );
});

test('a deadline ends the call on both sides', async (t) => {
  const connection = connectRpc(server.address);
  t.after(() => connection.close());
  const call = connection.client(PlannerServiceDefinition).replan({}, { deadline: 300 });
  await fails(call, 'RPC_DEADLINE_EXCEEDED', /./);
  for (let i = 0; i < 100 && aborted.length === 0; i++) await sleep(20);
  assert.deepEqual(aborted, ['replan']);
});

/** One unary call with bytes of our choice. */
async function rawCall(path: string, body: Buffer): Promise<{ status: string; message: string; body: string }> {
  const session = connect(`http://${server.address}`);
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  const frame = Buffer.alloc(5);
  frame.writeUInt32BE(body.length, 1);
  stream.end(Buffer.concat([frame, body]));
  let headers: Record<string, unknown> = {};
  stream.on('response', (given) => {
    headers = { ...given, ...headers };
  });
  stream.on('trailers', (given) => {
    headers = { ...headers, ...given };
  });
  let answer = '';
  stream.setEncoding('latin1').on('data', (text) => {
    answer += text;
  });
  await once(stream, 'close');
  session.close();
  return {
    status: headers['grpc-status'] as string,
    message: decodeURIComponent(String(headers['grpc-message'])),
    body: answer,
  };
}

test('bytes that are no message, and messages that are too large', async () => {
  const path = `/${PlannerServiceDefinition.fullName}/GetPlan`;
  const broken = await rawCall(path, Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]));
  assert.equal(broken.status, '3');
  assert.match(broken.message, /not a message of/);
  const unsafe = Buffer.from([0x10, ...Array(9).fill(0xff), 0x01]); // version = 2^64 - 1
  assert.equal((await rawCall(path, unsafe)).status, '3');
  assert.equal((await rawCall(path, Buffer.alloc(5 << 20))).status, '8');
  assert.equal((await rawCall(path, Buffer.from([0x0a, 1, 0x70]))).status, '5');
});

test('health says whether it can work', async (t) => {
  const connection = connectRpc(server.address);
  t.after(() => connection.close());
  const health = connection.client(HealthDefinition);
  const status = async (service: string) => (await health.check({ service })).status;
  assert.equal(await status(PlannerServiceDefinition.fullName), 2);
  assert.equal(await status('liveness'), 1);
  server.setReady(true);
  assert.equal(await status(PlannerServiceDefinition.fullName), 1);
  assert.equal(await status(''), 1);
});

test('reflection tells who only has the address what there is to call', async () => {
  // ServerReflectionRequest { list_services: "" }, as grpcurl sends it.
  const listing = await rawCall('/grpc.reflection.v1.ServerReflection/ServerReflectionInfo', Buffer.from([0x3a, 0]));
  assert.equal(listing.status, '0');
  for (const name of [PlannerServiceDefinition.fullName, HealthDefinition.fullName])
    assert.ok(listing.body.includes(name));
  // file_containing_symbol: the descriptors, by which a tool makes requests.
  const symbol = Buffer.from(PlannerServiceDefinition.fullName);
  const request = Buffer.concat([Buffer.from([0x22, symbol.length]), symbol]);
  const file = await rawCall('/grpc.reflection.v1.ServerReflection/ServerReflectionInfo', request);
  assert.ok(file.body.includes('flashslim/v1/planner.proto') && file.body.includes('PreviewPlanRequest'));
});

test('a bearer token is asked for, except by health', async (t) => {
  const guarded = await serve({ insecure: false, authToken: 'hush' });
  t.after(() => guarded.stop(100));
  const call = async (authToken?: string) => {
    const connection = connectRpc(guarded.address, authToken === undefined ? {} : { authToken });
    try {
      await connection.client(HealthDefinition).check({ service: '' });
      return await connection.client(PlannerServiceDefinition).listPlans({});
    } finally {
      connection.close();
    }
  };
  await fails(call(), 'TOKEN_MISSING', /authorization: Bearer/);
  await fails(call('hus'), 'TOKEN_WRONG', /./);
  assert.deepEqual((await call('hush')).plans, []);
});

test('beyond loopback only with TLS, or when told to', async () => {
  for (const listen of ['0.0.0.0:0', '[::]:0', 'example.org:0', '10.0.0.1:0'])
    assert.throws(
      () => new RpcServer({ listen, security: { insecure: false }, log }),
      { code: 'LISTEN_INSECURE' },
      listen,
    );
  for (const listen of ['127.0.0.1:0', '[::1]:0', 'localhost:0'])
    new RpcServer({ listen, security: { insecure: false }, log });
  new RpcServer({ listen: '0.0.0.0:0', security: { insecure: true }, log });
  await assert.rejects(serve({ insecure: false }, server.address), { code: 'LISTEN_FAILED' });
});

const certificates = testCertificates();

test('TLS and mutual TLS', { skip: certificates === null && 'no openssl here' }, async (t) => {
  assert.ok(certificates);
  const { authority, server: own, client: their } = certificates;
  const secure = await serve({ insecure: false, tls: own });
  const mutual = await serve({ insecure: false, tls: { ...own, clientAuthority: authority } });
  t.after(() => Promise.all([secure.stop(100), mutual.stop(100)]));
  const call = async (address: string, tls?: { authority?: string; certificate?: string; key?: string }) => {
    const connection = connectRpc(address, tls === undefined ? {} : { tls });
    try {
      return await connection.client(PlannerServiceDefinition).listPlans({}, { deadline: 5000 });
    } finally {
      connection.close();
    }
  };
  assert.deepEqual((await call(secure.address, { authority })).plans, []);
  assert.deepEqual((await call(mutual.address, { authority, ...their })).plans, []);
  await assert.rejects(call(secure.address), { name: 'CallError' });
  await assert.rejects(call(secure.address, {}), { name: 'CallError' });
  await assert.rejects(call(mutual.address, { authority }), { name: 'CallError' });
  await assert.rejects(serve({ insecure: false, tls: { certificate: 'x', key: 'y' } }), { code: 'TLS_INVALID' });
});
