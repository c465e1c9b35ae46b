// The models of the scenarios, made or pulled once and imported, so that measuring finds everything prepared.
import { execFile } from 'node:child_process';
import { existsSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheKey, weightCachePath } from '@flash-slim/weight-cache';
import { type ModelName, models } from '../scenarios.ts';
import { childEnvironment, deviceProfilePath, flashSlim, type PreparedModel, repository } from './setting.ts';

const execute = promisify(execFile);
/** Import and profile of the largest model included. */
const timeoutMs = 600_000;

type Models = Record<ModelName, PreparedModel>;

/** In the scenarios' order: a model that is made takes its tokenizer from one before it. */
export async function prepareModels(directory: string, signal: AbortSignal): Promise<Models> {
  const prepared: Partial<Models> = {};
  const run = async (program: string, args: string[]): Promise<string> => {
    const options = { env: childEnvironment(directory), timeout: timeoutMs, maxBuffer: 64 << 20, signal };
    return (await execute(program, args, options)).stdout;
  };
  if (!existsSync(deviceProfilePath(directory))) {
    process.stderr.write('measuring the storage once\n');
    await run(flashSlim, ['probe', '--path', directory, '--output', deviceProfilePath(directory), '--json']);
  }
  for (const [key, source] of Object.entries(models)) {
    const name = key as ModelName;
    process.stderr.write(`model ${name}\n`);
    const path =
      source.make === undefined
        ? (JSON.parse(await run(flashSlim, ['pull', source.pull ?? name, '--json'])) as { path: string }).path
        : await made(name, source.make.arguments, prepared[source.make.tokenizerOf], directory, run);
    const weightCache = weightCachePath(join(directory, 'store'), await cacheKey(path));
    prepared[name] = { path, bytes: statSync(path).size, weightCache };
    const short = ['--prompt', 'The', '--max-decode-steps', '1', '--context-length', '64'];
    await run(flashSlim, ['generate', '--model', path, '--device', deviceProfilePath(directory), ...short, '--json']);
  }
  return prepared as Models;
}

async function made(
  name: ModelName,
  args: string[],
  tokenizer: PreparedModel | undefined,
  directory: string,
  run: (program: string, args: string[]) => Promise<string>,
): Promise<string> {
  const path = join(directory, `${name}.gguf`);
  if (existsSync(path)) return path;
  if (tokenizer === undefined)
    throw new Error(`${name} takes its tokenizer from a model that the scenarios name later`);
  const script = join(repository, 'bench/make-gguf.ts');
  await run(process.execPath, [script, ...args, '--tokenizer-from', tokenizer.path, '--out', `${path}.partial`]);
  renameSync(`${path}.partial`, path);
  return path;
}

/** What --dry-run shows: nothing is made or pulled, and a model that is not there yet has 0 bytes. */
export function plannedModels(directory: string): Models {
  const entries = Object.entries(models).map(([name, source]) => {
    const path = source.pull ?? join(directory, `${name}.gguf`);
    return [name, { path, bytes: existsSync(path) ? statSync(path).size : 0, weightCache: 'weights.fsw' }];
  });
  return Object.fromEntries(entries) as Models;
}
