// `flash-slim up`: the three services in one process without any server, and the commands that talk to them.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Answer, ask, type ServiceProcess, startService, temporaryDirectory } from '@flash-slim/test-servers';
import { eventually, tinyModel } from './world.ts';

describe('flash-slim up', () => {
  let directory: { path: string; remove(): Promise<void> };
  let environment: Record<string, string>;
  let up: ServiceProcess;
  let jobId: string;

  const start = async () => {
    up = await startService({
      name: 'up',
      environment,
      arguments: ['--memory-budget', '400MB', '--context-length', '256'],
    });
    // The profiler's port is told; the two others are in the log, and fixed by the next start.
    for (const name of ['planner', 'runtime']) {
      const line = up
        .log()
        .split('\n')
        .findLast((each) => each.includes(`"service":"${name}"`) && each.includes('is ready'));
      environment[`FLASH_SLIM_${name.toUpperCase()}_ADDRESS`] = JSON.parse(line ?? '{}').address;
    }
    environment.FLASH_SLIM_PROFILER_ADDRESS = up.address;
  };
  const flashSlim = (...args: string[]): Promise<Answer> => ask(args, environment);

  before(async () => {
    directory = await temporaryDirectory('up');
    environment = { FLASH_SLIM_HOME: join(directory.path, 'home') };
    await start();
  });
  after(async () => {
    if (process.env.FLASH_SLIM_DEBUG) console.error(up.log());
    await up?.stop();
    await directory?.remove();
  });

  const ready = () =>
    eventually('the node to be ready', async () => {
      const { value } = await flashSlim('nodes');
      return value.nodes.find(({ state }: { state: string }) => state === 'NODE_STATE_READY');
    });

  test('submit, job, jobs, plans, nodes, ask', async () => {
    const model = tinyModel(directory.path, 400);
    const submitted = await flashSlim(
      'submit',
      '--model',
      model,
      '--name',
      'tiny',
      '--memory-budget',
      '300MB',
      '--wait',
    );
    assert.equal(submitted.code, 0, submitted.stderr);
    jobId = submitted.value.job.id;
    assert.match(submitted.value.plan_id, /^plan-/);
    assert.equal((await flashSlim('job', jobId)).value.job.state, 'JOB_STATE_SUCCEEDED');
    assert.deepEqual(
      (await flashSlim('jobs')).value.jobs.map(({ id }: { id: string }) => id),
      [jobId],
    );
    await ready();
    const budgets = (await flashSlim('plans', '--model', 'tiny')).value.plans.map(
      ({ target }: { target: { memoryBudgetBytes: number } }) => target.memoryBudgetBytes,
    );
    assert.deepEqual(budgets.sort(), [300e6, 400e6]);
    const answer = await flashSlim('ask', 'a', '--max-decode-steps', '5', '--ignore-eos', '--temperature', '0');
    assert.equal(answer.value.token_ids.length, 5);
  });

  test('a second one in the same directory is refused', async () => {
    await assert.rejects(startService({ name: 'up', environment }), /another process uses it/);
  });

  test('SIGTERM ends it; what was there is there at the next start', async () => {
    assert.equal(await up.stop(), 143);
    const gone = await flashSlim('jobs');
    assert.equal(gone.value.error.code, 'RPC_UNAVAILABLE');
    await start();
    assert.equal((await flashSlim('job', jobId)).value.job.state, 'JOB_STATE_SUCCEEDED');
    await ready();
    assert.equal(
      (await flashSlim('ask', 'a', '--model', 'tiny', '--max-decode-steps', '2', '--ignore-eos')).value.token_ids
        .length,
      2,
    );
  });

  test('kill -9 while it profiles: the job is done after the next start', async () => {
    const { value } = await flashSlim('submit', '--model', tinyModel(directory.path, 401), '--name', 'other');
    await up.kill();
    await start();
    await eventually(
      'the job',
      async () => (await flashSlim('job', value.job.id)).value.job.state === 'JOB_STATE_SUCCEEDED',
    );
  });

  test('what is asked wrongly: a code, a sentence, an exit code', async () => {
    const cases: [string[], string, number][] = [
      [['job', 'nonsense'], 'INVALID_REQUEST', 2],
      [['job', 'job-000000000000000000000000'], 'JOB_NOT_FOUND', 2],
      [['retry', jobId], 'JOB_NOT_RETRYABLE', 2],
      [['submit', '--model', 'no-such-model', '--wait'], 'UNKNOWN_MODEL', 2],
      [['submit', '--model', 'x', '--memory-budget', '0'], 'INVALID_REQUEST', 2],
      [['ask', 'a', '--model', 'none'], 'UNKNOWN_MODEL', 2],
      [['ask', ''], 'PROMPT_EMPTY', 2],
      [['ask', 'word '.repeat(400)], 'PROMPT_TOO_LONG', 2],
      [['profiler', '--nats', 'nats://127.0.0.1:9'], 'BUS_UNAVAILABLE', 1],
      [['profiler', '--s3', 'http://127.0.0.1:9'], 'CONFIG_INVALID', 2],
      [['planner', '--listen', '0.0.0.0:0', '--directory', join(directory.path, 'x')], 'LISTEN_INSECURE', 2],
      [['runtime', '--memory-budget', 'much'], 'CONFIG_INVALID', 2],
    ];
    for (const [args, code, exitCode] of cases) {
      const answer = await flashSlim(...args);
      assert.deepEqual(
        [answer.value.error?.code, answer.code],
        [code, exitCode],
        `${args.join(' ').slice(0, 60)}: ${JSON.stringify(answer.value).slice(0, 300)}`,
      );
      assert.ok(answer.value.error.message.length > 10);
    }
  });

  test('--print-config has no secrets; gc lists nothing that is young', async () => {
    const { value } = await ask(['profiler', '--print-config', '--workers', '2'], {
      ...environment,
      FLASH_SLIM_S3_SECRET_KEY: 'hush',
    });
    assert.equal(value.workers, 2);
    assert.equal(value.s3SecretKey, '***');
    const report = (await flashSlim('gc')).value;
    assert.deepEqual(report.objects, []);
    assert.ok(report.kept > 0);
  });
});
