import { answers, freePort, type RunningServer, runServer } from './process.ts';

export interface JaegerServer extends RunningServer {
  /** Takes OTLP over HTTP. */
  otlpEndpoint: string;
  /** The query API: /api/traces/ID, /api/traces?service=NAME. */
  queryEndpoint: string;
}

export async function startJaeger(): Promise<JaegerServer> {
  const port: Record<string, number> = {};
  // Every listener it has would otherwise be open to the network.
  const listeners = [
    'collector.grpc-server.host-port',
    'collector.http-server.host-port',
    'collector.otlp.grpc.host-port',
    'collector.otlp.http.host-port',
    'collector.zipkin.host-port',
    'query.grpc-server.host-port',
    'query.http-server.host-port',
    'admin.http.host-port',
    'http-server.host-port',
    'processor.jaeger-binary.server-host-port',
    'processor.jaeger-compact.server-host-port',
    'processor.zipkin-compact.server-host-port',
  ];
  for (const name of listeners) port[name] = await freePort();
  const at = (name: string) => `127.0.0.1:${port[name]}`;
  const server = await runServer({
    name: 'jaeger',
    arguments: () => [...listeners.map((name) => `--${name}=${at(name)}`), '--sampling.strategies-reload-interval=0s'],
    environment: { COLLECTOR_OTLP_ENABLED: 'true', SPAN_STORAGE_TYPE: 'memory' },
    ready: () => answers(`http://${at('query.http-server.host-port')}/api/services`),
  });
  return Object.defineProperties(server, {
    otlpEndpoint: { value: `http://${at('collector.otlp.http.host-port')}` },
    queryEndpoint: { value: `http://${at('query.http-server.host-port')}` },
  }) as JaegerServer;
}
