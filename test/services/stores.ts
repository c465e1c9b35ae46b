import { type ObjectStore, openStore } from '@flash-slim/store';
import type { MinioServer } from '@flash-slim/test-servers';

export type { ObjectStore } from '@flash-slim/store';

export const S3Store = ({ endpoint, accessKey, secretKey }: MinioServer, bucket: string): Promise<ObjectStore> =>
  openStore({ s3: { endpoint, bucket, accessKey, secretKey } });
