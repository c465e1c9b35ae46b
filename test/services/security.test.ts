// Everything locked: TLS on NATS and S3, mutual TLS and a token on gRPC, and each service with the rights of deploy/rights
// and no others. The whole path works, and what is not granted is refused.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openBus } from '@flash-slim/bus';
import { openJobQueue, openModelTopic, openNodeBucket, openPlanTopic } from '@flash-slim/messages';
import { openStore } from '@flash-slim/store';
import {
  type Answer,
  ask,
  type MinioCredentials,
  type MinioServer,
  type NatsServer,
  type ServiceProcess,
  serverPath,
  startMinio,
  startNats,
  startService,
  temporaryDirectory,
  testCertificates,
} from '@flash-slim/test-servers';
import { eventually, tinyModel } from './world.ts';

type Name = 'profiler' | 'planner' | 'runtime';
const names: Name[] = ['profiler', 'planner', 'runtime'];
const rights = fileURLToPath(new URL('../../deploy/rights/', import.meta.url));
const certificates = testCertificates();
const missing = (await Promise.all(['nats-server', 'minio'].map(serverPath))).some((path) => path === null);
const skip = missing
  ? 'nats-server or minio is not here: node scripts/servers.mjs'
  : certificates === null && 'no openssl here';

describe('with TLS, tokens and least rights', { skip }, () => {
  let directory: { path: string; remove(): Promise<void> };
  let nats: NatsServer;
  let minio: MinioServer;
  let credentials: Record<Name, MinioCredentials>;
  const services: ServiceProcess[] = [];
  const client: Record<string, string> = { FLASH_SLIM_AUTH_TOKEN: 'a token' };
  const tlsFlags: string[] = [];

  const file = (name: string, text: string): string => {
    const path = join(directory.path, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };

  before(async () => {
    assert.ok(certificates);
    directory = await temporaryDirectory('security');
    const { authority, server, client: their } = certificates;
    const ca = file('ca.pem', authority);
    const [cert, key] = [file('server.pem', server.certificate), file('server.key', server.key)];
    const configuration = `tls { cert_file: "${cert}", key_file: "${key}", timeout: 10 }\ninclude "./nats-permissions.conf"\n`;
    file('nats-permissions.conf', readFileSync(join(rights, 'nats-permissions.conf'), 'utf8'));
    const passwords = Object.fromEntries(
      names.map((name) => [`${name.toUpperCase()}_PASSWORD`, `secret-of-the-${name}`]),
    );
    nats = await startNats({ configurationFile: file('nats.conf', configuration), environment: passwords });
    minio = await startMinio({ tls: { authority, ...server } });
    await minio.makeBucket('flashslim');
    const policies = await Promise.all(
      names.map((name) => minio.restricted(readFileSync(join(rights, `s3-${name}.json`), 'utf8'))),
    );
    credentials = Object.fromEntries(names.map((name, i) => [name, policies[i]])) as Record<Name, MinioCredentials>;

    for (const name of names) {
      const { accessKey, secretKey, sessionToken } = credentials[name];
      const environment = {
        FLASH_SLIM_HOME: join(directory.path, 'home'),
        FLASH_SLIM_DIRECTORY: join(directory.path, name),
        FLASH_SLIM_NATS: nats.url,
        FLASH_SLIM_NATS_USER: name,
        FLASH_SLIM_NATS_PASSWORD: `secret-of-the-${name}`,
        FLASH_SLIM_NATS_CA_FILE: ca,
        FLASH_SLIM_S3: minio.endpoint,
        FLASH_SLIM_S3_ACCESS_KEY: accessKey,
        FLASH_SLIM_S3_SECRET_KEY: secretKey,
        FLASH_SLIM_S3_SESSION_TOKEN: sessionToken,
        FLASH_SLIM_S3_CA_FILE: ca,
        FLASH_SLIM_TLS_CERT_FILE: cert,
        FLASH_SLIM_TLS_KEY_FILE: key,
        FLASH_SLIM_TLS_CLIENT_CA_FILE: ca,
        FLASH_SLIM_AUTH_TOKEN_FILE: file('token', 'a token\n'),
      };
      const service = await startService({
        name,
        environment,
        arguments: name === 'runtime' ? ['--memory-budget', '300MB'] : [],
      });
      services.push(service);
      client[`FLASH_SLIM_${name.toUpperCase()}_ADDRESS`] = service.address;
    }
    // Uploads go to MinIO itself.
    client.NODE_EXTRA_CA_CERTS = ca;
    tlsFlags.push(
      '--tls-ca-file',
      ca,
      '--tls-cert-file',
      file('client.pem', their.certificate),
      '--tls-key-file',
      file('client.key', their.key),
    );
  });
  after(async () => {
    if (process.env.FLASH_SLIM_DEBUG) console.error(services.map((service) => service.log()).join(''));
    await Promise.all(services.map((service) => service.stop()));
    await Promise.all([nats?.stop(), minio?.stop()]);
    await directory?.remove();
  });

  const flashSlim = (...args: string[]): Promise<Answer> => ask([...args, ...tlsFlags], client);

  test('a model becomes tokens', async () => {
    const submitted = await flashSlim('submit', '--model', tinyModel(directory.path, 7), '--name', 'tiny', '--wait');
    assert.equal(submitted.code, 0, submitted.stderr);
    assert.equal(submitted.value.job.state, 'JOB_STATE_SUCCEEDED');
    await eventually('a node that is ready', async () =>
      (await flashSlim('nodes')).value.nodes.some(({ state }: { state: string }) => state === 'NODE_STATE_READY'),
    );
    const answer = await flashSlim('ask', 'a', '--max-decode-steps', '4', '--ignore-eos');
    assert.equal(answer.code, 0, answer.stderr);
    assert.equal(answer.value.token_ids.length, 4);
  });

  test('without a certificate, or without the token, nothing is answered', async () => {
    const ca = tlsFlags.slice(0, 2);
    const noCertificate = await ask(['jobs', ...ca], client);
    assert.equal(noCertificate.code, 1);
    const { FLASH_SLIM_AUTH_TOKEN: _, ...tokenless } = client;
    const noToken = await ask(['jobs', ...tlsFlags], tokenless);
    assert.equal(noToken.value.error.code, 'TOKEN_MISSING');
    const wrong = await ask(['jobs', ...tlsFlags], { ...client, FLASH_SLIM_AUTH_TOKEN: 'another' });
    assert.equal(wrong.value.error.code, 'TOKEN_WRONG');
  });

  test('on the store each has its own rights only', async () => {
    const certificateAuthority = certificates?.authority ?? '';
    const may = async (name: Name, key: string, what: 'put' | 'delete' | 'get') => {
      const store = await openStore({
        s3: { endpoint: minio.endpoint, bucket: 'flashslim', certificateAuthority, ...credentials[name] },
      });
      try {
        if (what === 'put') await store.put(key, Buffer.from('x'));
        else if (what === 'delete') await store.delete(key);
        else for await (const _ of await store.get(key));
        return true;
      } catch (error) {
        assert.equal((error as { code: string }).code, 'STORE_ACCESS_DENIED', String(error));
        return false;
      } finally {
        await store.close();
      }
    };
    const blob = `blobs/sha256/${'0'.repeat(64)}`;
    const model = `models/${'0'.repeat(64)}.json`;
    assert.deepEqual(
      {
        profiler: [
          await may('profiler', blob, 'put'),
          await may('profiler', 'plans/p/1.json', 'put'),
          await may('profiler', blob, 'delete'),
        ],
        planner: [
          await may('planner', 'plans/p/0000000001.json', 'put'),
          await may('planner', model, 'put'),
          await may('planner', blob, 'delete'),
        ],
        runtime: [
          await may('runtime', blob, 'get'),
          await may('runtime', blob, 'put'),
          await may('runtime', model, 'delete'),
          await may('runtime', `incoming/${'0'.repeat(64)}`, 'get'),
        ],
      },
      { profiler: [true, false, false], planner: [true, false, false], runtime: [true, false, false, false] },
    );
  });

  test('on the bus each has its own rights only', async () => {
    const tls = { certificateAuthority: certificates?.authority ?? '' };
    const as = (name: Name, password = `secret-of-the-${name}`) =>
      openBus({ nats: { servers: nats.url, user: name, password, clientName: `flash-slim-${name}`, tls } });
    const message = { id: 'x', body: Buffer.from('x') };
    const runtime = await as('runtime');
    await assert.rejects(openJobQueue(runtime), { name: 'BusError' });
    await assert.rejects(openModelTopic(runtime), { name: 'BusError' });
    const plans = await openPlanTopic(runtime);
    await assert.rejects(plans.publish('x', message), { name: 'BusError' });
    await runtime.close();
    const planner = await as('planner');
    await assert.rejects((await openNodeBucket(planner)).put('x', message.body), { name: 'BusError' });
    await planner.close();
    const profiler = await as('profiler');
    await assert.rejects(openPlanTopic(profiler), { name: 'BusError' });
    await profiler.close();
    await assert.rejects(as('runtime', 'guessed'), { name: 'BusError', code: 'BUS_ACCESS_DENIED' });
  });
});
