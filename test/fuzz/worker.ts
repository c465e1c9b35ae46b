// Fuzzes one target in a process of its own, which its parent ends when it hangs. Prints a line of JSON per finding, and
// one with the number of runs at the end. `current` always holds the input under way.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mutate, Random } from './mutate.ts';
import { isTyped, makeTargets } from './targets.ts';

const [name = '', seconds = '1', seed = '1', current = ''] = process.argv.slice(2);
const directory = mkdtempSync(join(tmpdir(), 'flash-slim-fuzz-'));

/** What reading a file may take: its header in several forms, and what the process has anyway. */
const boundBytes = (fileBytes: number) => (32 << 20) + 64 * fileBytes;
const slowMilliseconds = 5000;

function finding(kind: string, detail: string, input: Buffer): void {
  process.stdout.write(`${JSON.stringify({ kind, detail: detail.slice(0, 500), input: input.toString('base64') })}\n`);
}

const external = () => process.memoryUsage().arrayBuffers;
const most = () => process.resourceUsage().maxRSS * 1024;

try {
  const target = (await makeTargets(directory)).find((candidate) => candidate.name === name);
  if (target === undefined) throw new Error(`there is no target ${name}`);
  const corpus = target.corpus.map((path) => readFileSync(path));
  const path = join(directory, target.fileName);
  const run = async (input: Buffer): Promise<void> => {
    writeFileSync(path, input);
    if (current !== '') writeFileSync(current, input);
    const [externalBefore, mostBefore, start] = [external(), most(), performance.now()];
    try {
      await target.read(path);
    } catch (error) {
      if (!isTyped(error)) finding('error', `${(error as Error).stack ?? error}`, input);
    }
    const grown = Math.max(external() - externalBefore, most() - mostBefore);
    const took = performance.now() - start;
    if (grown > boundBytes(input.length)) finding('memory', `${grown} bytes for a file of ${input.length}`, input);
    if (took > slowMilliseconds) finding('slow', `${took.toFixed(0)} ms for a file of ${input.length}`, input);
  };
  // First as they are: earlier findings are among them, and what must be readable.
  for (const input of corpus) await run(input);
  const random = new Random(Number(seed));
  let runs = 0;
  for (const end = Date.now() + 1000 * Number(seconds); Date.now() < end; runs++) {
    const input = mutate(random.pick(corpus), random.pick(corpus), random);
    if (target.repair !== undefined && random.next() < 0.8) target.repair(input);
    await run(input);
    if (runs % 50 === 0) process.stdout.write(`${JSON.stringify({ runs })}\n`);
  }
  process.stdout.write(`${JSON.stringify({ runs, done: true })}\n`);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
