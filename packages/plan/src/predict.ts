// How long a pass takes: an event simulation of one device that reads in order and compute that follows it through a ring
// of slots.
//
// Every event's time is a maximum of earlier events plus a constant. Such a system is monotone: dropping a read (a group
// made resident), adding a slot, or a shorter read never makes any event later. The proof that more budget is never
// slower rests on it; keep it so.
import type { DeviceProfile } from './types.ts';

/** One mode's work, by group in order of use. */
export interface PassWork {
  /** Milliseconds of compute, what lies between the products included. */
  computeMs: Float64Array;
  /** Milliseconds of reading at the device's rate; 0 for a resident. */
  readMs: Float64Array;
  /** 1 where reading, of this group and of what follows, starts only when the groups before are computed: experts. */
  waits?: Uint8Array;
  /** Groups of this mode: the head's, which come last, may be left out. */
  count: number;
}

/** Passes averaged over. The first waits for its first read, which a steady stream does not: a quarter of one read's time. */
const passes = 4;

export function predictPassMs(
  { computeMs, readMs, waits, count }: PassWork,
  slotCount: number,
  latencyMs: number,
): number {
  // When the slot of ticket t was given back, at [t % slotCount].
  const freed = new Float64Array(Math.max(1, slotCount));
  let ticket = 0;
  let readEnd = 0;
  let computeEnd = 0;
  let chosen = Number.NEGATIVE_INFINITY;
  for (let pass = 0; pass < passes; pass++) {
    for (let i = 0; i < count; i++) {
      if (waits?.[i]) chosen = computeEnd;
      const read = readMs[i] as number;
      if (read === 0) {
        computeEnd += computeMs[i] as number;
        continue;
      }
      const slot = ticket++ % slotCount;
      readEnd = Math.max(readEnd, Math.max(freed[slot] as number, chosen) + latencyMs) + read;
      computeEnd = Math.max(computeEnd, readEnd) + (computeMs[i] as number);
      freed[slot] = computeEnd;
    }
  }
  return computeEnd / passes;
}

/**
 * Bytes per second with reads of `blockBytes`, `depth` of them under way, from what was measured with the reader and the
 * pages that the device does best with. A measurement stands for all reads at least as large and as deep; for smaller or
 * shallower ones it is taken to fall with the square root of either, so that no slots are chosen on hope. Rises with both
 * arguments.
 */
export function readRate(device: DeviceProfile, blockBytes: number, depth: number): number {
  const { best, measurements, bandwidth_bytes_per_second: bandwidth } = device.storage;
  const comparable = measurements.filter((m) => m.reader === best.reader && m.huge_pages === best.huge_pages);
  if (comparable.length === 0) return bandwidth;
  const rates = comparable.map(
    (m) => m.bytes_per_second * Math.sqrt(Math.min(1, blockBytes / m.block_bytes) * Math.min(1, depth / m.depth)),
  );
  return Math.min(bandwidth, Math.max(...rates));
}
