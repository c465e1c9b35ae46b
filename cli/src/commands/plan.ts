import { loadCmt } from '@flash-slim/cmt';
import { explainPlan, parseBytes, planPrefetch, type Strategy, savePlan } from '@flash-slim/plan';
import { Option } from 'commander';
import { command } from '../command.ts';
import { usageError } from '../errors.ts';
import { integer, threadsOf } from '../options.ts';
import { deviceProfile } from '../prepare.ts';

interface PlanFlags {
  cmt?: string;
  memoryBudget?: string;
  output: string;
  device?: string;
  strategy: Strategy;
  contextLength: number;
  kvType: 'f16' | 'f32';
  numThreads: number;
  maxSequences: number;
  baseline: string;
  adapterMemory?: string;
  explain?: boolean;
}

export const plan = command<PlanFlags>({
  define: (command) => {
    command
      .option('--cmt <file>', 'weight_chunks_metadata_table.json, from `flash-slim profile`')
      .option('--memory-budget <bytes>', 'the process never holds more, e.g. 180MB')
      .option('--output <file>', 'where to write the plan', 'prefetch_plan.json')
      .option('--device <file>', 'a device profile from `flash-slim probe` (default: this machine, measured once)')
      .addOption(
        new Option(
          '--strategy <name>',
          'simple: in order, no residents; rechunk: even groups; resident: what fits stays',
        )
          .choices(['simple', 'rechunk', 'resident', 'auto'])
          .default('auto'),
      )
      .option('--context-length <n>', 'tokens of prompt and answer together', integer(2), 2048)
      .addOption(new Option('--kv-type <type>', 'how keys and values are kept').choices(['f16', 'f32']).default('f16'))
      .option('--num-threads <n>', 'compute threads, never more than the cores', integer(1), 4)
      .option('--max-sequences <n>', 'sequences served at once', integer(1), 1)
      .option('--baseline <bytes>', 'what the process holds before weights, KV and slots', '95MB')
      .option('--adapter-memory <bytes>', 'room for what `generate --lora` loads')
      .option('--explain', 'print the budget ledger and the predicted time per pass');
  },
  examples: [
    ['flash-slim plan --cmt weight_chunks_metadata_table.json --memory-budget 180MB', 'writes prefetch_plan.json'],
    ['flash-slim plan --cmt t.json --memory-budget 180MB --strategy rechunk --explain', 'the ledger, line by line'],
  ],
  run: async (context, flags) => {
    if (flags.cmt === undefined) throw usageError('which table? give --cmt the file that `flash-slim profile` wrote');
    if (flags.memoryBudget === undefined) throw usageError('how much memory? give --memory-budget, e.g. 180MB');
    const made = planPrefetch({
      cmt: await loadCmt(flags.cmt),
      memoryBudgetBytes: parseBytes(flags.memoryBudget),
      baselineBytes: parseBytes(flags.baseline),
      device: await deviceProfile(context, flags.device),
      contextLength: flags.contextLength,
      kvType: flags.kvType,
      strategy: flags.strategy,
      threads: threadsOf(flags),
      maxSequences: flags.maxSequences,
      maxTokensPerPass: null,
      maxLogitRows: flags.maxSequences,
      adapterBytes: flags.adapterMemory === undefined ? 0 : parseBytes(flags.adapterMemory),
    });
    await savePlan(made, flags.output);
    const { metadata } = made;
    const lines = flags.explain ? `${explainPlan(made)}\n` : '';
    context.result(
      { output: flags.output, ...metadata },
      `${lines}${flags.output}: ${metadata.strategy}, ${made.groups.length} groups`,
    );
  },
});
