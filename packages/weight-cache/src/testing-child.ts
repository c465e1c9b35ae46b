// Builds makeLargeModel's model in a process of its own, for process.test.ts. Prints a JSON line for each event.
import { readFileSync } from 'node:fs';
import { buildWeightCache } from './build.ts';
import { makeLargeModel } from './testing.ts';

const [modelPath = '', bytes = '', outPath = ''] = process.argv.slice(2);
const print = (event: object): void => void process.stdout.write(`${JSON.stringify(event)}\n`);
const kilobytes = (name: string): number =>
  Number(new RegExp(`${name}:\\s+(\\d+)`).exec(readFileSync('/proc/self/status', 'latin1'))?.[1]);

const model = makeLargeModel(modelPath, Number(bytes));
const before = kilobytes('VmRSS');
print({ event: 'start' });
await buildWeightCache(model, outPath, { onProgress: (progress) => print({ event: 'progress', ...progress }) });
print({ event: 'end', grownBytes: (kilobytes('VmHWM') - before) * 1024 });
