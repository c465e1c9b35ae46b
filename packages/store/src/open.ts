// Which store it is. The S3 client is loaded only where it is used: it takes tens of megabytes.
import { DirectoryStore } from './directory-store.ts';
import type { ObjectStore } from './object-store.ts';
import type { S3Options } from './s3-store.ts';

export type StoreLocation = { directory: string } | { s3: S3Options };

export async function openStore(location: StoreLocation): Promise<ObjectStore> {
  if ('directory' in location) return DirectoryStore.open(location.directory);
  const { S3Store } = await import('./s3-store.ts');
  return new S3Store(location.s3);
}
