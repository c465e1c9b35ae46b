// Object keys: segments of plain characters between slashes, so that a key is never more than a name, whatever store it
// is in, and is the same in a URL, a path and a log.
import { StoreError } from './error.ts';

const segment = /^[A-Za-z0-9_=-][A-Za-z0-9._=-]{0,127}$/;
const maxKeyLength = 512;

/** The key, if it is one. Throws OBJECT_KEY_INVALID: "../x", "/x", "x//y", other characters. */
export function checkKey(key: string): string {
  if (key.length <= maxKeyLength && key.split('/').every((part) => segment.test(part))) return key;
  const shown = JSON.stringify(key.length > 80 ? `${key.slice(0, 80)}...` : key);
  throw new StoreError(
    'OBJECT_KEY_INVALID',
    `${shown} is no object key: letters, digits and . _ = - in parts divided by single slashes, ${maxKeyLength} at most`,
  );
}

const digestPattern = /^sha256:([0-9a-f]{64})$/;

export const isDigest = (text: string): boolean => digestPattern.test(text);

/** Where the bytes with this digest ("sha256:<hex>") lie. Throws OBJECT_KEY_INVALID. */
export function blobKey(digest: string): string {
  const match = digestPattern.exec(digest);
  if (match === null)
    throw new StoreError(
      'OBJECT_KEY_INVALID',
      `${JSON.stringify(digest.slice(0, 80))} is no digest: sha256:<64 hex digits>`,
    );
  return `blobs/sha256/${match[1]}`;
}
