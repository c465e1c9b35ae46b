// What passes took, told to the planner now and then: enough to re-plan by, too little to be a load.
import { randomUUID } from 'node:crypto';
import type { Topic } from '@flash-slim/bus';
import { encodeJson, type Measurement } from '@flash-slim/messages';
import { traceHeaders } from '@flash-slim/telemetry';
import type { GenerationResult } from './generation.ts';

const leastPasses = 16;
const periodMs = 5_000;

export class Measurements {
  readonly #topic: Topic;
  readonly #nodeId: string;
  #sums = noSums();
  #toldAt = 0;

  constructor(topic: Topic, nodeId: string) {
    this.#topic = topic;
    this.#nodeId = nodeId;
  }

  add({ loaded, generated_tokens, measured_pass_ms, stall_ms, bytes_read, io_busy_ms }: GenerationResult): void {
    const { id, version } = loaded.plan;
    if (this.#sums.planId !== id || this.#sums.planVersion !== version)
      this.#sums = { ...noSums(), planId: id, planVersion: version };
    const passes = Math.max(0, generated_tokens - 1);
    this.#sums.passes += passes;
    this.#sums.passMs += passes * measured_pass_ms;
    this.#sums.stallMs += stall_ms;
    this.#sums.bytes += bytes_read;
    this.#sums.busyMs += io_busy_ms;
    if (this.#sums.passes >= leastPasses && Date.now() - this.#toldAt >= periodMs) this.#tell();
  }

  #tell(): void {
    const { planId, planVersion, passes, passMs, stallMs, bytes, busyMs } = this.#sums;
    this.#sums = noSums();
    this.#toldAt = Date.now();
    const report: Measurement = {
      node_id: this.#nodeId,
      plan_id: planId,
      plan_version: planVersion,
      decode_passes: passes,
      decode_pass_ms: passMs / passes,
      decode_stall_ms: stallMs / passes,
      bytes_per_second: busyMs > 0 ? (1000 * bytes) / busyMs : 0,
    };
    // Nobody waits for it: without a bus there is nobody to tell, and the next report is as good.
    this.#topic
      .publish(this.#nodeId, { id: randomUUID(), body: encodeJson(report), headers: traceHeaders() })
      .catch(() => {});
  }
}

const noSums = () => ({ planId: '', planVersion: 0, passes: 0, passMs: 0, stallMs: 0, bytes: 0, busyMs: 0 });
