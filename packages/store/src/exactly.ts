import { StoreError } from './error.ts';

/** Passes pieces on, and throws where there are more or fewer bytes than were promised. */
export async function* exactly(bytes: number, pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let seen = 0;
  for await (const piece of pieces) {
    seen += piece.length;
    if (seen > bytes) break;
    yield piece;
  }
  if (seen !== bytes)
    throw new StoreError(
      'DIGEST_MISMATCH',
      `the stream has ${seen > bytes ? 'more' : `${seen} bytes, fewer`} than the ${bytes} bytes announced`,
    );
}
