// --lora: low-rank adapters of a generation. Their headers are read before the plan, which counts them; their values after.
import type { AdapterUse, Engine } from '@flash-slim/engine';
import { formatBytes, type PrefetchPlan } from '@flash-slim/plan';
import { InvalidArgumentError } from 'commander';
import type { Context } from './context.ts';
import { CliError } from './errors.ts';
import type { PreparedModel } from './prepare.ts';

export interface LoraFlag {
  path: string;
  scale: number;
}

/** "folder" or "folder:0.5", again and again. */
export function collectLora(value: string, before: LoraFlag[] = []): LoraFlag[] {
  const [, path = value, scale] = /^(.+):(-?[\d.]+(?:e-?\d+)?)$/i.exec(value) ?? [];
  const times = scale === undefined ? 1 : Number(scale);
  if (path === '' || !Number.isFinite(times)) throw new InvalidArgumentError('a folder, or a folder:scale.');
  return [...before, { path, scale: times }];
}

/** What reading adapters grows the process by beside their values: the code that reads them, and its buffers. */
const readerBytes = 8_000_000;

export interface Loras {
  /** For the ledger. */
  bytes: number;
  report: { path: string; scale: number; rank: number; bytes: number }[];
  /** Throws PLAN_WITHOUT_ADAPTERS for a plan made without room for them. */
  load(engine: Engine, plan: PrefetchPlan): Promise<AdapterUse[]>;
}

/** Holds the adapters against the model. Throws ModelError. */
export async function readLoras(context: Context, flags: readonly LoraFlag[], prepared: PreparedModel): Promise<Loras> {
  if (flags.length === 0) return { bytes: 0, report: [], load: async () => [] };
  const { readLoraAdapter } = await import('@flash-slim/model/lora');
  const { manifest } = prepared.cache;
  const model = {
    config: manifest.model.config,
    chunks: manifest.chunks.map(({ weights_id, name, rows, columns, arrangement }) => ({
      weightsId: weights_id,
      name,
      rows,
      columns,
      paired: arrangement === 'row-blocks-alternating',
    })),
    graph: await prepared.cache.readGraph(),
  };
  const adapters = flags.map(({ path, scale }) => ({ adapter: readLoraAdapter(path, model), scale }));
  const report = adapters.map(({ adapter, scale }) => ({
    path: adapter.path,
    scale,
    rank: adapter.rank,
    bytes: adapter.bytes,
  }));
  const bytes = report.reduce((sum, one) => sum + one.bytes, readerBytes);
  return {
    bytes,
    report,
    load: async (engine, plan) => {
      const { adapter_bytes: planned = 0 } = plan.metadata.ledger;
      if (planned < bytes) {
        throw new CliError(
          'PLAN_WITHOUT_ADAPTERS',
          `the plan has ${formatBytes(planned)} for adapters, and these take ${formatBytes(bytes)}; ` +
            `plan again with flash-slim plan --adapter-memory ${Math.ceil(bytes / 1e6)}MB`,
        );
      }
      const uses: AdapterUse[] = [];
      for (const { adapter, scale } of adapters) {
        uses.push({ adapter: await engine.addAdapter(adapter.read()), scale });
        const of = `${adapter.modules.length} modules of rank up to ${adapter.rank}, ${formatBytes(adapter.bytes)}`;
        context.log(`adapter ${adapter.path}${scale === 1 ? '' : ` times ${scale}`}: ${of}`);
      }
      return uses;
    },
  };
}
