// What a person gets from `docker compose up`: the images of the Dockerfile, on a real engine, from a model file to tokens in
// one trace, the runtime limited to its budget by the engine.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ask, freePort } from '@flash-slim/test-servers';
import { DockerComposeEnvironment, type StartedDockerComposeEnvironment, Wait } from 'testcontainers';
import { eventually, tinyModel } from '../services/world.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const engine = spawnSync('docker', ['version', '--format', '{{.Server.Version}}'], {
  encoding: 'utf8',
  timeout: 20_000,
});
const skip = engine.status === 0 ? false : `no container engine answers: ${engine.stderr?.trim() ?? engine.error}`;
if (skip) console.log(`container tests are skipped: ${skip}`);

const docker = (...args: string[]): string => execFileSync('docker', args, { encoding: 'utf8' }).trim();
const images = ['planner', 'profiler', 'runtime'] as const;
const memoryLimit = 200 * 2 ** 20;

describe('docker compose', { skip }, () => {
  const project = `flash-slim-test-${randomBytes(4).toString('hex')}`;
  const home = mkdtempSync(join(tmpdir(), 'flash-slim-compose-'));
  const traceId = randomBytes(16).toString('hex');
  const environment: Record<string, string> = { FLASH_SLIM_HOME: home };
  let compose: StartedDockerComposeEnvironment;
  let jaeger = '';
  let tokens: number[] = [];

  before(async () => {
    const ports: Record<string, string> = {};
    for (const name of ['MINIO', 'JAEGER', 'OTLP', 'PROFILER', 'PLANNER', 'RUNTIME'])
      ports[`${name}_PORT`] = `${await freePort()}`;
    for (const service of images) {
      execFileSync('docker', ['build', '--target', service, '-t', `flash-slim-${service}`, '.'], {
        cwd: root,
        stdio: ['ignore', 'inherit', 'inherit'],
        env: { ...process.env, DOCKER_BUILDKIT: '1' },
      });
      environment[`FLASH_SLIM_${service.toUpperCase()}_ADDRESS`] =
        `127.0.0.1:${ports[`${service.toUpperCase()}_PORT`]}`;
    }
    jaeger = `http://127.0.0.1:${ports.JAEGER_PORT}`;
    environment.OTEL_EXPORTER_OTLP_ENDPOINT = `http://127.0.0.1:${ports.OTLP_PORT}`;
    const healthy = Wait.forHealthCheck();
    const listening = Wait.forLogMessage(/listens at/);
    compose = await new DockerComposeEnvironment(root, 'docker-compose.yml')
      .withProjectName(project)
      .withEnvironment({ ...ports, RUNTIME_MEMORY: `${memoryLimit}` })
      .withWaitStrategy('nats-1', healthy)
      .withWaitStrategy('minio-1', healthy)
      .withWaitStrategy('jaeger-1', Wait.forLogMessage(/query/i))
      .withWaitStrategy('profiler-1', listening)
      .withWaitStrategy('planner-1', listening)
      .withWaitStrategy('runtime-1', listening)
      .withStartupTimeout(240_000)
      .up();
  });
  after(async () => {
    if (process.env.FLASH_SLIM_DEBUG)
      for (const service of images) console.error(docker('logs', `${project}-${service}-1`));
    await compose?.down({ removeVolumes: true });
    rmSync(home, { recursive: true });
  });

  const inspect = (service: string, format: string) => docker('inspect', '--format', format, `${project}-${service}-1`);

  test('images are small, and run as nobody in particular', () => {
    for (const service of images) {
      const bytes = Number(docker('image', 'inspect', '--format', '{{.Size}}', `flash-slim-${service}`));
      console.log(`image flash-slim-${service}: ${(bytes / 1e6).toFixed(0)} MB`);
      assert.ok(bytes <= 250e6, `${service} has ${bytes} bytes`);
      assert.equal(docker('image', 'inspect', '--format', '{{.Config.User}}', `flash-slim-${service}`), '65532:65532');
      assert.equal(inspect(service, '{{.HostConfig.ReadonlyRootfs}}'), 'true');
    }
    assert.equal(Number(inspect('runtime', '{{.HostConfig.Memory}}')), memoryLimit);
  });

  test('a model file becomes tokens', async () => {
    const model = process.env.FLASH_SLIM_TEST_MODEL ?? tinyModel(home);
    environment.TRACEPARENT = `00-${traceId}-${randomBytes(8).toString('hex')}-01`;
    const submitted = await ask(['submit', '--model', model, '--name', 'm', '--wait'], environment);
    assert.equal(submitted.code, 0, submitted.stderr);
    assert.equal(submitted.value.job.state, 'JOB_STATE_SUCCEEDED');
    await eventually(
      'a node that is ready',
      async () => {
        const { value } = await ask(['nodes'], environment);
        return value.nodes.find(({ state }: { state: string }) => state === 'NODE_STATE_READY');
      },
      120,
    );
    const options = ['--seed', '11', '--max-decode-steps', '24', '--ignore-eos'];
    const answer = await ask(['ask', 'The sea is', ...options], environment);
    assert.equal(answer.code, 0, answer.stderr);
    tokens = answer.value.token_ids;
    assert.equal(tokens.length, 24);
    // Tokens do not depend on plan or machine: this process, all resident, gives the same.
    const generated = await ask(
      ['generate', '--model', model, '--weight-streaming', 'off', '--prompt', 'The sea is', ...options],
      { FLASH_SLIM_HOME: home },
    );
    assert.equal(generated.code, 0, generated.stderr);
    assert.deepEqual(tokens, generated.value.token_ids);
  });

  test('one trace goes through all three services', async () => {
    const services = await eventually('the trace in Jaeger', async () => {
      const answer = await fetch(`${jaeger}/api/traces/${traceId}`);
      if (!answer.ok) return null;
      const { data } = (await answer.json()) as { data: { processes: Record<string, { serviceName: string }> }[] };
      const names = new Set(Object.values(data[0]?.processes ?? {}).map(({ serviceName }) => serviceName));
      return images.every((service) => names.has(`flash-slim-${service}`)) ? names : null;
    });
    assert.ok(services.size >= 3);
  });

  test('the runtime was never killed', () => {
    assert.equal(inspect('runtime', '{{.State.OOMKilled}}'), 'false');
    assert.equal(inspect('runtime', '{{.RestartCount}}'), '0');
    assert.equal(inspect('runtime', '{{.State.Running}}'), 'true');
  });

  test('SIGTERM ends every service by itself', () => {
    for (const service of images) {
      docker('stop', '--time', '40', `${project}-${service}-1`);
      // 137 would be the kill that comes after 40 seconds.
      assert.equal(inspect(service, '{{.State.ExitCode}}'), '143', service);
      const { stderr } = spawnSync('docker', ['logs', `${project}-${service}-1`], { encoding: 'utf8' });
      assert.match(stderr, /"msg":"stopped"/);
    }
  });
});
