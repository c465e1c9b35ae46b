// Each service with what only this command can give it: profiles in child processes, names from the local store, a device
// profile.
import { join } from 'node:path';
import type { PlannerConfig, ProfilerConfig, RuntimeConfig } from '@flash-slim/config';
import { type ChildProgress, runChild } from '../child.ts';
import type { Context } from '../context.ts';
import { deviceProfile } from '../prepare.ts';
import { version } from '../version.ts';
import type { Running, ServiceParts } from './run-service.ts';

export async function profiler(context: Context, config: ProfilerConfig, parts: ServiceParts): Promise<Running> {
  const { startProfiler } = await import('@flash-slim/profiler');
  const { quiet } = context;
  return await startProfiler({
    config,
    directory: join(parts.directory, 'profiler'),
    bus: parts.bus,
    store: await parts.store(),
    log: parts.log.child({ service: 'profiler' }),
    pull: async (name, signal) => (await runChild<{ path: string }>({ signal, quiet: true }, ['pull', name])).path,
    profile: async ({ modelPath, cachePath, prefillTokens, onProgress, signal }) => {
      const args = ['--model', modelPath, '--weight-cache-path', cachePath, '--prefill-tokens', String(prefillTokens)];
      const threads = ['--num-threads', String(config.profilerThreads)];
      const tell = ({ label, done, total }: ChildProgress) =>
        onProgress(label.startsWith('profiling') ? 'profile' : 'layout', done, total ?? 0);
      const made = await runChild<{ cmt: string; model_digest: string; weight_cache_digest: string }>(
        { signal, quiet },
        ['profile', ...args, ...threads],
        tell,
      );
      return { cmtPath: made.cmt, modelDigest: made.model_digest, weightCacheDigest: made.weight_cache_digest };
    },
  });
}

export async function planner(config: PlannerConfig, parts: ServiceParts): Promise<Running> {
  const { startPlanner } = await import('@flash-slim/planner');
  return await startPlanner({
    config,
    bus: parts.bus,
    store: await parts.store(),
    log: parts.log.child({ service: 'planner' }),
  });
}

export async function runtime(context: Context, config: RuntimeConfig, parts: ServiceParts): Promise<Running> {
  const device = await deviceProfile(context, config.deviceProfile);
  const { startRuntime } = await import('@flash-slim/runtime');
  return await startRuntime({
    config,
    directory: join(parts.directory, 'runtime'),
    device,
    bus: parts.bus,
    location: parts.location,
    version,
    log: parts.log.child({ service: 'runtime' }),
  });
}
