// What nodes measured, put into what the pure planner is given: it predicts from a table and a profile, so these are scaled.
import type { ChunkMetadataTable } from '@flash-slim/cmt';
import type { DeviceProfile } from '@flash-slim/plan';

export interface Correction {
  /** Measured time over the table's. */
  compute: number;
  /** Measured bandwidth over the profile's. */
  bandwidth: number;
}

export const noCorrection: Correction = { compute: 1, bandwidth: 1 };

export function corrected(
  cmt: ChunkMetadataTable,
  device: DeviceProfile,
  { compute, bandwidth }: Correction,
): { cmt: ChunkMetadataTable; device: DeviceProfile } {
  if (compute === 1 && bandwidth === 1) return { cmt, device };
  const scaledRows = (rows: ChunkMetadataTable['weight_chunks']['DECODE']) =>
    rows.map((row) => ({ ...row, avg_compute_time: row.avg_compute_time * compute }));
  const { other_compute_time_by_mode: other } = cmt.metadata;
  const { storage } = device;
  return {
    cmt: {
      ...cmt,
      metadata: {
        ...cmt.metadata,
        other_compute_time_by_mode: { PREFILL: other.PREFILL * compute, DECODE: other.DECODE * compute },
      },
      weight_chunks: {
        PREFILL: scaledRows(cmt.weight_chunks.PREFILL),
        DECODE: scaledRows(cmt.weight_chunks.DECODE),
      },
    },
    device: {
      ...device,
      storage: {
        ...storage,
        bandwidth_bytes_per_second: storage.bandwidth_bytes_per_second * bandwidth,
        measurements: storage.measurements.map((each) => ({
          ...each,
          bytes_per_second: each.bytes_per_second * bandwidth,
        })),
      },
    },
  };
}
