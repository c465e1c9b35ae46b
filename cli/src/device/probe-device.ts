// Measures this device: facts from the system, storage by reading as the engine reads. The sweep goes round several
// times, each round over all kinds of reads, so that a busy moment spoils one value of each median and not one kind.
import { deviceFacts, probeDirectory, probeFile, type StorageProbe } from '@flash-slim/native';
import { type DeviceProfile, formatBytes } from '@flash-slim/plan';
import type { Context } from '../context.ts';
import { CliError } from '../errors.ts';
import { freeBytes } from '../store/disk-space.ts';
import { chooseBest, median, type Reads, readsToMeasure, toMeasurement } from './sweep.ts';

export interface ProbeOptions extends Pick<Context, 'signal' | 'log' | 'progress'> {
  /** Where models and caches are read from; a nameless test file is written there. */
  directory: string;
  /** An existing file to read instead of writing one. */
  file?: string | undefined;
  /** Seconds instead of a quarter of a minute, with fewer kinds of reads. */
  quick: boolean;
}

interface Pace {
  fileBytes: number;
  /** Slow flash (an SD card writes 10 MB/s) gets a smaller file. */
  writeSeconds: number;
  rounds: number;
  secondsEach: number;
  /** The sweep stops here, whatever is left of it: on slow storage one 4 MB read takes its time. */
  sweepSeconds: number;
  /** The best kind once more, for long enough to be called sustained. */
  sustainedSeconds: number;
  latencySeconds: number;
}

const megabyte = 1 << 20;
const appendBytes = 16 * megabyte;
const leastFileBytes = 4 * megabyte;
const unhurried: Pace = {
  fileBytes: 512 * megabyte,
  writeSeconds: 3,
  rounds: 3,
  secondsEach: 0.05,
  sweepSeconds: 13,
  sustainedSeconds: 1,
  latencySeconds: 0.3,
};
const hurried: Pace = {
  fileBytes: 128 * megabyte,
  writeSeconds: 0.8,
  rounds: 3,
  secondsEach: 0.04,
  sweepSeconds: 1.5,
  sustainedSeconds: 0.4,
  latencySeconds: 0.1,
};
/** An embedding row or two: the smallest read the engine does. */
const latencyBlockBytes = 4096;

/** Takes under 20 seconds, `quick` under 4. Throws DIRECTORY_UNWRITABLE, DISK_FULL, FILE_UNREADABLE, FILE_TOO_SMALL, READ_FAILED. */
export async function probeDevice(options: ProbeOptions): Promise<DeviceProfile> {
  const pace = options.quick ? hurried : unhurried;
  const facts = deviceFacts();
  const probe = options.file === undefined ? probeDirectory(options.directory) : probeFile(options.file);
  try {
    if (options.file === undefined) await writeTestFile(probe, pace, options);
    const kinds = readsToMeasure(facts, options.quick).filter(({ blockBytes }) => blockBytes <= probe.bytes);
    if (kinds.length === 0) throw tooSmall(options.file ?? options.directory, probe.bytes);
    const rates = await sweep(probe, kinds, pace, options);
    const best = chooseBest(rates);
    const bandwidth = await probe.measure({ ...best, seconds: pace.sustainedSeconds });
    options.signal.throwIfAborted();
    return {
      version: '1.0',
      architecture: facts.architecture,
      cores: facts.cores,
      instruction_sets: facts.instructionSets,
      kernel: facts.kernels[0] ?? 'reference',
      memory_limit_bytes: facts.memoryLimitBytes,
      memory_total_bytes: facts.memoryTotalBytes,
      huge_pages: facts.hugePages,
      io_uring: facts.ioUring,
      storage: {
        path: options.file ?? options.directory,
        direct: probe.direct,
        bandwidth_bytes_per_second: Math.round(bandwidth),
        latency_ms: await probe.latencyMs(latencyBlockBytes, pace.latencySeconds),
        best: {
          block_bytes: best.blockBytes,
          depth: best.depth,
          huge_pages: best.hugePages,
          reader: best.reader,
        },
        measurements: rates.map(({ reads, bytesPerSecond }) => toMeasurement(reads, bytesPerSecond)),
      },
    };
  } finally {
    probe.close();
  }
}

async function writeTestFile(probe: StorageProbe, pace: Pace, options: ProbeOptions): Promise<void> {
  // Others write too: half of what is free is left to them.
  const fileBytes = Math.min(pace.fileBytes, Math.floor((await freeBytes(options.directory)) / 2));
  if (fileBytes < leastFileBytes) {
    throw new CliError(
      'DISK_FULL',
      `${options.directory} has no room for a test file of ${formatBytes(leastFileBytes)}: free some, or give a file to read with --file`,
    );
  }
  const progress = options.progress('writing a test file', fileBytes, 'bytes');
  const end = Date.now() + 1000 * pace.writeSeconds;
  try {
    while (probe.bytes < fileBytes && (probe.bytes === 0 || Date.now() < end)) {
      await probe.append(Math.min(appendBytes, fileBytes - probe.bytes));
      options.signal.throwIfAborted();
      progress.update(probe.bytes);
    }
  } finally {
    progress.stop();
  }
}

async function sweep(
  probe: StorageProbe,
  kinds: Reads[],
  pace: Pace,
  options: ProbeOptions,
): Promise<{ reads: Reads; bytesPerSecond: number }[]> {
  const rates = kinds.map((): number[] => []);
  const progress = options.progress('measuring reads', kinds.length * pace.rounds, 'count');
  const end = Date.now() + 1000 * pace.sweepSeconds;
  let done = 0;
  try {
    for (let round = 0; round < pace.rounds; round++) {
      for (const [index, reads] of kinds.entries()) {
        if (done > 0 && Date.now() > end) break;
        rates[index]?.push(await probe.measure({ ...reads, seconds: pace.secondsEach }));
        options.signal.throwIfAborted();
        progress.update(++done);
      }
    }
  } finally {
    progress.stop();
  }
  if (done < kinds.length * pace.rounds) {
    options.log(`storage is slow: ${done} of ${kinds.length * pace.rounds} measurements fit in ${pace.sweepSeconds} s`);
  }
  return kinds.flatMap((reads, index) => {
    const values = rates[index] ?? [];
    return values.length === 0 ? [] : [{ reads, bytesPerSecond: median(values) }];
  });
}

const tooSmall = (path: string, bytes: number): CliError =>
  new CliError('FILE_TOO_SMALL', `${path} has ${bytes} bytes: at least 256 KB are needed to measure storage`);
