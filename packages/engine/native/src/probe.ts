// What the native side tells about this machine, and its storage measured one call at a time (binding/probe_binding.cc).
import { addon } from './addon.ts';

export interface DeviceFacts {
  architecture: string;
  /** Cores this process may keep busy: affinity and the control group's quota. */
  cores: number;
  instructionSets: string[];
  /** Kernels this CPU can run, best first. */
  kernels: string[];
  /** The least limit of the control groups of this process; null where none is below the machine's memory. */
  memoryLimitBytes: number | null;
  memoryTotalBytes: number;
  /** Whether anonymous memory really gets huge pages when it asks. */
  hugePages: boolean;
  ioUring: boolean;
}

export interface ReadPattern {
  /** A multiple of 4096, at most the file's size. */
  blockBytes: number;
  /** Reads under way at once. */
  depth: number;
  hugePages: boolean;
  reader: 'io_uring' | 'pread';
  seconds: number;
}

/** Calls must not overlap. */
export interface StorageProbe {
  readonly bytes: number;
  /** Whether reads pass the page cache by. */
  readonly direct: boolean;
  /** Makes the file longer by random bytes. Not for an existing file. */
  append(bytes: number): Promise<void>;
  /** Bytes per second, reading on in order from where the last measurement stopped. */
  measure(pattern: ReadPattern): Promise<number>;
  /** Median of single reads at random places. */
  latencyMs(blockBytes: number, seconds: number): Promise<number>;
  close(): void;
}

interface ProbeAddon {
  memoryLimitFiles(): string[];
  deviceFacts(): DeviceFacts;
  StorageProbe: new (path: string, existing: boolean) => StorageProbe;
}

const native = addon as unknown as ProbeAddon;

/** Control group files that limit this process's memory now or may later, each with a number of bytes or "max" in it. */
export const memoryLimitFiles = (): string[] => native.memoryLimitFiles();

export const deviceFacts = (): DeviceFacts => native.deviceFacts();

/** On a new nameless file in `directory`: nothing is left behind, however the process ends. */
export const probeDirectory = (directory: string): StorageProbe => new native.StorageProbe(directory, false);

/** On an existing file, which is only read. */
export const probeFile = (path: string): StorageProbe => new native.StorageProbe(path, true);
