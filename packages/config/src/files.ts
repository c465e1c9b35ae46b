// What settings name: files with keys and certificates, stores and buses.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from './error.ts';
import type { CommonConfig, ServerConfig } from './schema.ts';

export function readSecretFile(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (cause) {
    throw new ConfigError('CONFIG_UNREADABLE', `cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
}

const read = (path: string | undefined): string | undefined => (path === undefined ? undefined : readSecretFile(path));

/** What openBus takes. `directory` is used where there is no NATS. */
export function busLocation(config: CommonConfig, directory: string, clientName: string) {
  if (config.nats === undefined) return { file: join(directory, 'bus.sqlite') };
  const certificateAuthority = read(config.natsCaFile);
  const certificate = read(config.natsCertFile);
  const key = read(config.natsKeyFile);
  const credentials = read(config.natsCredentialsFile);
  return {
    nats: {
      servers: config.nats,
      namespace: config.natsNamespace,
      clientName,
      ...defined({ user: config.natsUser, password: config.natsPassword, token: config.natsToken, credentials }),
      ...((certificateAuthority ?? certificate) !== undefined && {
        tls: defined({ certificateAuthority, certificate, key }),
      }),
    },
  };
}

/** What openStore takes. Throws CONFIG_INVALID where an S3 has no keys. */
export function storeLocation(config: CommonConfig, directory: string) {
  if (config.s3 === undefined) return { directory: join(directory, 'objects') };
  if (config.s3AccessKey === undefined || config.s3SecretKey === undefined)
    throw new ConfigError('CONFIG_INVALID', '--s3 wants --s3-access-key and --s3-secret-key too');
  return {
    s3: {
      endpoint: config.s3,
      bucket: config.s3Bucket,
      accessKey: config.s3AccessKey,
      secretKey: config.s3SecretKey,
      region: config.s3Region,
      createBucket: config.s3CreateBucket,
      ...defined({ publicEndpoint: config.s3PublicEndpoint, sessionToken: config.s3SessionToken }),
      ...defined({ certificateAuthority: read(config.s3CaFile) }),
    },
  };
}

/** What a gRPC server is secured with. */
export function serverSecurity(config: ServerConfig) {
  const { tlsCertFile, tlsKeyFile, tlsClientCaFile } = config;
  if ((tlsCertFile === undefined) !== (tlsKeyFile === undefined))
    throw new ConfigError('CONFIG_INVALID', '--tls-cert-file and --tls-key-file go together');
  if (tlsClientCaFile !== undefined && tlsCertFile === undefined)
    throw new ConfigError('CONFIG_INVALID', '--tls-client-ca-file wants --tls-cert-file and --tls-key-file too');
  const authToken = config.authToken ?? read(config.authTokenFile);
  return {
    insecure: config.insecure,
    ...defined({ authToken }),
    ...(tlsCertFile !== undefined &&
      tlsKeyFile !== undefined && {
        tls: {
          certificate: readSecretFile(tlsCertFile),
          key: readSecretFile(tlsKeyFile),
          ...defined({ clientAuthority: read(tlsClientCaFile) }),
        },
      }),
  };
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

const defined = <T extends object>(values: T): Defined<T> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>;
