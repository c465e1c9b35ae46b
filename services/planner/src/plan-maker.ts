// One plan: from a model's table, a device class and a target, by the pure planner, to a new version in the store and a
// message. Versions only grow: each is put under a number that must be free.

import type { Bus, Topic } from '@flash-slim/bus';
import { type ChunkMetadataTable, checkCmt } from '@flash-slim/cmt';
import {
  type DeviceClassManifest,
  encodePlanMessage,
  fullTarget,
  type ModelManifest,
  planId,
  putPlanVersion,
  readPlanVersion,
} from '@flash-slim/messages';
import { checkDeviceProfile, explainPlan, type PrefetchPlan, planPrefetch, type Strategy } from '@flash-slim/plan';
import type { Plan, PlanSummary, PlanTarget } from '@flash-slim/proto';
import { type ObjectStore, putBlob, readBlob, StoreError } from '@flash-slim/store';
import { inSpan, type Logger, meter, SpanKind, traceHeaders } from '@flash-slim/telemetry';
import { type Correction, corrected, noCorrection } from './correction.ts';

/** Of a 70B model: 10 MB. */
const maxCmtBytes = 64 << 20;

export interface Wish {
  model: ModelManifest;
  deviceClass: DeviceClassManifest;
  target: PlanTarget;
  /** What the ready process of any node of the class holds at most. */
  baselineBytes: number;
  /** False where no node of the class is there to say so. */
  baselineIsKnown: boolean;
}

export interface PlanMakerOptions {
  store: ObjectStore;
  bus: Bus;
  plans: Topic;
  log: Logger;
}

const planCount = () => meter().createCounter('flash_slim.plans', { unit: '{plan}', description: 'versions made' });

export class PlanMaker {
  readonly #options: PlanMakerOptions;
  /** The tables used last, by digest: planning for many nodes reads each once. */
  readonly #tables = new Map<string, ChunkMetadataTable>();

  constructor(options: PlanMakerOptions) {
    this.#options = options;
  }

  /** Plans without storing. Throws PlanError, CmtError, StoreError. */
  async compute(wish: Wish, strategy: Strategy = 'auto', correction: Correction = noCorrection): Promise<PrefetchPlan> {
    const { model, deviceClass, baselineBytes } = wish;
    const { memoryBudgetBytes, contextLength, kvType } = fullTarget(wish.target);
    const { cmt, device } = corrected(
      await this.#table(model.cmt.digest),
      checkDeviceProfile(deviceClass.profile),
      correction,
    );
    return planPrefetch({
      cmt,
      device,
      memoryBudgetBytes,
      contextLength,
      kvType: kvType as 'f16' | 'f32',
      strategy,
      threads: deviceClass.threads,
      maxSequences: 1,
      maxTokensPerPass: null,
      maxLogitRows: 1,
      baselineBytes,
    });
  }

  /**
   * A new version, if there is none or `isOutdated` says so of the newest; the newest otherwise. Stored before it is
   * announced.
   */
  async ensure(
    wish: Wish,
    reason: string,
    isOutdated: (newest: Plan) => boolean,
    correction: Correction = noCorrection,
  ): Promise<{ plan: Plan; isNew: boolean }> {
    const { store, log } = this.#options;
    const id = planId(wish.model.model_digest, wish.deviceClass.name, wish.target);
    for (;;) {
      const newest = (await readPlanVersion(store, id))?.plan ?? null;
      if (newest !== null && !isOutdated(newest)) return { plan: newest, isNew: false };
      const made = await inSpan(
        'plan',
        {
          links: [wish.model.trace],
          attributes: { 'flash_slim.plan.id': id, 'flash_slim.model.digest': wish.model.model_digest },
        },
        async () => {
          const prefetchPlan = await this.compute(wish, 'auto', correction);
          const body = Buffer.from(`${JSON.stringify(prefetchPlan)}\n`);
          const plan: Plan = {
            id,
            version: (newest?.version ?? 0) + 1,
            modelDigest: wish.model.model_digest,
            modelName: wish.model.name,
            weightCacheDigest: wish.model.weight_cache_digest,
            deviceClass: wish.deviceClass.name,
            target: fullTarget(wish.target),
            blob: await putBlob(store, body),
            summary: summaryOf(prefetchPlan),
            explanation: explainPlan(prefetchPlan),
            reason,
            createTime: new Date(),
          };
          try {
            await putPlanVersion(store, { plan, trace: traceHeaders() });
          } catch (error) {
            // Another planner made this version: look what it is.
            if (error instanceof StoreError && error.code === 'PRECONDITION_FAILED') return null;
            throw error;
          }
          await this.announce(plan, body);
          return plan;
        },
      );
      if (made === null) continue;
      planCount().add(1, { 'flash_slim.model': made.modelName });
      log.info({ plan: id, version: made.version, model: made.modelDigest, reason }, 'new plan');
      return { plan: made, isNew: true };
    }
  }

  /** Rings again for a plan whose message a planner that died did not send, or that the bus has lost. */
  async announceIfMissing(plan: Plan): Promise<void> {
    const told = await this.#options.plans.latest(plan.id);
    if (told?.id === messageId(plan)) return;
    this.#options.log.info({ plan: plan.id, version: plan.version }, 'a plan is announced again');
    await this.announce(plan, null);
  }

  /** The bell. The plan itself is in the message where it fits. */
  async announce(plan: Plan, planJson: Buffer | null): Promise<void> {
    const { plans, bus } = this.#options;
    const whole = encodePlanMessage({ plan, planJson: planJson === null ? null : planJson.toString() });
    const body = whole.length <= bus.maxMessageBytes ? whole : encodePlanMessage({ plan, planJson: null });
    await inSpan('plans publish', { kind: SpanKind.PRODUCER }, () =>
      plans.publish(plan.id, { id: messageId(plan), body, headers: traceHeaders() }),
    );
  }

  async #table(digest: string): Promise<ChunkMetadataTable> {
    let table = this.#tables.get(digest);
    if (table === undefined) {
      const body = await readBlob(this.#options.store, digest, maxCmtBytes);
      table = checkCmt(parseJson(body));
      if (this.#tables.size >= 4) this.#tables.clear();
      this.#tables.set(digest, table);
    }
    return table;
  }
}

const messageId = ({ id, version }: Plan): string => `${id}-${version}`;

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return null; // checkCmt says that this is no table
  }
}

export function summaryOf({ metadata }: PrefetchPlan): PlanSummary {
  const { ledger, predicted_pass_ms_by_mode: predicted } = metadata;
  return {
    strategy: metadata.strategy,
    weightsBytes: metadata.weights_bytes,
    residentBytes: ledger.resident_bytes,
    streamedBytesPerPass: metadata.streamed_bytes_per_pass,
    slotBytes: ledger.slot_bytes,
    unusedBytes: ledger.unused_bytes,
    predictedDecodePassMs: predicted.DECODE,
    predictedPrefillPassMs: predicted.PREFILL,
    maxTokensPerPass: metadata.max_tokens_per_pass,
    bandwidthBytesPerSecond: metadata.device.storage.bandwidth_bytes_per_second,
    baselineBytes: ledger.baseline_bytes,
  };
}
