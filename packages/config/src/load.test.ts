import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { busLocation, serverSecurity, storeLocation } from './files.ts';
import { environmentName, flagName, loadConfig, printableConfig } from './load.ts';
import {
  commonSettings,
  plannerSettings,
  profilerSettings,
  runtimeSettings,
  secrets,
  serverSettings,
} from './schema.ts';

const all = { ...commonSettings, ...serverSettings, ...profilerSettings, ...plannerSettings, ...runtimeSettings };
const directory = mkdtempSync(join(tmpdir(), 'flash-slim-config-'));
after(() => rmSync(directory, { recursive: true }));

function file(content: unknown): string {
  const path = join(directory, 'config.json');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

test('flags come before the environment, and the environment before the file', () => {
  const sources = {
    file: file({ memoryBudget: '1GB', natsUser: 'file', s3Bucket: 'file' }),
    environment: { FLASH_SLIM_NATS_USER: 'environment', FLASH_SLIM_S3_BUCKET: 'environment', PATH: '/bin' },
    flags: { s3Bucket: 'flag', nats: undefined },
  };
  const config = loadConfig(all, all, sources);
  assert.equal(config.memoryBudget, 1e9);
  assert.equal(config.natsUser, 'environment');
  assert.equal(config.s3Bucket, 'flag');
  assert.equal(config.nats, undefined);
  assert.equal(config.contextLength, 2048);
});

test('names', () => {
  assert.equal(environmentName('natsUser'), 'FLASH_SLIM_NATS_USER');
  assert.equal(environmentName('s3SecretKey'), 'FLASH_SLIM_S3_SECRET_KEY');
  assert.equal(flagName('s3SecretKey'), '--s3-secret-key');
  assert.equal(new Set(Object.keys(all).map(environmentName)).size, Object.keys(all).length);
});

test('what is no setting is refused, but not what another service knows', () => {
  const refused = (sources: object, message: RegExp) =>
    assert.throws(() => loadConfig(plannerSettings, all, sources), { name: 'ConfigError', message });
  refused({ file: file({ memoryBugdet: 1 }) }, /memoryBugdet: there is no such setting/);
  refused({ environment: { FLASH_SLIM_NATS_USR: 'x' } }, /FLASH_SLIM_NATS_USR: there is no such setting/);
  refused({ file: file('{') }, /is not JSON/);
  refused({ file: file('[]') }, /is no JSON object/);
  refused({ file: join(directory, 'none') }, /cannot read/);
  const others = {
    environment: { FLASH_SLIM_MEMORY_BUDGET: '1GB', FLASH_SLIM_HOME: '/x', FLASH_SLIM_TEST_MODEL: 'm' },
    file: file({ workers: 2 }),
  };
  assert.equal(loadConfig(plannerSettings, all, others).replanShare, 0.25);
});

test('what is given wrongly is refused by the name it was given by, and a secret is not repeated', () => {
  const refused = (flags: Record<string, unknown>, message: RegExp) =>
    assert.throws(() => loadConfig(all, all, { flags }), { code: 'CONFIG_INVALID', message });
  refused({ memoryBudget: 'much' }, /^--memory-budget: .*bytes.*"much"/);
  refused({ contextLength: '1.5' }, /^--context-length/);
  refused({ contextLength: 1 }, /^--context-length/);
  refused({ s3: 'ftp://x' }, /^--s3/);
  refused({ listen: 'nowhere' }, /^--listen: host:port/);
  refused({ nodeId: '../x' }, /^--node-id/);
  const secret = { environment: { FLASH_SLIM_S3_SECRET_KEY: '' } };
  assert.throws(() => loadConfig(all, all, secret), { message: /^FLASH_SLIM_S3_SECRET_KEY: (?!.*it is)/ });
});

test('bytes, flags and lists', () => {
  const of = (flags: Record<string, unknown>) => loadConfig(all, all, { flags });
  assert.equal(of({ memoryBudget: '180MB' }).memoryBudget, 180_000_000);
  assert.equal(of({ memoryBudget: '1.5GiB' }).memoryBudget, 1.5 * 2 ** 30);
  assert.equal(of({ memoryBudget: '1000' }).memoryBudget, 1000);
  assert.equal(of({ insecure: true }).insecure, true);
  assert.equal(of({ insecure: 'false' }).insecure, false);
  assert.deepEqual(of({ labels: 'a=1, b=2' }).labels, ['a=1', 'b=2']);
});

test('what is printed has no secrets', () => {
  const flags = Object.fromEntries([...secrets].map((name) => [name, 'hush']));
  const printed = printableConfig(loadConfig(all, all, { flags }));
  assert.ok(!JSON.stringify(printed).includes('hush'));
  assert.equal(printed.s3SecretKey, '***');
  assert.equal(printableConfig(loadConfig(all, all, {})).s3SecretKey, undefined);
});

test('stores, buses and security', () => {
  const of = (flags: Record<string, unknown>) => loadConfig(all, all, { flags });
  assert.deepEqual(busLocation(of({}), '/data', 'x'), { file: '/data/bus.sqlite' });
  assert.deepEqual(storeLocation(of({}), '/data'), { directory: '/data/objects' });
  assert.throws(() => storeLocation(of({ s3: 'http://127.0.0.1:9000' }), '/data'), { code: 'CONFIG_INVALID' });
  const certificate = file('a certificate');
  const bus = busLocation(
    of({ nats: 'tls://x:4222', natsCaFile: certificate, natsUser: 'u', natsPassword: 'p' }),
    '/data',
    'x',
  );
  assert.deepEqual('nats' in bus && bus.nats, {
    servers: 'tls://x:4222',
    namespace: 'flashslim',
    clientName: 'x',
    user: 'u',
    password: 'p',
    tls: { certificateAuthority: 'a certificate' },
  });
  assert.throws(() => serverSecurity(of({ tlsCertFile: certificate })), { code: 'CONFIG_INVALID' });
  assert.throws(() => serverSecurity(of({ tlsClientCaFile: certificate })), { code: 'CONFIG_INVALID' });
  assert.deepEqual(serverSecurity(of({ authTokenFile: certificate })), { insecure: false, authToken: 'a certificate' });
});
