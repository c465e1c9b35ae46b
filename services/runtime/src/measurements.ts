// What passes took, told to the planner now and then: enough to re-plan by, too little to be a load.
import { randomUUID } from 'node:crypto';
import type { Topic } from '@flash-slim/bus';
import { encodeJson, type Measurement } from '@flash-slim/messages';
import type { Plan } from '@flash-slim/proto';
import { traceHeaders } from '@flash-slim/telemetry';
import { add, noSteps } from './figures.ts';
import type { StepFigures } from './scheduler.ts';

const leastPasses = 16;
const periodMs = 5_000;

export class Measurements {
  readonly #topic: () => Topic | null;
  readonly #nodeId: string;
  #plan: Pick<Plan, 'id' | 'version'> = { id: '', version: 0 };
  #sums = noSteps();
  #toldAt = 0;

  /** `topic`: null as long as there is no bus. */
  constructor(topic: () => Topic | null, nodeId: string) {
    this.#topic = topic;
    this.#nodeId = nodeId;
  }

  /** A request's decode passes under `plan`. */
  add({ id, version }: Plan, decode: StepFigures): void {
    if (this.#plan.id !== id || this.#plan.version !== version) {
      this.#plan = { id, version };
      this.#sums = noSteps();
    }
    add(this.#sums, decode);
    if (this.#sums.passes >= leastPasses && Date.now() - this.#toldAt >= periodMs) this.#tell();
  }

  #tell(): void {
    const { passes, wallMs, stallMs, bytesRead, ioBusyMs } = this.#sums;
    this.#sums = noSteps();
    this.#toldAt = Date.now();
    const report: Measurement = {
      node_id: this.#nodeId,
      plan_id: this.#plan.id,
      plan_version: this.#plan.version,
      decode_passes: passes,
      decode_pass_ms: wallMs / passes,
      decode_stall_ms: stallMs / passes,
      bytes_per_second: ioBusyMs > 0 ? (1000 * bytesRead) / ioBusyMs : 0,
    };
    // Nobody waits for it: without a bus there is nobody to tell, and the next report is as good.
    this.#topic()
      ?.publish(this.#nodeId, { id: randomUUID(), body: encodeJson(report), headers: traceHeaders() })
      .catch(() => {});
  }
}
