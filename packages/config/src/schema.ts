// Every setting of the services: its name in a file, as a flag (--nats-user) and in the environment (FLASH_SLIM_NATS_USER).
// A service takes the parts it needs, and refuses settings that are not of these parts.
import { z } from 'zod';

const text = z.string().min(1);
const path = z.string().min(1);
const whole = (least: number, most = Number.MAX_SAFE_INTEGER) => z.coerce.number().int().min(least).max(most);
/** "180MB", "1.5GiB" or a number of bytes. */
const byteUnits: Record<string, number> = {
  '': 1,
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 1 << 10,
  MiB: 1 << 20,
  GiB: 1 << 30,
};
const bytes = z.union([z.number(), z.string()]).transform((value, context) => {
  const match = /^(\d+(?:\.\d+)?) ?([KMG]?i?B?)$/.exec(String(value).trim());
  const unit = match && byteUnits[match[2] as string];
  const count = match && unit ? Math.floor(Number(match[1]) * unit) : 0;
  if (count > 0 && Number.isSafeInteger(count)) return count;
  context.addIssue({ code: 'custom', message: 'a number of bytes, e.g. 180MB' });
  return z.NEVER;
});
const flag = z.union([
  z.boolean(),
  z.enum(['true', 'false', '1', '0', '']).transform((value) => value !== 'false' && value !== '0'),
]);
const list = z.union([
  z.array(text),
  z.string().transform((value) =>
    value
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  ),
]);
const address = z.string().regex(/^(\[[0-9a-fA-F:]+\]|[^:[\]]+):\d{1,5}$/, 'host:port');

/** Where everything lies, what goes to logs, how a service ends. */
export const commonSettings = {
  directory: path.optional().describe('data on this machine (default: services in the store of flash-slim)'),
  nats: text.optional().describe('nats://host:port; without it the bus is in this process'),
  natsNamespace: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,40}$/)
    .default('flashslim')
    .describe('beginning of all names on the NATS server'),
  natsUser: text.optional().describe('user on the NATS server'),
  natsPassword: text.optional().describe('and its password'),
  natsToken: text.optional().describe('token instead of user and password'),
  natsCredentialsFile: path.optional().describe('a .creds file'),
  natsCaFile: path.optional().describe('PEM certificates that the NATS server is checked against'),
  natsCertFile: path.optional().describe('PEM certificate that this service shows to the NATS server'),
  natsKeyFile: path.optional().describe('and its key'),
  s3: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('http(s)://host:port; without it objects are files in the directory'),
  s3PublicEndpoint: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('what clients reach the S3 by, if not by --s3: upload URLs name it'),
  s3CreateBucket: flag.default(false).describe('make the bucket where there is none'),
  s3Bucket: text.default('flashslim').describe('the bucket'),
  s3AccessKey: text.optional().describe('access key'),
  s3SecretKey: text.optional().describe('and its secret'),
  s3SessionToken: text.optional().describe('of temporary credentials'),
  s3Region: text.default('us-east-1').describe('region'),
  s3CaFile: path.optional().describe('PEM certificates that an https S3 is checked against'),
  logLevel: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
    .default('info')
    .describe('least level that is logged'),
  drainSeconds: whole(0, 3600).default(30).describe('time that work under way has to end'),
} as const;

export const serverSettings = {
  listen: address.optional().describe('host:port of the gRPC service; 0 takes a free port'),
  insecure: flag.default(false).describe('listen beyond loopback without TLS'),
  tlsCertFile: path.optional().describe('PEM certificate of the gRPC service'),
  tlsKeyFile: path.optional().describe('and its key'),
  tlsClientCaFile: path.optional().describe('PEM certificates that clients must be signed by'),
  authToken: text.optional().describe('bearer token that clients must send'),
  authTokenFile: path.optional().describe('a file that holds it'),
} as const;

export const profilerSettings = {
  workers: whole(1, 16).default(1).describe('jobs at once'),
  profilerThreads: whole(1, 1024).default(4).describe('compute threads of a profile, never more than the cores'),
  sourceDirectories: list.default([]).describe('directories that file: sources may lie in'),
  maxModelBytes: bytes.default(200e9).describe('largest model file'),
  jobMinutes: whole(1, 10_000).default(120).describe('a job that takes longer has failed'),
} as const;

export const plannerSettings = {
  replanShare: z.coerce
    .number()
    .min(0.01)
    .max(10)
    .default(0.25)
    .describe('share by which measured and predicted pass time part before a new plan'),
  replanMinutes: z.coerce
    .number()
    .min(0)
    .max(10_000)
    .default(5)
    .describe('least time between plans made for that reason'),
} as const;

export const runtimeSettings = {
  nodeId: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,60}$/)
    .optional()
    .describe('name of this node (default: kept in the directory)'),
  labels: list.default([]).describe('name=value, divided by commas'),
  memoryBudget: bytes.optional().describe('the process never holds more, e.g. 180MB (default: the memory limit)'),
  contextLength: whole(2, 1 << 24)
    .default(2048)
    .describe('tokens of prompt and answer together'),
  kvType: z.enum(['f16', 'f32']).default('f16').describe('how keys and values are kept'),
  threads: whole(1, 1024).default(4).describe('compute threads, never more than the cores'),
  model: text.optional().describe('the model to serve (default: the one planned last)'),
  kernel: text.default('auto').describe('auto, reference, avx2, avx512vnni, neon or neondot'),
  reader: z.enum(['auto', 'io_uring', 'pread']).default('auto').describe('how weights are read'),
  weightStoreBytes: bytes.default(50e9).describe('room for weight caches on this node'),
  queueLimit: whole(1, 10_000).default(16).describe('requests that may wait'),
  advertise: address.optional().describe('host:port that others reach this node at (default: listen)'),
  deviceProfile: path.optional().describe('device_profile.json (default: measured at the first start)'),
} as const;

/** Shown by --print-config as "***". */
export const secrets: ReadonlySet<string> = new Set([
  'natsPassword',
  'natsToken',
  's3AccessKey',
  's3SecretKey',
  's3SessionToken',
  'authToken',
]);

export type Settings = Record<string, z.ZodType>;
export type Values<S extends Settings> = { [K in keyof S]: z.output<S[K]> };
export type CommonConfig = Values<typeof commonSettings>;
export type ServerConfig = Values<typeof serverSettings>;
export type ProfilerConfig = CommonConfig & ServerConfig & Values<typeof profilerSettings>;
export type PlannerConfig = CommonConfig & ServerConfig & Values<typeof plannerSettings>;
export type RuntimeConfig = CommonConfig & ServerConfig & Values<typeof runtimeSettings>;
