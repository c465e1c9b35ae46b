// npm run demo:services: the demo's model through profiler, planner and runtime node, three processes beside a real NATS
// server, a real MinIO and a real Jaeger, all on loopback; then everything is stopped.
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { bootstrapOrExit } from './bootstrap.mjs';
import { toolEnvironment } from './packages.mjs';
import { installServer } from './servers.mjs';

const say = (line) => console.error(line);
// The services run on the pinned Node.js, and so does what starts them.
if (!process.env.FLASH_SLIM_DEMO_SERVICES) {
  bootstrapOrExit();
  const environment = { ...toolEnvironment(), FLASH_SLIM_DEMO_SERVICES: '1' };
  const { status } = spawnSync('node', [process.argv[1], ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: environment,
  });
  process.exit(status ?? 1);
}
delete process.env.FLASH_SLIM_DEMO_SERVICES;

const { ask, startJaeger, startMinio, startNats, startService, temporaryDirectory } = await import(
  '@flash-slim/test-servers'
);
const running = [];
/** Whatever was started is stopped, the last first. */
async function stopAll() {
  for (const each of running.splice(0).reverse()) await each.stop();
}
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => stopAll().finally(() => process.exit(130)));

const argument = (name) => {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
};
const keep = (thing) => {
  running.push(thing);
  return thing;
};
const require0 = ({ code, value, stderr }) => {
  if (code === 0) return value;
  throw new Error(value?.error?.message ?? stderr);
};

async function demo() {
  for (const name of ['nats-server', 'minio', 'jaeger']) await installServer(name, say);
  const model = argument('--model') ?? require0(await ask(['pull', 'smollm2'], {})).path;
  const budget = argument('--memory-budget') ?? '200MB';
  const directory = await temporaryDirectory('demo');
  running.push({ stop: directory.remove });

  const nats = keep(await startNats());
  const minio = keep(await startMinio());
  const jaeger = keep(await startJaeger());
  await minio.makeBucket('flashslim');
  say(`NATS at ${nats.url}, MinIO at ${minio.endpoint}, Jaeger at ${jaeger.queryEndpoint}`);
  const traceId = randomBytes(16).toString('hex');
  const environment = {
    FLASH_SLIM_NATS: nats.url,
    FLASH_SLIM_S3: minio.endpoint,
    FLASH_SLIM_S3_ACCESS_KEY: minio.accessKey,
    FLASH_SLIM_S3_SECRET_KEY: minio.secretKey,
    OTEL_EXPORTER_OTLP_ENDPOINT: jaeger.otlpEndpoint,
  };
  for (const name of ['profiler', 'planner', 'runtime']) {
    const own = { ...environment, FLASH_SLIM_DIRECTORY: join(directory.path, name) };
    const service = keep(
      await startService({ name, environment: own, arguments: name === 'runtime' ? ['--memory-budget', budget] : [] }),
    );
    environment[`FLASH_SLIM_${name.toUpperCase()}_ADDRESS`] = service.address;
    say(`${name} (process ${service.pid}) at ${service.address}`);
  }
  const traced = { ...environment, TRACEPARENT: `00-${traceId}-${randomBytes(8).toString('hex')}-01` };

  say(`\nsubmitting ${model}`);
  const submitted = require0(await ask(['submit', '--model', model, '--name', 'demo', '--wait'], traced));
  say(`job ${submitted.job.id}, model ${submitted.job.artifacts.modelDigest}`);
  let node;
  for (const end = Date.now() + 120_000; node?.state !== 'NODE_STATE_READY'; ) {
    if (Date.now() > end) throw new Error(`the node is not ready: ${node?.message}`);
    await new Promise((resolve) => setTimeout(resolve, 500));
    [node] = require0(await ask(['nodes'], environment)).nodes;
  }
  const { plans } = require0(await ask(['plans'], environment));
  const plan = plans.find(({ id }) => id === node.loaded[0].planId);
  say(`\n${plan.explanation}\n`);

  const prompt = argument('--prompt') ?? 'The sea is';
  const answer = require0(await ask(['ask', prompt, '--seed', '1', '--max-decode-steps', '64'], traced));
  console.log(`${prompt}${answer.text}\n`);
  // JSON leaves out what is zero.
  const megabytes = (bytes = 0) => `${(Number(bytes) / 1e6).toFixed(1)} MB`;
  const trace = await spansOf(jaeger.queryEndpoint, traceId);
  const loaded = require0(await ask(['nodes'], environment)).nodes[0].loaded[0];
  const table = [
    ['budget', megabytes(node.memoryBudgetBytes)],
    ['peak memory of the node', megabytes(loaded.peakMemoryBytes)],
    ['weights that stay', megabytes(loaded.residentBytes)],
    ['weights read each pass', megabytes(loaded.streamedBytesPerPass)],
    ['tokens per second', answer.decodeTokensPerSecond.toFixed(1)],
    ['predicted pass, measured', `${answer.predictedPassMs.toFixed(1)} ms, ${answer.measuredPassMs.toFixed(1)} ms`],
    ['kernel, reader', `${loaded.kernel}, ${loaded.reader ?? 'none: all weights stay'}`],
    ['trace', `${traceId}: ${trace.spans} spans of ${trace.services.join(', ')}`],
  ];
  for (const [name, value] of table) console.log(`${name.padEnd(26)}${value}`);
}

/** The trace as Jaeger has it, once the spans of all services are there. */
async function spansOf(endpoint, traceId) {
  for (let attempt = 0; ; attempt++) {
    const { data } = await (await fetch(`${endpoint}/api/traces/${traceId}`)).json();
    const services = [
      ...new Set(Object.values(data?.[0]?.processes ?? {}).map(({ serviceName }) => serviceName)),
    ].sort();
    if (services.length === 4 || attempt === 20) return { spans: data?.[0]?.spans.length ?? 0, services };
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

try {
  await demo();
} catch (error) {
  say(`demo: ${error.message}`);
  process.exitCode = 1;
} finally {
  await stopAll();
}
