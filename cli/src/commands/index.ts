// Every command in the order a person meets them. Loading is lazy: `generate` must carry no other command's code.
import type { CommandEntry } from '../command.ts';

export const commands: CommandEntry[] = [
  {
    name: 'pull',
    summary: 'get a model into the local store',
    load: async () => (await import('./pull.ts')).pull,
  },
  {
    name: 'probe',
    summary: 'measure this device: memory limit, storage bandwidth, CPU',
    load: async () => (await import('./probe.ts')).probe,
  },
  {
    name: 'profile',
    summary: 'make the weight cache and chunk metadata table of a model',
    load: async () => (await import('./profile.ts')).profile,
  },
  {
    name: 'plan',
    summary: 'decide what stays in memory and what is streamed under a budget',
    load: async () => (await import('./plan.ts')).plan,
  },
  {
    name: 'generate',
    summary: 'generate text, streaming the weights from flash',
    load: async () => (await import('./generate.ts')).generate,
  },
  {
    name: 'perplexity',
    summary: 'score a text',
    load: async () => (await import('./perplexity.ts')).perplexity,
  },
  {
    name: 'inspect',
    summary: 'what a model, weight cache, plan or tokenizer holds, and whether it is sound',
    load: async () => (await import('./inspect.ts')).inspect,
  },
  {
    name: 'export-onnx',
    summary: 'write the whole model as one plain ONNX graph, for comparison',
    load: async () => (await import('./export-onnx.ts')).exportOnnx,
  },
  {
    name: 'import',
    summary: 'make the weight cache alone',
    load: async () => (await import('./import.ts')).importCommand,
  },
  {
    name: 'demo',
    summary: 'the main job on a real model, with a table of what happened',
    load: async () => (await import('./demo.ts')).demo,
  },
];
