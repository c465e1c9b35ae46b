import { resolve } from 'node:path';
import { command } from '../command.ts';
import { identify, type Kind } from '../inspect/identify.ts';
import { describe, type Inspection } from '../inspect/inspection.ts';
import { readRecord } from '../store/store.ts';

// Loaded by kind: to look at a plan takes no model code.
const inspectors: Record<Kind, (path: string) => Promise<Inspection>> = {
  gguf: async (path) => (await import('../inspect/models.ts')).inspectGguf(path),
  'safetensors-folder': async (path) => (await import('../inspect/models.ts')).inspectFolder(path),
  safetensors: async (path) => (await import('../inspect/models.ts')).inspectSafetensors(path),
  onnx: async (path) => (await import('../inspect/models.ts')).inspectOnnxFile(path),
  adapter: async (path) => (await import('../inspect/models.ts')).inspectAdapter(path),
  'weight-cache': async (path) => (await import('../inspect/artifacts.ts')).inspectWeightCache(path),
  cmt: async (path) => (await import('../inspect/artifacts.ts')).inspectCmt(path),
  plan: async (path) => (await import('../inspect/artifacts.ts')).inspectPlan(path),
  'device-profile': async (path) => (await import('../inspect/artifacts.ts')).inspectDeviceProfile(path),
  tokenizer: async (path) => (await import('../inspect/artifacts.ts')).inspectTokenizer(path, false),
  'compiled-tokenizer': async (path) => (await import('../inspect/artifacts.ts')).inspectTokenizer(path, true),
};

export const inspect = command<Record<string, never>>({
  define: (command) => {
    command.argument(
      '<path>',
      'a GGUF, ONNX, safetensors or tokenizer file, a folder of one, an adapter, a weight cache, a CMT, a plan; or a name from the store',
    );
  },
  examples: [
    ['flash-slim inspect ./model.gguf', 'what the file holds, whether it is sound, whether it can be run'],
    ['flash-slim inspect smollm2', 'a model of the store'],
    ['flash-slim inspect prefetch_plan.json --json', 'for a script'],
  ],
  run: async (context, _options, [source = '']) => {
    const record = source.includes('/') ? null : await readRecord(source);
    const { kind, path } = identify(resolve(record?.path ?? source));
    const inspection = await inspectors[kind](path);
    context.result({ kind, path, sound: true, ...inspection.value }, describe(path, inspection));
  },
});
