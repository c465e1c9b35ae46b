// Devices and requests without hardware: for tests of this package and of those that plan.
import { type SyntheticModel, seededRandom, shapes, syntheticCmt } from '@flash-slim/cmt/testing';
import type { DeviceProfile, PlanRequest } from './types.ts';

/** A device whose rate grows with block and depth up to `bytesPerSecond`. */
export function syntheticDevice(bytesPerSecond: number, latencyMs = 0.1): DeviceProfile {
  const measured: [number, number, number][] = [
    [256, 1, 0.3],
    [256, 4, 0.8],
    [256, 16, 1],
    [1024, 1, 0.6],
    [1024, 4, 0.95],
    [1024, 8, 1],
    [2048, 4, 1],
  ];
  const best = { block_bytes: 1024 * 1024, depth: 8, huge_pages: true, reader: 'io_uring' };
  return {
    version: '1.0',
    architecture: 'x64',
    cores: 2,
    instruction_sets: ['avx2'],
    kernel: 'avx2',
    memory_limit_bytes: null,
    memory_total_bytes: 8e9,
    huge_pages: true,
    io_uring: true,
    storage: {
      path: '/var/lib/models',
      direct: true,
      bandwidth_bytes_per_second: bytesPerSecond,
      latency_ms: latencyMs,
      best,
      measurements: measured.map(([kilobytes, depth, share]) => ({
        ...best,
        block_bytes: kilobytes * 1024,
        depth,
        bytes_per_second: bytesPerSecond * share,
      })),
    },
  };
}

const nominalRead = { block_bytes: 2 << 20, depth: 4, huge_pages: true, reader: 'pread' };

/** A device of which one number is told: the rate of its storage, whatever the reads. */
export const nominalDevice = (bytesPerSecond = 1e9): DeviceProfile => ({
  version: '1.0',
  architecture: 'x86_64',
  cores: 2,
  instruction_sets: [],
  kernel: 'reference',
  memory_limit_bytes: null,
  memory_total_bytes: 8e9,
  huge_pages: true,
  io_uring: false,
  storage: {
    path: '/',
    direct: true,
    bandwidth_bytes_per_second: bytesPerSecond,
    latency_ms: 0.1,
    best: nominalRead,
    measurements: [{ ...nominalRead, bytes_per_second: bytesPerSecond }],
  },
});

export function syntheticRequest(model: SyntheticModel, more: Partial<PlanRequest> = {}): PlanRequest {
  return {
    cmt: syntheticCmt(model),
    device: syntheticDevice(2e9),
    memoryBudgetBytes: 1e9,
    contextLength: 512,
    kvType: 'f16',
    strategy: 'auto',
    threads: 2,
    maxSequences: 1,
    maxTokensPerPass: null,
    maxLogitRows: 1,
    baselineBytes: 100e6,
    ...more,
  };
}

/** A small model of odd proportions with uneven compute times, on a device of any speed: one per seed. */
export function randomRequest(seed: number): PlanRequest {
  const random = seededRandom(seed);
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
  const hiddenSize = 32 * (1 + Math.floor(random() * 24));
  const model: SyntheticModel = {
    config: {
      architecture: 'llama',
      name: `random ${seed}`,
      layers: 1 + Math.floor(random() * 12),
      hiddenSize,
      feedForwardSize: 32 * (1 + Math.floor(random() * 64)),
      heads: pick([1, 4, 9]),
      kvHeads: 1,
      headSize: pick([32, 64]),
      vocabularySize: 8 * (20 + Math.floor(random() * 6000)),
      maxContextLength: 4096,
      tiedHead: random() < 0.5,
      ...(seed % 5 === 0 && { experts: { count: 6, used: 2, feedForwardSize: 96, sharedFeedForwardSize: 0 } }),
    },
    kind: pick(['F32', 'F16', 'Q8_0', 'Q5_1', 'Q4_0', 'Q4_1']),
    headKind: pick(['F16', 'Q8_0', 'Q4_0']),
  };
  const times = {
    bytesPerSecond: 10 ** (8 + 3 * random()),
    perFurtherToken: random(),
    prefillTokens: pick([1, 16, 64, 128]),
    otherMs: 5 * random(),
  };
  const cmt = syntheticCmt(model, times, pick([4096, 65536, 262144]), seed);
  for (const row of [...cmt.weight_chunks.PREFILL, ...cmt.weight_chunks.DECODE]) row.avg_compute_time *= 2 * random();
  const device = syntheticDevice(10 ** (7 + 3 * random()), random() < 0.3 ? 20 * random() : 0.1);
  if (random() < 0.3) device.storage.measurements = [];
  return {
    ...syntheticRequest(model),
    cmt,
    device,
    contextLength: 1 + Math.floor(random() * 1000),
    kvType: pick(['f16', 'f32']),
    threads: 1 + Math.floor(random() * 8),
    maxSequences: pick([1, 1, 4]),
    maxTokensPerPass: pick([null, null, 4, 64]),
    maxLogitRows: pick([1, 1, 64]),
  };
}

/** What src/golden/prefetch_plan.json is the plan for: two layers at SmolLM2's widths, streamed through slots with some residents. */
export function goldenRequest(): PlanRequest {
  const shape = shapes['SmolLM2-135M'];
  const cmt = syntheticCmt({ ...shape, config: { ...shape.config, layers: 2, vocabularySize: 8192 } });
  return {
    ...syntheticRequest(shape, { memoryBudgetBytes: 113_500_000, strategy: 'resident', contextLength: 256 }),
    cmt,
  };
}
