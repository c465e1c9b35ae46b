import { metrics } from '@opentelemetry/api';
import type { Sdk } from './sdk.ts';

export interface Telemetry {
  readonly enabled: boolean;
  /** Sends what there is, for so long at most: a collector that is gone holds nobody up. */
  shutdown(mostMs?: number): Promise<void>;
}

/** Whether the standard environment variables name a collector. */
export function hasCollector(environment: NodeJS.ProcessEnv = process.env): boolean {
  const { OTEL_SDK_DISABLED: disabled } = environment;
  if (disabled?.toLowerCase() === 'true') return false;
  return Boolean(
    environment.OTEL_EXPORTER_OTLP_ENDPOINT ||
      environment.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ||
      environment.OTEL_EXPORTER_OTLP_METRICS_ENDPOINT,
  );
}

/** Loads and starts the SDK where a collector is named; else spans and metrics cost next to nothing. */
export async function startTelemetry(service: string, attributes: Record<string, string> = {}): Promise<Telemetry> {
  if (!hasCollector()) return { enabled: false, shutdown: async () => {} };
  const { startSdk } = await import('./sdk.ts');
  const sdk: Sdk = await startSdk(process.env.OTEL_SERVICE_NAME || service, attributes);
  return {
    enabled: true,
    shutdown: async (mostMs = 3000) => {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, mostMs);
      });
      await Promise.race([sdk.shutdown().catch(() => {}), late]);
      clearTimeout(timer);
    },
  };
}

export const meter = () => metrics.getMeter('flash-slim');
