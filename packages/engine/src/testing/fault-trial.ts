// One fault drawn at random, by kind, chunk and phase, and what it does to a run of the course.
import {
  closeSync,
  copyFileSync,
  openSync,
  readFileSync,
  renameSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import type { PlanGroup, PrefetchPlan } from '@flash-slim/plan';
import type { WeightCache } from '@flash-slim/weight-cache';
import { Engine, type InjectedFault } from '../engine.ts';
import { courseSteps, runStep } from './run.ts';

/** Injected into reads; done to the file; done to what is loaded. */
export const readKinds = ['flip', 'short', 'eof', 'eio', 'delay'] as const;
export const fileKinds = ['flip on disk', 'swap', 'truncate', 'shrink', 'replace', 'rename'] as const;
export const planKinds = ['stale plan'] as const;
export const kinds = [...readKinds, ...fileKinds, ...planKinds];
export type Kind = (typeof kinds)[number];

/** Before the weight cache is opened, before and while the residents load, before and while a pass runs. */
export type Phase = 'open' | 'load' | 'loading' | { before: number } | { during: number };

/** A model under test: its weight cache, a file of its own that trials may damage, and the logits it has to give. */
export interface Subject {
  cache: WeightCache;
  bytes: Buffer;
  path: string;
  expected: Buffer[];
  plans: PrefetchPlan[];
  /** Another model with a weight cache of the same size. */
  other: { bytes: Buffer; plan: PrefetchPlan };
}

export interface Trial {
  kind: Kind;
  phase: Phase;
  group: PlanGroup;
  plan: PrefetchPlan;
  reader: 'pread' | 'io_uring';
  threads: number;
  amount: number;
}

export interface Outcome {
  errors: { code: string; message: string }[];
  /** Passes whose logits were not those of a run without faults. */
  wrong: number;
}

export function describeTrial({ kind, phase, group, reader, threads, amount }: Trial): string {
  const when = typeof phase === 'string' ? phase : JSON.stringify(phase);
  return `${kind} (${amount}) in chunk ${group.weights_id}, row block ${group.row_block_begin}, ${when}, ${reader}, ${threads} threads`;
}

const hangMs = 60_000;

/** Runs the course under the fault, every failed step again; mends the file after the first failure. Rejects on a hang. */
export async function runTrial(subject: Subject, trial: Trial): Promise<Outcome> {
  const { phase, plan, reader, threads } = trial;
  const outcome: Outcome = { errors: [], wrong: 0 };
  const file = { ...subject.cache, path: subject.path };
  const damage = (): void => damageFile(subject, trial);
  const mend = (): void => overwrite(subject.path, subject.bytes);
  let engine: Engine | null = null;

  /** Tries until it succeeds, at most a few times: a fault that is gone must leave nothing behind. */
  const insist = async <T>(work: () => Promise<T>): Promise<T> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await withinTime(work(), () => engine?.dumpStatus() ?? 'not open');
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        if (code === 'HANG' || attempt === 6) throw error;
        outcome.errors.push({ code: String(code), message });
        mend();
      }
    }
  };

  mend();
  try {
    if (phase === 'open') damage();
    const opened = await insist(() => Engine.open(file));
    engine = opened;
    if (phase === 'load') damage();
    let first = true;
    await insist(() => {
      const stale = first && trial.kind === 'stale plan';
      // What struck residents is over when they are loaded again.
      const faults = first || !trial.group.resident ? injected(trial) : [];
      const loading = opened.load({ plan: stale ? subject.other.plan : plan, reader, threads, faults });
      if (first && phase === 'loading') damage();
      first = false;
      return loading;
    });
    const sequence = await opened.allocateKvCache();
    for (const [i, step] of courseSteps.entries()) {
      if (typeof phase === 'object' && 'before' in phase && phase.before === i) damage();
      first = true;
      const logits = await insist(() => {
        const pass = runStep(opened, sequence, step);
        if (first && typeof phase === 'object' && 'during' in phase && phase.during === i) damage();
        first = false;
        return pass;
      });
      if (!logits.equals(subject.expected[i] as Buffer)) outcome.wrong++;
    }
    await withinTime(opened.close(), () => 'closing');
    engine = null;
  } finally {
    // After a hang the engine's thread is stuck, and closing would wait for it.
    if (engine !== null) void engine.close();
    mend();
  }
  return outcome;
}

async function withinTime<T>(work: Promise<T>, status: () => string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(Object.assign(new Error(`nothing came for ${hangMs / 1000} s\n${status()}`), { code: 'HANG' }));
    }, hangMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

const bytesOf = (group: PlanGroup): { begin: number; end: number } => {
  const begin = group.aligned_offset + group.offset_adjust;
  return { begin, end: begin + group.size };
};

function injected({ kind, phase, group, amount }: Trial): InjectedFault[] {
  const readKind = readKinds.find((each) => each === kind);
  if (readKind === undefined) return [];
  // The nth read of a group belongs to about the nth pass: reading ahead starts before, and failures start over.
  const read = typeof phase === 'string' ? 0 : 'before' in phase ? phase.before : phase.during;
  const fault = { ...bytesOf(group), kind: readKind, read: group.resident ? 0 : read, residents: group.resident };
  // More than a page: short reads of less bring nothing, and nothing for ever is the end of the file.
  if (kind === 'short') return [{ ...fault, count: 1000, amount: 4096 + (amount % 9000) }];
  if (kind === 'delay') return [{ ...fault, count: 1, amount: 1 + (amount % 30) }];
  return [{ ...fault, count: kind === 'eof' ? 1 + (amount % 6) : 1, amount }];
}

function damageFile({ bytes, path, other, cache }: Subject, { kind, group, amount }: Trial): void {
  const { begin, end } = bytesOf(group);
  const at = begin + (amount % (end - begin));
  if (kind === 'flip on disk') {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] as number) ^ (1 << (amount % 8));
    overwrite(path, changed);
  } else if (kind === 'swap') {
    // With the row block before or behind it, which is of the same size.
    const size = cache.manifest.chunks[group.weights_id]?.row_block_bytes as number;
    const partner = end - begin > size ? begin + size : begin >= size ? begin - size : end;
    const changed = Buffer.from(bytes);
    changed.set(bytes.subarray(partner, partner + size), begin);
    changed.set(bytes.subarray(begin, begin + size), partner);
    overwrite(path, changed);
  } else if (kind === 'truncate') {
    truncateSync(path, at);
  } else if (kind === 'shrink') {
    // Step by step, as when something else writes it anew.
    for (let size = bytes.length; size > at; size -= 65_536) truncateSync(path, Math.max(size, at));
  } else if (kind === 'replace') {
    overwrite(path, other.bytes);
  } else if (kind === 'rename') {
    writeFileSync(`${path}.new`, other.bytes);
    renameSync(`${path}.new`, path);
  }
}

/** In place, without cutting the file first as writeFileSync does. */
function overwrite(path: string, bytes: Uint8Array): void {
  const file = openSync(path, 'r+');
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done, bytes.length - done, done);
  closeSync(file);
}

/** A subject's file, copied. */
export function ownFile(cache: WeightCache, path: string): { path: string; bytes: Buffer } {
  copyFileSync(cache.path, path);
  return { path, bytes: readFileSync(path) };
}
