// @opentelemetry/sdk-node with the exporters in use and none of the others. It imports every exporter there is: 25 MB of a
// node's budget, of which traces and metrics over OTLP/HTTP need 11 (docs/adr/0004-services.md). So the modules that it
// would never call here are given to it as empty ones.
import { registerHooks } from 'node:module';

const unused =
  /^@opentelemetry\/(exporter-(logs-otlp-\w+|metrics-otlp-(grpc|proto)|trace-otlp-(grpc|proto)|prometheus|zipkin)|propagator-b3|configuration|otlp-grpc-exporter-base|instrumentation)$/;
const names = [
  ...['OTLPLogExporter', 'OTLPTraceExporter', 'OTLPMetricExporter', 'PrometheusExporter', 'ZipkinExporter'],
  ...['B3Propagator', 'B3InjectEncoding', 'AggregationTemporalityPreference'],
  ...['parseConfigFile', 'mergeHeadersConfig', 'mergePropagatorCompositeConfig', 'mergeResourceAttributesConfig'],
  ...['createEmptyMetadata', 'createInsecureCredentials', 'createSslCredentials', 'registerInstrumentations'],
];
const empty = `data:text/javascript,${encodeURIComponent(names.map((name) => `export const ${name} = () => () => {}`).join(';'))}`;

export type Sdk = { shutdown(): Promise<void>; forceFlush(): Promise<void> };

export async function startSdk(serviceName: string, attributes: Record<string, string>): Promise<Sdk> {
  const hooks = registerHooks({
    resolve: (specifier, context, next) =>
      unused.test(specifier) && context.parentURL?.includes('/sdk-node/')
        ? { url: empty, shortCircuit: true }
        : next(specifier, context),
  });
  const { NodeSDK } = await import('@opentelemetry/sdk-node').finally(() => hooks.deregister());
  const [
    { OTLPTraceExporter },
    { OTLPMetricExporter },
    { PeriodicExportingMetricReader },
    { BatchSpanProcessor },
    { resourceFromAttributes },
  ] = await Promise.all([
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/exporter-metrics-otlp-http'),
    import('@opentelemetry/sdk-metrics'),
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/resources'),
  ]);
  const endpoint = (signal: 'TRACES' | 'METRICS') =>
    Boolean(process.env.OTEL_EXPORTER_OTLP_ENDPOINT || process.env[`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`]);
  const spans = endpoint('TRACES') ? [new BatchSpanProcessor({ exporter: new OTLPTraceExporter() })] : [];
  const sdk = new NodeSDK({
    resource: resourceFromAttributes({ 'service.name': serviceName, ...attributes }),
    // Nothing is looked up about host and process: a node's spans say which node it is.
    autoDetectResources: false,
    instrumentations: [],
    logRecordProcessors: [],
    spanProcessors: spans,
    metricReaders: endpoint('METRICS')
      ? [new PeriodicExportingMetricReader({ exporter: new OTLPMetricExporter(), exportIntervalMillis: 15_000 })]
      : [],
  });
  sdk.start();
  return {
    shutdown: () => sdk.shutdown(),
    forceFlush: async () => {
      await Promise.all(spans.map((processor) => processor.forceFlush()));
    },
  };
}
