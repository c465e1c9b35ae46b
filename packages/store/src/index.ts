export {
  type BlobReference,
  digestOf,
  digestOfFile,
  type PutFileOptions,
  putBlob,
  putBlobFile,
  readBlob,
  readObject,
} from './blob.ts';
export { DirectoryStore } from './directory-store.ts';
export { type DownloadOptions, type DownloadSource, downloadBlob, downloadObject } from './download.ts';
export { StoreError, type StoreErrorCode } from './error.ts';
export { blobKey, checkKey, isDigest } from './key.ts';
export * from './object-store.ts';
export { openStore, type StoreLocation } from './open.ts';
export type { S3Options } from './s3-store.ts';
