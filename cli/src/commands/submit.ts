import { stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseBytes } from '@flash-slim/plan';
import { Job, JobState, type Plan, PlannerServiceDefinition, ProfilerServiceDefinition } from '@flash-slim/proto';
import { Option } from 'commander';
import { command } from '../command.ts';
import type { Context } from '../context.ts';
import { CliError, usageError } from '../errors.ts';
import { integer } from '../options.ts';
import { type Connect, type ConnectFlags, connectOptions, withServices } from '../services/connect.ts';
import { describeJob, describeStage } from '../services/show.ts';
import { uploadModel } from '../services/upload.ts';

interface SubmitFlags extends ConnectFlags {
  model?: string;
  name?: string;
  memoryBudget?: string;
  contextLength: number;
  kvType: 'f16' | 'f32';
  prefillTokens: number;
  wait?: boolean;
}

export const submit = command<SubmitFlags>({
  define: (command) => {
    command
      .option(
        '--model <model>',
        'a GGUF file, which is uploaded; or s3://bucket/key, file:path, a URL or a name for the profiler',
      )
      .option('--name <name>', 'what nodes and requests call the model (default: from the file)')
      .option('--memory-budget <bytes>', 'a plan for that budget too, besides those of the nodes')
      .option('--context-length <n>', 'of that plan: tokens of prompt and answer together', integer(2), 2048)
      .addOption(
        new Option('--kv-type <type>', 'of that plan: how keys and values are kept')
          .choices(['f16', 'f32'])
          .default('f16'),
      )
      .option('--prefill-tokens <n>', 'tokens of a measured prefill pass', integer(2), 64)
      .option('--wait', 'until the job has ended and a plan is there, with progress');
    connectOptions(command, 'profiler', 'planner');
  },
  examples: [
    ['flash-slim submit --model m.gguf --memory-budget 180MB --wait', 'uploads, profiles, plans; prints the plan id'],
    ['flash-slim submit --model s3://models/m.gguf', 'queues the job and prints its id'],
  ],
  run: async (context, flags) => {
    const { model } = flags;
    if (model === undefined) throw usageError('which model? give --model a file, s3://bucket/key, a URL or a name');
    const budget = flags.memoryBudget === undefined ? null : parseBytes(flags.memoryBudget);
    await withServices('submit', flags, async (connect) => {
      const profiler = connect('profiler').client(ProfilerServiceDefinition);
      const isFile = (await stat(model).catch(() => null))?.isFile() === true;
      const { source, sha256 } = isFile
        ? await uploadModel(context, connect('profiler'), model)
        : { source: model, sha256: '' };
      const name = flags.name ?? (isFile ? nameOf(model) : '');
      const planTargets =
        budget === null
          ? []
          : [{ memoryBudgetBytes: budget, contextLength: flags.contextLength, kvType: flags.kvType }];
      const spec = { source, sha256, modelName: name, prefillTokens: flags.prefillTokens, planTargets };
      const { job } = await profiler.submitJob({ spec }, { signal: context.signal });
      if (job === undefined) throw new CliError('PROTOCOL', 'the profiler answered without a job');
      if (flags.wait !== true) return context.result({ job: Job.toJSON(job) }, describeJob(job));
      const ended = await follow(context, connect, job.id);
      const plan = await findPlan(context, connect, ended, budget);
      const value = { job: Job.toJSON(ended), plan_id: plan?.id ?? null, plan_version: plan?.version ?? null };
      context.result(
        value,
        `${describeJob(ended)}\n${plan ? `plan ${plan.id}\n${plan.explanation}` : 'no plan yet: no node has announced itself'}`,
      );
    });
  },
});

const nameOf = (path: string): string =>
  (path.split('/').at(-1) as string).replace(/\.gguf$/i, '').replace(/[^A-Za-z0-9._-]/g, '-');

/** Progress until the job has ended; a service that restarts meanwhile is asked again. */
async function follow(context: Context, connect: Connect, id: string): Promise<Job> {
  const client = connect('profiler').client(ProfilerServiceDefinition);
  let last: Job | undefined;
  let told = '';
  for (let failures = 0; failures < 30; ) {
    try {
      for await (const { job } of client.watchJob({ jobId: id }, { signal: context.signal })) {
        if (job === undefined) continue;
        last = job;
        failures = 0;
        const line = `${describeStage(job)}${job.error ? `: ${job.error.message}` : ''}`;
        if (job.state === JobState.RUNNING && line !== told) context.log(line);
        told = line;
      }
    } catch (error) {
      context.signal.throwIfAborted();
      if ((error as { code?: string }).code !== 'RPC_UNAVAILABLE') throw error;
    }
    if (last?.state === JobState.SUCCEEDED) return last;
    if (last?.state === JobState.FAILED)
      throw new CliError(last.error?.code ?? 'JOB_FAILED', `job ${id} failed: ${last.error?.message}`);
    if (last?.state === JobState.CANCELLED) throw new CliError('JOB_CANCELLED', `job ${id} was cancelled`);
    failures++;
    await sleep(1000, undefined, { signal: context.signal }).catch(() => context.signal.throwIfAborted());
  }
  throw new CliError(
    'RPC_UNAVAILABLE',
    `the profiler does not answer; "flash-slim job ${id}" tells of the job when it is back`,
  );
}

/** The plan for the budget asked for, or any of the model: made moments after the job. */
async function findPlan(context: Context, connect: Connect, job: Job, budget: number | null): Promise<Plan | null> {
  const client = connect('planner').client(PlannerServiceDefinition);
  for (let i = 0; i < 40; i++) {
    const { plans } = await client.listPlans({ model: job.artifacts?.modelDigest ?? '' }, { signal: context.signal });
    const found = plans.find(({ target }) => budget === null || target?.memoryBudgetBytes === budget);
    if (found) return found;
    await sleep(250, undefined, { signal: context.signal }).catch(() => context.signal.throwIfAborted());
  }
  return null;
}
