import { command } from '../command.ts';
import { demoReport } from '../demo-report.ts';
import { defineGenerate, type GenerateFlags, generateAll } from './generate.ts';

/** The main job with nothing to decide: a real model in less memory than its weights and process would take. */
export const demo = command<GenerateFlags>({
  define: (command) => {
    defineGenerate(command);
    const defaults = {
      model: 'smollm2',
      memoryBudget: '180MB',
      prompt: 'Explain in a few sentences why the sky is blue.',
      chat: true,
      seed: 7,
      temperature: 0.4,
      maxDecodeSteps: 160,
      contextLength: 512,
    };
    for (const [name, value] of Object.entries(defaults)) command.setOptionValueWithSource(name, value, 'default');
  },
  examples: [
    ['flash-slim demo', 'SmolLM2-135M-Instruct in 180 MB'],
    ['flash-slim demo --model ./m.gguf --memory-budget 1GB', 'another model'],
  ],
  run: async (context, flags) => {
    context.log(`model ${flags.model}, memory budget ${flags.memoryBudget}; prompt: ${flags.prompt}\n`);
    const [result] = await generateAll(context, flags, [flags.prompt as string]);
    if (result === undefined) return;
    context.result(result, `\n${demoReport(result)}`);
  },
});
