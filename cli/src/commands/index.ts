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
];
