// Real servers for tests and demos: each on a free port of the loopback, with a directory of its own, gone when its owner
// is (also when that one is killed, where setpriv is installed).
export { type TestCertificates, testCertificates } from './certificates.ts';
export { type JaegerServer, startJaeger } from './jaeger.ts';
export { type MinioCredentials, type MinioServer, type MinioServerOptions, startMinio } from './minio.ts';
export { type NatsServer, type NatsServerOptions, startNats } from './nats.ts';
export { freePort, type RunningServer, serverPath } from './process.ts';
export * from './services.ts';
