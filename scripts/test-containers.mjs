// npm run test:containers: images, compose file and services on a real container engine. Not part of npm test: building the
// images takes minutes. DOCKER_HOST names another engine; NATS_IMAGE, MINIO_IMAGE and JAEGER_IMAGE other images.
import { spawnSync } from 'node:child_process';
import { bootstrapOrExit } from './bootstrap.mjs';
import { root, toolEnvironment } from './packages.mjs';

bootstrapOrExit();
const { status } = spawnSync('node', ['--test', '--test-timeout=1800000', 'test/containers/compose.suite.ts'], {
  cwd: root,
  stdio: ['ignore', 'inherit', 'inherit'],
  // Published ports are looked for here, also where this process is in a container itself.
  env: { TESTCONTAINERS_HOST_OVERRIDE: '127.0.0.1', ...toolEnvironment() },
});
process.exitCode = status ?? 1;
