// Connections to services: where they are, and what they ask for.
import { readSecretFile } from '@flash-slim/config';
import { type ClientSecurity, connectRpc, type RpcConnection } from '@flash-slim/rpc';
import { environmentHeaders, hasCollector, inSpan, startTelemetry } from '@flash-slim/telemetry';
import type { Command } from 'commander';

export type ServiceName = 'profiler' | 'planner' | 'runtime';

const defaultAddress: Record<ServiceName, string> = {
  profiler: '127.0.0.1:7431',
  planner: '127.0.0.1:7432',
  runtime: '127.0.0.1:7433',
};

export interface ConnectFlags {
  profilerAddress?: string;
  plannerAddress?: string;
  runtimeAddress?: string;
  tlsCaFile?: string;
  tlsCertFile?: string;
  tlsKeyFile?: string;
  authToken?: string;
  authTokenFile?: string;
}

export function connectOptions(command: Command, ...services: ServiceName[]): void {
  for (const service of services)
    command.option(
      `--${service}-address <host:port>`,
      `where the ${service} listens (default: FLASH_SLIM_${service.toUpperCase()}_ADDRESS, else ${defaultAddress[service]})`,
    );
  command
    .option('--tls-ca-file <file>', 'PEM certificates that services are checked against; asks for TLS')
    .option('--tls-cert-file <file>', 'PEM certificate to show to services')
    .option('--tls-key-file <file>', 'and its key')
    .option('--auth-token <token>', 'bearer token (better by FLASH_SLIM_AUTH_TOKEN: others see command lines)')
    .option('--auth-token-file <file>', 'a file that holds it');
}

function securityOf(flags: ConnectFlags): ClientSecurity {
  const read = (path: string | undefined) => (path === undefined ? undefined : readSecretFile(path));
  const { FLASH_SLIM_AUTH_TOKEN: token, FLASH_SLIM_AUTH_TOKEN_FILE: tokenFile } = process.env;
  const authToken = flags.authToken ?? read(flags.authTokenFile) ?? token ?? read(tokenFile);
  const authority = read(flags.tlsCaFile);
  const certificate = read(flags.tlsCertFile);
  const key = read(flags.tlsKeyFile);
  return {
    ...(authToken !== undefined && { authToken }),
    ...(authority !== undefined && {
      tls: { authority, ...(certificate !== undefined && { certificate }), ...(key !== undefined && { key }) },
    }),
  };
}

export type Connect = (service: ServiceName) => RpcConnection;

/** Runs `work` with connections that it opens, inside one trace where a collector is named. */
export async function withServices<T>(
  name: string,
  flags: ConnectFlags,
  work: (connect: Connect) => Promise<T>,
): Promise<T> {
  const telemetry = hasCollector() ? await startTelemetry('flash-slim-cli') : null;
  const security = securityOf(flags);
  const open = new Map<string, RpcConnection>();
  const connect = (service: ServiceName) => {
    const address =
      flags[`${service}Address`] ??
      process.env[`FLASH_SLIM_${service.toUpperCase()}_ADDRESS`] ??
      defaultAddress[service];
    const connection = open.get(address) ?? connectRpc(address, security);
    open.set(address, connection);
    return connection;
  };
  try {
    return await inSpan(`flash-slim ${name}`, { parent: environmentHeaders() }, () => work(connect));
  } finally {
    for (const connection of open.values()) connection.close();
    await telemetry?.shutdown();
  }
}
