export { ConfigError } from './error.ts';
export { busLocation, readSecretFile, serverSecurity, storeLocation } from './files.ts';
export { type ConfigSources, environmentName, flagName, loadConfig, printableConfig } from './load.ts';
export * from './schema.ts';
