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
    name: 'chat',
    summary: 'talk with a model in the terminal',
    load: async () => (await import('./chat.ts')).chat,
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
    name: 'cache',
    summary: 'list, verify and prune the weight caches of the store',
    load: async () => (await import('./cache.ts')).cache,
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
    name: 'measure',
    summary: 'make the chunk metadata table of a weight cache alone',
    load: async () => (await import('./measure.ts')).measure,
  },
  {
    name: 'demo',
    summary: 'the main job on a real model, with a table of what happened',
    load: async () => (await import('./demo.ts')).demo,
  },
  {
    name: 'up',
    summary: 'profiler, planner and a runtime node in one process',
    load: async () => (await import('./up.ts')).up,
  },
  {
    name: 'profiler',
    summary: 'the service that profiles models',
    load: async () => (await import('./profiler.ts')).profiler,
  },
  {
    name: 'planner',
    summary: 'the service that plans for nodes',
    load: async () => (await import('./planner.ts')).planner,
  },
  {
    name: 'runtime',
    summary: 'a node that serves tokens',
    load: async () => (await import('./runtime.ts')).runtime,
  },
  {
    name: 'submit',
    summary: 'give a model to the services',
    load: async () => (await import('./submit.ts')).submit,
  },
  {
    name: 'jobs',
    summary: 'list profiling jobs',
    load: async () => (await import('./jobs.ts')).jobs,
  },
  {
    name: 'job',
    summary: 'show a profiling job',
    load: async () => (await import('./job.ts')).job,
  },
  {
    name: 'cancel',
    summary: 'cancel a profiling job',
    load: async () => (await import('./cancel.ts')).cancel,
  },
  {
    name: 'retry',
    summary: 'do a failed profiling job again',
    load: async () => (await import('./retry.ts')).retry,
  },
  {
    name: 'gc',
    summary: 'find, and remove, what no manifest in the object store names',
    load: async () => (await import('./gc.ts')).gc,
  },
  {
    name: 'nodes',
    summary: 'list runtime nodes',
    load: async () => (await import('./nodes.ts')).nodes,
  },
  {
    name: 'plans',
    summary: 'list prefetch plans',
    load: async () => (await import('./plans.ts')).plans,
  },
  {
    name: 'ask',
    summary: 'text from a runtime node',
    load: async () => (await import('./ask.ts')).ask,
  },
];
