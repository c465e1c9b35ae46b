export { createLogger, type Logger, type LogOptions } from './log.ts';
export { hasCollector, meter, startTelemetry, type Telemetry } from './telemetry.ts';
export * from './trace.ts';
