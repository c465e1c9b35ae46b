// npm run fuzz -- --seconds N --seed S [--only TARGET]: every parser of files against mutated ones, one after the other. A
// crash, a hang, an error that is none of ours, or memory that the file's size does not explain is a finding; its input is
// written to test/fuzz/findings, and belongs into test/fuzz/corpus once it is fixed.
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

export const targetNames = [
  'gguf',
  'safetensors',
  'folder',
  'onnx',
  'cmt',
  'plan',
  'weight-cache',
  'compiled-tokenizer',
  'tokenizer-json',
  'sentencepiece',
];

export interface Finding {
  target: string;
  kind: string;
  detail: string;
  input: Buffer;
}

/** A worker that says nothing for so long hangs. */
const silenceMilliseconds = 30_000;
const worker = fileURLToPath(new URL('worker.ts', import.meta.url));

/** Fuzzes one target for so many seconds. The same seed makes the same inputs. */
export async function fuzz(
  target: string,
  seconds: number,
  seed: number,
): Promise<{ runs: number; findings: Finding[] }> {
  const directory = mkdtempSync(join(tmpdir(), 'flash-slim-fuzz-'));
  const current = join(directory, 'current');
  const args = ['--max-old-space-size=512', worker, target, String(seconds), String(seed), current];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (data) => {
    stderr = (stderr + data).slice(-2000);
  });
  const findings: Finding[] = [];
  let runs = 0;
  let done = false;
  let hung = false;
  const silence = setTimeout(() => {
    hung = true;
    child.kill('SIGKILL');
  }, silenceMilliseconds);
  const closed = new Promise<string>((resolve) =>
    child.on('close', (code, signal) => resolve(signal ?? `exit code ${code}`)),
  );
  try {
    for await (const line of createInterface({ input: (child as ChildProcess).stdout as NodeJS.ReadableStream })) {
      silence.refresh();
      const said = JSON.parse(line) as {
        runs?: number;
        done?: boolean;
        kind?: string;
        detail?: string;
        input?: string;
      };
      if (said.kind !== undefined) {
        const input = Buffer.from(said.input ?? '', 'base64');
        findings.push({ target, kind: said.kind, detail: said.detail ?? '', input });
      } else {
        runs = said.runs ?? runs;
        done ||= said.done === true;
      }
    }
    const how = await closed;
    if (!done) {
      const detail = `${hung ? 'no word for half a minute' : how}: ${stderr}`;
      findings.push({ target, kind: hung ? 'hang' : 'crash', detail, input: readFileSync(current) });
    }
  } finally {
    clearTimeout(silence);
    rmSync(directory, { recursive: true, force: true });
  }
  return { runs, findings };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '60' },
      seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
      only: { type: 'string', multiple: true, default: targetNames },
    },
  });
  const unknown = values.only.find((name) => !targetNames.includes(name));
  if (unknown !== undefined) throw new Error(`--only ${unknown} is not known; there are ${targetNames.join(', ')}`);
  const folder = fileURLToPath(new URL('findings', import.meta.url));
  let count = 0;
  for (const target of values.only) {
    const { runs, findings } = await fuzz(target, Number(values.seconds), Number(values.seed));
    console.log(`${target}: ${runs} inputs from seed ${values.seed}, ${findings.length} findings`);
    for (const { kind, detail, input } of findings) {
      mkdirSync(folder, { recursive: true });
      const file = join(folder, `${target}-${kind}-${createHash('sha256').update(input).digest('hex').slice(0, 8)}`);
      writeFileSync(file, input);
      if (count++ < 20) console.log(`  ${kind}: ${detail.split('\n').slice(0, 4).join(' | ')}\n  ${file}`);
    }
  }
  process.exitCode = count === 0 ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
