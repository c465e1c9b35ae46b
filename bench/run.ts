// npm run bench: measures section by section, keeps each one's results in bench/results.json as soon as it is done, and
// writes docs/benchmarks.md from them.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { documentOf } from './document.ts';
import { plannedModels, prepareModels } from './harness/models.ts';
import { benchDirectory, childEnvironment, inspectMachine, repository, type Setting } from './harness/setting.ts';
import { describeStep, runInterleaved } from './harness/step.ts';
import { repetitions } from './scenarios.ts';
import { cacheBuildSection } from './sections/cache-build.ts';
import { firstTokenSection } from './sections/first-token.ts';
import { inMemorySection } from './sections/in-memory.ts';
import { machine } from './sections/machine.ts';
import { passTimeSection } from './sections/pass-time.ts';
import type { Section, SectionRecord } from './sections/section.ts';
import { underLimitsSection } from './sections/under-limits.ts';

const sections = [
  machine,
  inMemorySection,
  underLimitsSection,
  passTimeSection,
  firstTokenSection,
  cacheBuildSection,
] as Section<unknown>[];

const usage = `usage: npm run bench -- [options]
  --only SECTION   ${sections.map((section) => section.name).join(', ')}; may be given several times (default: all)
  --quick          one repetition of everything: shows that it works, measures little; its results and document go to
                   FLASH_SLIM_BENCH_DIR
  --dry-run        print what would run, run nothing
  --document       write docs/benchmarks.md from the results there are, measure nothing
environment:
  LLAMA_BENCH           llama.cpp's llama-bench, to compare with
  FLASH_SLIM_BENCH_DIR  models and weight caches (default: flash-slim/bench in the user's cache)`;

function fail(message: string): never {
  process.stderr.write(`${message}\n${usage}\n`);
  process.exit(2);
}

function parse() {
  try {
    return parseArgs({
      options: {
        only: { type: 'string', multiple: true },
        quick: { type: 'boolean', default: false },
        'dry-run': { type: 'boolean', default: false },
        document: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    return fail((error as Error).message);
  }
}

const flags = parse();
if (flags.help) {
  process.stdout.write(`${usage}\n`);
  process.exit(0);
}
for (const name of flags.only ?? [])
  if (!sections.some((section) => section.name === name)) fail(`--only ${name} is not known`);
const chosen = sections.filter((section) => flags.only?.includes(section.name) ?? true);

// A smoke run must not replace figures that were measured with care.
const directory = benchDirectory();
const resultsPath = flags.quick ? join(directory, 'quick-results.json') : join(repository, 'bench/results.json');
const documentPath = flags.quick ? join(directory, 'quick-benchmarks.md') : join(repository, 'docs/benchmarks.md');

const records = loadRecords();
if (flags.document) writeDocument();
else await measureAll();

async function measureAll(): Promise<void> {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());
  try {
    await measureChosen(stop.signal);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    process.stderr.write('stopped; the sections that were done are kept\n');
    process.exitCode = 130;
  }
}

async function measureChosen(signal: AbortSignal): Promise<void> {
  const setting: Setting = {
    quick: flags.quick,
    directory,
    env: childEnvironment(directory),
    ...inspectMachine(directory),
    models: flags['dry-run'] ? plannedModels(directory) : await prepareModels(directory, signal),
  };
  for (const section of chosen) await measureSection(section, setting, signal);
}

async function measureSection(section: Section<unknown>, setting: Setting, signal: AbortSignal): Promise<void> {
  const { steps, skipped } = section.steps(setting);
  process.stderr.write(`${section.name}\n`);
  for (const reason of skipped) process.stderr.write(`  left out: ${reason}\n`);
  if (flags['dry-run']) {
    process.stdout.write(`${section.name}\n${(steps ?? []).map((step) => `${describeStep(step)}\n`).join('')}`);
    return;
  }
  const count = section.once ? 1 : flags.quick ? repetitions.quick : (section.repetitions ?? repetitions.full);
  const outcomes = steps === null ? null : await runInterleaved(steps, count, { ...setting, signal });
  records[section.name] = {
    measured_at: new Date().toISOString(),
    quick: flags.quick,
    repetitions: count,
    commit: execFileSync('git', ['-C', repository, 'describe', '--always', '--dirty'], { encoding: 'utf8' }).trim(),
    skipped,
    result: outcomes === null ? null : section.summarize(setting, outcomes),
  };
  writeWhole(resultsPath, `${JSON.stringify(records, null, 2)}\n`);
  writeDocument();
}

function loadRecords(): Record<string, SectionRecord> {
  return existsSync(resultsPath)
    ? (JSON.parse(readFileSync(resultsPath, 'utf8')) as Record<string, SectionRecord>)
    : {};
}

function writeDocument(): void {
  writeWhole(documentPath, documentOf(sections, records));
  process.stderr.write(`written: ${documentPath}\n`);
}

function writeWhole(path: string, text: string): void {
  writeFileSync(`${path}.partial`, text);
  renameSync(`${path}.partial`, path);
}
