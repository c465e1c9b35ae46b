// Measurements against predictions. A plan is made again when they part by more than a set share for several reports, and not
// again for a while: a busy minute on a node must not make plans go back and forth.
import type { Measurement } from '@flash-slim/messages';
import type { Plan } from '@flash-slim/proto';
import type { Correction } from './correction.ts';

interface Record {
  version: number;
  /** Means that forget: the last reports count most. */
  passMs: number;
  computeMs: number;
  bytesPerSecond: number;
  /** Reports in a row that were off. */
  off: number;
  reports: number;
}

export interface MeasuredOptions {
  share: number;
  /** Least time between plans that measurements ask for. */
  pauseMs: number;
}

const forget = 0.3;
const reportsNeeded = 3;
/** Measurements of a few passes say little. */
const passesNeeded = 8;

export class Measured {
  readonly #options: MeasuredOptions;
  readonly #records = new Map<string, Record>();

  constructor(options: MeasuredOptions) {
    this.#options = options;
  }

  /** Takes a report of the plan's newest version; true where it is time to plan again. */
  take(report: Measurement, plan: Plan, now = Date.now()): boolean {
    if (report.plan_version !== plan.version || report.decode_passes < passesNeeded) return false;
    let record = this.#records.get(plan.id);
    if (record?.version !== plan.version) {
      record = {
        version: plan.version,
        passMs: report.decode_pass_ms,
        computeMs: report.decode_pass_ms - report.decode_stall_ms,
        bytesPerSecond: report.bytes_per_second,
        off: 0,
        reports: 0,
      };
      this.#records.set(plan.id, record);
    }
    const blend = (before: number, value: number) => before + forget * (value - before);
    record.passMs = blend(record.passMs, report.decode_pass_ms);
    record.computeMs = blend(record.computeMs, report.decode_pass_ms - report.decode_stall_ms);
    if (report.bytes_per_second > 0) record.bytesPerSecond = blend(record.bytesPerSecond, report.bytes_per_second);
    record.reports++;
    record.off = this.#isOff(record, plan) ? record.off + 1 : 0;
    const age = now - (plan.createTime?.getTime() ?? 0);
    return record.off >= reportsNeeded && age >= this.#options.pauseMs;
  }

  /** How to scale the planner's inputs for what was measured under this version; null without enough of it. */
  correctionOf(plan: Plan): Correction | null {
    const record = this.#records.get(plan.id);
    const predicted = plan.summary;
    if (
      record === undefined ||
      predicted === undefined ||
      record.version !== plan.version ||
      record.reports < reportsNeeded
    )
      return null;
    const bounded = (ratio: number) => Math.min(20, Math.max(0.05, ratio));
    // Where nothing is streamed nothing was measured of the storage.
    const bandwidth =
      predicted.streamedBytesPerPass > 0 && record.bytesPerSecond > 0
        ? bounded(record.bytesPerSecond / predicted.bandwidthBytesPerSecond)
        : 1;
    // A pass that reads more than it computes hides compute: only what exceeds the prediction is known.
    const compute = bounded(Math.max(1, record.computeMs / predicted.predictedDecodePassMs));
    return { compute, bandwidth };
  }

  describe(plan: Plan): string {
    const record = this.#records.get(plan.id);
    return `measured ${record?.passMs.toFixed(1)} ms, predicted ${plan.summary?.predictedDecodePassMs.toFixed(1)} ms`;
  }

  #isOff({ passMs }: Record, plan: Plan): boolean {
    const predicted = plan.summary?.predictedDecodePassMs ?? 0;
    return predicted > 0 && Math.abs(passMs - predicted) / predicted > this.#options.share;
  }
}
