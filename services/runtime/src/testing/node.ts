// A node in this process, and somebody who calls it.
import type { Bus } from '@flash-slim/bus';
import { commonSettings, loadConfig, type RuntimeConfig, runtimeSettings, serverSettings } from '@flash-slim/config';
import { deviceClassName } from '@flash-slim/messages';
import {
  type GenerateRequest,
  type GenerateResult,
  type Node,
  type NodeState,
  type PlanTarget,
  RuntimeServiceDefinition,
} from '@flash-slim/proto';
import { connectRpc } from '@flash-slim/rpc';
import type { StoreLocation } from '@flash-slim/store';
import { createLogger } from '@flash-slim/telemetry';
import { type RunningService, type RuntimeOptions, startRuntime } from '../runtime.ts';
import { testDevice } from './model.ts';

/** Far above what a test's process holds. */
export const testTarget: PlanTarget = { memoryBudgetBytes: 1.6e9, contextLength: 2048, kvType: 'f16' };
export const testThreads = 1;
export const testClass = deviceClassName(testDevice, testThreads);

export interface TestNodeOptions extends Partial<Omit<RuntimeOptions, 'config' | 'bus' | 'location' | 'directory'>> {
  bus: Bus;
  location: StoreLocation;
  directory: string;
  config?: Partial<RuntimeConfig>;
}

export interface Answer {
  tokens: number[];
  text: string;
  result: GenerateResult;
}

export interface TestNode {
  service: RunningService;
  /** Whatever is given, of a request for 8 tokens drawn after a fixed prompt. */
  ask(request?: Partial<GenerateRequest>, options?: AskOptions): Promise<Answer>;
  describe(): Promise<Node>;
  drain(): Promise<number>;
  /** Waits for a state of it. Fails after half a minute. */
  until(condition: (node: Node) => boolean): Promise<Node>;
  stop(drainMs?: number): Promise<void>;
}

export interface AskOptions {
  signal?: AbortSignal;
  deadline?: number;
  onToken?: (tokens: number[]) => void | Promise<void>;
}

/** Draws, so that a draw too many or too few shows. */
export const drawing = { temperature: 1.5, topK: 0, topP: 1, seed: 5 };
export const promptIds = [11, 48, 85, 122];

export async function startNode(options: TestNodeOptions): Promise<TestNode> {
  const settings = { ...commonSettings, ...serverSettings, ...runtimeSettings };
  const defaults = loadConfig(settings, settings, { flags: {}, environment: {} });
  const service = await startRuntime({
    device: testDevice,
    version: 'test',
    log: createLogger({ level: process.env.FLASH_SLIM_TEST_LOG ?? 'silent' }),
    ...options,
    config: {
      ...defaults,
      listen: '127.0.0.1:0',
      ...testTarget,
      memoryBudget: testTarget.memoryBudgetBytes,
      kvType: 'f16',
      threads: testThreads,
      ...options.config,
    },
  });
  const connection = connectRpc(service.address);
  const client = connection.client(RuntimeServiceDefinition);
  const describe = async () => (await client.getNode({})).node as Node;
  return {
    service,
    describe,
    ask: async (request = {}, { signal, deadline, onToken } = {}) => {
      const tokens: number[] = [];
      let text = '';
      let result: GenerateResult | null = null;
      const call = client.generate(
        {
          input: { $case: 'promptTokens', value: { ids: promptIds } },
          maxTokens: 8,
          ignoreEnd: true,
          sampling: drawing,
          ...request,
        },
        { ...(signal && { signal }), ...(deadline !== undefined && { deadline }) },
      );
      for await (const { event } of call) {
        if (event?.$case === 'token') {
          tokens.push(event.value.id);
          text += event.value.text;
          await onToken?.(tokens);
        } else if (event?.$case === 'result') result = event.value;
      }
      if (result === null) throw new Error('the stream ended without a result');
      return { tokens, text, result };
    },
    drain: async () => (await client.drain({})).completed,
    until: (condition) => eventually(describe, condition, (node) => `the node is ${JSON.stringify(summary(node))}`),
    stop: async (drainMs = 5_000) => {
      await service.stop(drainMs);
      connection.close();
    },
  };
}

const summary = ({ state, message, loaded }: Node): { state: NodeState; message: string; loaded: unknown } => ({
  state,
  message,
  loaded: loaded.map(({ planId, planVersion }) => ({ planId, planVersion })),
});

/** Looks until it is so. Throws with what it saw last after half a minute. */
export async function eventually<T>(
  look: () => Promise<T>,
  condition: (value: T) => boolean,
  explain: (value: T) => string = (value) => JSON.stringify(value),
): Promise<T> {
  for (const deadline = Date.now() + 30_000; ; await new Promise((resolve) => setTimeout(resolve, 25))) {
    const value = await look();
    if (condition(value)) return value;
    if (Date.now() > deadline) throw new Error(`still not so after 30 s: ${explain(value)}`);
  }
}
